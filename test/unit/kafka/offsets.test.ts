import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../../kafka/client.ts';
import { boundsOf, endOf, endsOf } from '../../../kafka/offsets.ts';
import { RequestWriter, ResponseReader } from '../../../kafka/wire/request-writer.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('where a partition begins and ends', () => {
  it('is asked of its leader, as seen by readers of committed records', async () => {
    const brokers = new Brokers({ 'T/3': { leader: 2, earliest: 5, latest: 2 ** 33 } });
    expect(await boundsOf(brokers.client, 'T', 3)).toEqual({ earliest: 5, next: 2 ** 33 });
    expect(await endOf(brokers.client, 'T', 3)).toBe(2 ** 33);
    // No replica, read_committed, topics, partitions; the time -2 is the first, -1 the last.
    const asked = (time: string) => `ffffffff 01 00000001 0001 54 00000001 00000003 ${time}`.replaceAll(' ', '');
    expect(brokers.requests.map(({ bytes }) => bytes.toString('hex'))).toEqual(
      ['fffffffffffffffe', 'ffffffffffffffff', 'ffffffffffffffff'].map(asked),
    );
    expect(brokers.requests[0]?.api).toMatchObject({ key: 2, version: 2 });
    expect(brokers.requests.map(({ leader, timeoutMs }) => [leader, timeoutMs])).toEqual(Array(3).fill([2, 3_000]));
  });

  it('of many partitions is asked of each leader once, and given in the order of the call', async () => {
    const brokers = new Brokers({
      'A/0': { leader: 1, latest: 10 },
      'A/1': { leader: 2, latest: 11 },
      'A/2': { leader: 1, latest: 12 },
      'B/0': { leader: 1, latest: 20 },
      'B/1': { leader: 2, latest: 0 },
    });
    const places = ['B/1', 'A/2', 'A/0', 'B/0', 'A/1'].map(placeOf);
    expect(await endsOf(brokers.client, places)).toEqual([0, 12, 10, 20, 11]);
    expect(brokers.requests.map(({ leader }) => leader).sort()).toEqual([1, 2]);
    expect(await endsOf(brokers.client, [])).toEqual([]);
    expect(brokers.requests).toHaveLength(2);
  });

  it('is known once its leader has moved, without another call', async () => {
    const brokers = new Brokers({ 'T/0': { leader: undefined, latest: 7 }, 'U/0': { leader: 1, error: 6, latest: 8 } });
    brokers.onRefresh = (times) => {
      if (times === 2) brokers.places['T/0'] = { leader: 1, latest: 7 };
      if (times === 4) brokers.places['U/0'] = { leader: 1, latest: 8 };
    };
    const ends = endsOf(brokers.client, ['T/0', 'U/0'].map(placeOf));
    await vi.runAllTimersAsync();
    expect(await ends).toEqual([7, 8]);
  });

  it.each([
    ['it has no leader', { leader: undefined }, 'Kafka: T/0 has no leader at the moment'],
    ['its leader has moved', { leader: 1, error: 6 }, 'Kafka: T/0: the leader has moved'],
    ['nobody may read it', { leader: 1, error: 29 }, 'Kafka: T/0: not allowed to use the topic, which trying again will not change'],
    ['the answer is without it', { leader: 1, silent: true }, "Kafka: T/0: its end is missing from the broker's answer"],
  ])('is not known if %s, which is reported after half a second of trying', async (_, place, words) => {
    const brokers = new Brokers({ 'T/0': { latest: 7, ...place } });
    let said: unknown;
    void endOf(brokers.client, 'T', 0).catch((error: unknown) => {
      said = error;
    });
    await vi.advanceTimersByTimeAsync(499);
    expect(said).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1);
    expect(said).toMatchObject({ name: 'TransientError', code: 'log-unavailable', message: words });
    expect(brokers.refreshes).toBe(4);
  });

  it('is asked for again even if the brokers report no change', async () => {
    const brokers = new Brokers({ 'T/0': { leader: 1, error: 6, latest: 7 } });
    brokers.onRefresh = () => {
      brokers.places['T/0'] = { leader: 1, latest: 7 };
      throw new TransientError('log-unavailable', 'no broker answers');
    };
    const end = endOf(brokers.client, 'T', 0);
    await vi.runAllTimersAsync();
    expect(await end).toBe(7);
  });

  it.each([new TransientError('log-closed', 'closed'), new PermanentError('log-unavailable', 'no right'), new Error('a fault')])(
    'is not asked for again after %s',
    async (fault) => {
      const brokers = new Brokers({ 'T/0': { leader: 1, latest: 7 } });
      brokers.fault = fault;
      await expect(endOf(brokers.client, 'T', 0)).rejects.toBe(fault);
      expect(brokers.refreshes).toBe(0);
    },
  );
});

interface Held {
  readonly leader: number | undefined;
  readonly earliest?: number;
  readonly latest?: number;
  readonly error?: number;
  /** Missing from the answer. */
  readonly silent?: boolean;
}

function placeOf(text: string) {
  const [topic = '', partition] = text.split('/');
  return { topic, partition: Number(partition) };
}

class Brokers {
  readonly places: Record<string, Held>;
  readonly requests: { leader: number; api: object; bytes: Buffer; timeoutMs: number }[] = [];
  refreshes = 0;
  fault: Error | undefined;
  onRefresh: (times: number) => void = () => undefined;

  constructor(places: Record<string, Held>) {
    this.places = places;
  }

  get client(): Client {
    return this as unknown as Client;
  }

  leaderOf(topic: string, partition: number): number | undefined {
    return this.places[`${topic}/${partition}`]?.leader;
  }

  async refresh(): Promise<void> {
    this.refreshes += 1;
    this.onRefresh(this.refreshes);
  }

  async exchange(leader: number, _lane: string, api: object, pieces: readonly Buffer[], timeoutMs: number): Promise<Buffer> {
    if (this.fault) throw this.fault;
    const bytes = Buffer.concat(pieces);
    this.requests.push({ leader, api, bytes, timeoutMs });
    const request = new ResponseReader(bytes);
    request.at = 5;
    const asked = request.array(() => ({
      topic: request.string(),
      times: request.array(() => ({ partition: request.int32(), time: request.int64() })),
    }));
    // Throttled for 0 ms.
    const answer = new RequestWriter().int32(0).int32(asked.length);
    for (const { topic, times } of asked) {
      const told = times.flatMap(({ partition, time }) => {
        const held = this.places[`${topic}/${partition}`];
        return held && !held.silent
          ? [{ partition, error: held.error ?? 0, offset: (time === -2 ? held.earliest : held.latest) ?? -1 }]
          : [];
      });
      answer.string(topic).int32(told.length);
      for (const { partition, error, offset } of told) answer.int32(partition).int16(error).int64(1_000_000).int64(offset);
    }
    return Buffer.concat(answer.pieces());
  }
}
