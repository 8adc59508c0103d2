import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Client, Lane } from '../../../../kafka/client.ts';
import { Cursor } from '../../../../message-log/kafka/cursor.ts';
import { Fetcher } from '../../../../message-log/kafka/fetcher.ts';
import { kafkaMetrics } from '../../../../message-log/kafka/metrics.ts';
import { BatchWriter } from '../../../../kafka/wire/batch-writer.ts';
import { FETCH } from '../../../../kafka/wire/fetch.ts';
import { RequestWriter } from '../../../../kafka/wire/request-writer.ts';
import { Health } from '../../../../runtime/health.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'performance'] }));
afterEach(() => void vi.useRealTimers());

it('continues reading while a recovery waits to be shown: the earliest due time counts', async () => {
  const client = new StandIn();
  const fetcher = new Fetcher({
    client: client as unknown as Client,
    health: new Health(),
    logger: pino({ level: 'silent' }),
    metrics: kafkaMetrics(new Registry(), () => 0),
    requestTimeoutMs: 1_000,
  });
  fetcher.add(new Cursor('OK', 'OK', 0, 0));
  fetcher.add(new Cursor('ENTRY', 'ENTRY', 0, 0));
  await vi.advanceTimersByTimeAsync(1);
  const before = client.fetches;
  // The end of the readings isn't known all this time, so the recovery isn't shown.
  await vi.advanceTimersByTimeAsync(100);
  expect(client.fetches - before).toBeGreaterThan(30);
  await fetcher.close();
});

it('asks a broker without new records every two seconds, and gets new ones at once', async () => {
  const client = new QuietBroker();
  const fetcher = new Fetcher({
    client: client as unknown as Client,
    health: new Health(),
    logger: pino({ level: 'silent' }),
    metrics: kafkaMetrics(new Registry(), () => 0),
    requestTimeoutMs: 1_000,
  });
  const cursor = new Cursor('ENTRY', 'ENTRY', 0, 0);
  let arrived = 0;
  cursor.onArrival = () => {
    arrived += 1;
  };
  fetcher.add(cursor);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(client.fetches).toBeLessThan(40);
  expect(arrived).toBe(0);
  client.comes();
  await vi.advanceTimersByTimeAsync(1);
  expect(arrived).toBe(1);
  await fetcher.close();
});

it('asks the new leader at once, however long the old one has failed, and gets its records', async () => {
  const client = new QuietBroker();
  const fetcher = new Fetcher({
    client: client as unknown as Client,
    health: new Health(),
    logger: pino({ level: 'silent' }),
    metrics: kafkaMetrics(new Registry(), () => 0),
    requestTimeoutMs: 1_000,
  });
  const cursor = new Cursor('ENTRY', 'ENTRY', 0, 0);
  let arrived = 0;
  cursor.onArrival = () => {
    arrived += 1;
  };
  client.fault = new Error('connection refused');
  fetcher.add(cursor);
  await vi.advanceTimersByTimeAsync(20_000);
  client.fault = undefined;
  fetcher.moved();
  await vi.advanceTimersByTimeAsync(5);
  client.comes();
  await vi.advanceTimersByTimeAsync(5);
  expect(arrived).toBe(1);
  await fetcher.close();
});

/** A broker that answers when a record comes, or when the requested wait is over. */
class QuietBroker {
  fetches = 0;
  fault: Error | undefined;
  comes: () => void = () => undefined;

  leaderOf(): number {
    return 1;
  }

  async exchange(_node: number, _lane: Lane, _api: object, pieces: readonly Buffer[]): Promise<Buffer> {
    this.fetches += 1;
    if (this.fault) throw this.fault;
    const waitMs = Buffer.concat(pieces).readInt32BE(4);
    const came = await new Promise<boolean>((resolve) => {
      setTimeout(() => resolve(false), waitMs);
      this.comes = () => resolve(true);
    });
    return answer([{ topic: 'ENTRY', bytes: came ? oneRecord() : Buffer.alloc(0) }]);
  }

  topicId(): undefined {}

  supports(): boolean {
    return false;
  }

  async refresh(): Promise<void> {}

  async close(): Promise<void> {}
}

/** A broker that has one recovery and no readings, and never says where readings end. */
class StandIn {
  fetches = 0;

  leaderOf(): number {
    return 1;
  }

  async exchange(_node: number, _lane: Lane, api: { readonly key: number }): Promise<Buffer> {
    if (api.key !== FETCH.key) return await new Promise<never>(() => undefined);
    this.fetches += 1;
    return answer([
      { topic: 'OK', bytes: oneRecord() },
      { topic: 'ENTRY', bytes: Buffer.alloc(0) },
    ]);
  }

  topicId(): undefined {}

  supports(): boolean {
    return false;
  }

  async refresh(): Promise<void> {}

  async close(): Promise<void> {}
}

function oneRecord(): Buffer {
  const writer = new BatchWriter();
  writer.add(7, 1_000, Buffer.from('{"id":7}'), 0, 8);
  return Buffer.from(writer.seal({ producerId: -1, epoch: -1 }, 0, false));
}

/** Version 11 of the answer to Fetch, one partition a topic. */
function answer(topics: readonly { readonly topic: string; readonly bytes: Buffer }[]): Buffer {
  const writer = new RequestWriter().int32(0).int16(0).int32(0).int32(topics.length);
  for (const { topic, bytes } of topics) {
    writer.string(topic).int32(1).int32(0).int16(0).int64(1).int64(1).int64(0).int32(0).int32(-1);
    writer.piece(bytes);
  }
  return Buffer.concat(writer.pieces());
}
