/** Which topic a position belongs to: how the id is learnt, stored with the position, and checked later. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import type { Client, Lane } from '../../../../kafka/client.ts';
import { Cursor } from '../../../../message-log/kafka/cursor.ts';
import { Fetcher } from '../../../../message-log/kafka/fetcher.ts';
import { committedOffsets } from '../../../../kafka/group-member.ts';
import { kafkaMetrics } from '../../../../message-log/kafka/metrics.ts';
import { readInt64 } from '../../../../kafka/wire/int64.ts';
import { Health } from '../../../../runtime/health.ts';
import { decodePositions, encodePositions } from '../../../../message-log/kafka/task-positions.ts';
import { metadataRequest, readMetadata } from '../../../../kafka/wire/metadata.ts';
import { fetchByIdRequest, fetchedSetsById } from '../../../../kafka/wire/fetch.ts';
import { RequestWriter } from '../../../../kafka/wire/request-writer.ts';

const ONE = '11111111222233334444555555555555';
const OTHER = '99999999222233334444555555555555';
const positions = { ENTRY: 20, OK: 3, ACTION: 0 };

describe('the positions of a task', () => {
  it('are stored with the ids of their topics', () => {
    const kept = { positions, topics: { ENTRY: ONE, STATE: OTHER } };
    expect(decodePositions(encodePositions(kept))).toEqual(kept);
  });

  it('of the previous version are read, with unknown topics', () => {
    expect(decodePositions(Buffer.from('{"ENTRY":20,"OK":3,"ACTION":0}'))).toEqual({ positions, topics: {} });
  });

  it('are refused if a newer version wrote them, so that the task does not start over', () => {
    expect(() => decodePositions(Buffer.from('{"v":2,"inputs":{"ENTRY":20,"OK":3,"ACTION":0}}'))).toThrow(
      expect.objectContaining({
        code: 'data-format',
        message: expect.stringMatching(/newer version of Tocsin.* format 2;.* Start that version/),
      }),
    );
  });

  it('can be read by the version before', () => {
    const { ENTRY, OK, ACTION } = JSON.parse(encodePositions({ positions, topics: { OK: ONE } }).toString());
    expect({ ENTRY, OK, ACTION }).toEqual(positions);
  });

  it.each(['', '[]', 'null', '{}', '{"ENTRY":1,"OK":2}', '{"ENTRY":1,"OK":2,"ACTION":"3"}', '{"ENTRY":1.5,"OK":2,"ACTION":3}', 'state'])(
    '%s are none',
    (value) => {
      expect(decodePositions(Buffer.from(value))).toBeUndefined();
    },
  );

  it.each(['5', '"x"', 'null', '{"ENTRY":7}'])('with topics %s are still trusted', (topics) => {
    expect(decodePositions(Buffer.from(`{"ENTRY":20,"OK":3,"ACTION":0,"topics":${topics}}`))).toEqual({ positions, topics: {} });
  });
});

describe('the position of a group', () => {
  const committed = (metadata: string | null, topicId: string | undefined, offset = '20') => {
    const answer = { responses: [{ partitions: [{ partition: 0, offset, metadata }] }] };
    const client = { topicId: () => topicId, atCoordinator: async () => answer } as unknown as Client;
    return committedOffsets(client, 'mailer', 'ALARM', [0]);
  };

  it('is valid in the topic for which it was committed', async () => {
    expect(await committed(`topic ${ONE}`, ONE)).toEqual(new Map([[0, 20]]));
  });

  it('is missing in another topic of the same name', async () => {
    expect(await committed(`topic ${ONE}`, OTHER)).toEqual(new Map());
  });

  it.each([null, '', 'by hand'])('is trusted if it was committed with %j, as by earlier versions and Kafka’s tools', async (metadata) => {
    expect(await committed(metadata, ONE)).toEqual(new Map([[0, 20]]));
  });

  it('is trusted if the brokers have no ids', async () => {
    expect(await committed(`topic ${ONE}`, undefined)).toEqual(new Map([[0, 20]]));
  });

  it('is missing if nothing was committed', async () => {
    expect(await committed('', ONE, '-1')).toEqual(new Map());
  });
});

/** Byte layouts from Kafka's own protocol definitions (MetadataRequest.json, FetchRequest.json and their answers). */
describe('requests by id', () => {
  it('ask for topics by name', () => {
    const name = Buffer.from('ENTRY').toString('hex');
    expect(metadataRequest(['ENTRY']).toString('hex')).toBe(`0002${'00'.repeat(16)}06${name}00${'00'.repeat(3)}00`);
  });

  it('are answered with the ids of the topics', () => {
    const name = Buffer.from('ENTRY').toString('hex');
    const host = Buffer.from('k1').toString('hex');
    const brokers = `02${'00000001'}03${host}${'00002384'}00${'00'}`;
    const nodes = `02${'00000001'}`;
    const partition = `0000${'00000000'}${'00000001'}${'00000007'}${nodes}${nodes}01${'00'}`;
    const topic = `0000${'06'}${name}${ONE}00${'02'}${partition}${'80000000'}${'01'}${'05'}${'02'}${'abcd'}`;
    const bytes = Buffer.from(`00${'00000000'}${brokers}${'02'}${'43'}${'00000001'}${'02'}${topic}${'80000000'}00`, 'hex');
    expect(readMetadata(bytes)).toEqual({
      throttleTime: 0,
      brokers: [{ nodeId: 1, host: 'k1', port: 9_092, rack: '' }],
      clusterId: 'C',
      controllerId: 1,
      topicMetadata: [
        {
          topicErrorCode: 0,
          topic: 'ENTRY',
          topicId: ONE,
          partitionMetadata: [{ partitionErrorCode: 0, partitionId: 0, leader: 1, replicas: [1], isr: [1], offlineReplicas: [] }],
        },
      ],
    });
  });

  it('read a topic by id, not by name', () => {
    const asked = [{ topic: 'ENTRY', topicId: ONE, partition: 3, offset: 20, maxBytes: 1_024 }];
    const request = Buffer.concat(fetchByIdRequest({ maxWaitMs: 500, maxBytes: 2_048 }, asked)).toString('hex');
    const partition = `00000003${'ffffffff'}${'0000000000000014'}${'ffffffff'}${'ffffffffffffffff'}${'00000400'}00`;
    expect(request).toBe(
      `00${'ffffffff'}${'000001f4'}${'00000001'}${'00000800'}01${'00000000'}${'ffffffff'}02${ONE}02${partition}00${'01'}${'01'}00`,
    );

    const answer = new RequestWriter().tags().int32(0).int16(0).int32(0).compactArray(2);
    answer.uuid(ONE).compactArray(1).int32(3).int16(0).int64(99).int64(40).int64(0);
    answer.compactArray(1).int64(7).int64(5).tags().int32(-1).compactArray(3).int8(1).int8(2).int8(3).tags().tags();
    answer.uuid(OTHER).compactArray(1).int32(0).int16(100).int64(-1).int64(-1).int64(-1);
    answer.compactArray(0).int32(-1).compactArray(0).tags().tags().tags();
    const bytes = Buffer.concat(answer.pieces());
    const { error, sets } = fetchedSetsById(bytes, asked);
    expect(error).toBe(0);
    expect(sets).toMatchObject([
      { topic: 'ENTRY', partition: 3, error: 0, lastStableOffset: 40, aborted: [{ producerId: 7, firstOffset: 5 }] },
      { topic: '', partition: 0, error: 100, aborted: [] },
    ]);
    const [set] = sets;
    expect(set && bytes.subarray(set.from, set.to)).toEqual(Buffer.from([1, 2, 3]));
  });
});

describe('a fetcher', () => {
  it('starts over in the topic that has the name now, and logs it; records of the old one are taken first', async () => {
    const brokers = new Brokers();
    const errors: string[] = [];
    const fetcher = fetcherOf(brokers, errors);
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 20, ONE);
    let begunAnew = 0;
    cursor.onRecreated = () => {
      begunAnew += 1;
    };
    fetcher.add(cursor);
    await vi.waitFor(() => expect(brokers.asked).toContainEqual([ONE, 20]));
    brokers.id = OTHER;
    await vi.waitFor(() => expect(brokers.asked.at(-1)).toEqual([OTHER, 0]));
    // Nothing was read in the new topic at the old one's position.
    expect(brokers.asked).not.toContainEqual([OTHER, 20]);
    expect(begunAnew).toBe(1);
    expect(cursor).toMatchObject({ position: 0, topicId: OTHER });
    expect(errors).toEqual(['the topic was deleted and created again: it is read from its beginning']);
    await fetcher.close();
  });

  it('reports a stopped partition, whatever others bring', async () => {
    const brokers = new Brokers();
    const health = new Health();
    const fetcher = fetcherOf(brokers, [], health);
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 20, ONE);
    fetcher.add(cursor);
    cursor.onStopped?.('ENTRY/0 cannot be read from 20 on: compression 7 is not known');
    await vi.waitFor(() => expect(brokers.asked.length).toBeGreaterThan(2));
    expect(health.problems()).toEqual({ 'ENTRY/0': 'ENTRY/0 cannot be read from 20 on: compression 7 is not known' });
    cursor.onStopped?.(undefined);
    expect(health.ready).toBe(true);
    await fetcher.close();
  });

  it('counts damaged records that are skipped, and reports the gap to the reader', async () => {
    const registry = new Registry();
    const fetcher = fetcherOf(new Brokers(), [], new Health(), registry);
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 20, ONE);
    const gaps: unknown[] = [];
    cursor.onGap = (from, to) => gaps.push([from, to]);
    fetcher.add(cursor);
    cursor.onDamaged?.(20, 23, 'a wrong checksum');
    expect(gaps).toEqual([[20, 23]]);
    expect(await registry.metrics()).toContain('tocsin_log_corrupt_frames_total{topic="ENTRY"} 1');
    await fetcher.close();
  });
});

function fetcherOf(brokers: Brokers, errors: string[], health = new Health(), registry = new Registry()): Fetcher {
  const logger = pino({ level: 'error' }, { write: (line: string) => errors.push(JSON.parse(line).msg) });
  const client = brokers as unknown as Client;
  return new Fetcher({ client, health, logger, metrics: kafkaMetrics(registry, () => 0), requestTimeoutMs: 1_000 });
}

/** A broker with one partition of a topic, without records; it doesn't know the ids of other topics. */
class Brokers {
  id = ONE;
  readonly asked: [string, number][] = [];
  #told = ONE;

  topicId(): string {
    return this.#told;
  }

  supports(): boolean {
    return true;
  }

  leaderOf(): number {
    return 1;
  }

  async refresh(): Promise<void> {
    this.#told = this.id;
  }

  async close(): Promise<void> {}

  async exchange(_node: number, _lane: Lane, _api: unknown, pieces: readonly Buffer[]): Promise<Buffer> {
    // Where the id and the offset are in a request for one partition.
    const request = Buffer.concat(pieces);
    const id = request.toString('hex', 27, 43);
    this.asked.push([id, readInt64(request, 52)]);
    const known = id === this.id;
    const answer = new RequestWriter().tags().int32(0).int16(0).int32(0).compactArray(1).uuid(id).compactArray(1).int32(0);
    answer
      .int16(known ? 0 : 100)
      .int64(0)
      .int64(0)
      .int64(0)
      .compactArray(0)
      .int32(-1)
      .compactArray(0)
      .tags()
      .tags()
      .tags();
    await new Promise((resolve) => setTimeout(resolve, 5));
    return Buffer.concat(answer.pieces());
  }
}
