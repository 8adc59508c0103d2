import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageLog, Records } from '../../../message-log/port.ts';
import { CommitQueue, type QueueDeps } from '../../../proxy/intake/commit-queue.ts';
import type { SensorRequest } from '../../../proxy/http/sensor-request.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { oneRecord } from '../../../message-log/one-record.ts';

const TIMEOUT_MS = 5_000;
const CHARGE = 600;
const NO_RECORDS = {} as Records;
const PLACE = { partition: 0, offset: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A queue with a log that answers its appends one by one, when and how the test says. */
function rig() {
  const appends: { done: () => void; failed: () => void }[] = [];
  const log = {
    append: () =>
      new Promise((resolve, reject) => {
        appends.push({ done: () => resolve(PLACE), failed: () => reject(new TransientError('disk-full', 'no space left')) });
      }),
  } as unknown as MessageLog;
  const deps = { log, clock: Date.now, metrics: { commitSeconds: { observe: () => undefined } }, watch: { succeeded() {}, failed() {} } };
  const queue = new CommitQueue({ queueBytesMax: 1e9, appendTimeoutMs: TIMEOUT_MS }, deps as unknown as QueueDeps);
  const answers: string[][] = [];
  const append = (): void => {
    const told: string[] = [];
    answers.push(told);
    const receiver = { committed: () => told.push('committed'), failed: (_: unknown, reason: string) => told.push(reason) };
    const requests = [{ receiver }, { receiver }] as unknown as SensorRequest[];
    queue.bytes += CHARGE;
    queue.append({ topic: 'ENTRY', records: NO_RECORDS, at: 0, follows: 0 }, requests, CHARGE);
  };
  return { queue, appends, answers, append };
}

type Step = 'append' | 'wait' | { readonly settle: number; readonly fault: boolean };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant('append' as const),
  fc.constant('wait' as const),
  fc.record({ settle: fc.nat(9), fault: fc.boolean() }),
);

it('answers every request once, in whatever order the log does, and holds nothing in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const { queue, appends, answers, append } = rig();
      const open: number[] = [];
      const since: number[] = [];
      const expected: string[] = [];
      const settle = async (n: number, fault: boolean): Promise<void> => {
        const [one] = open.splice(n % open.length, 1);
        if (one === undefined) return;
        appends[one]?.[fault ? 'failed' : 'done']();
        await vi.advanceTimersByTimeAsync(0);
        expected[one] ??= fault ? 'no space left' : 'committed';
      };
      for (const what of steps) {
        if (what === 'append') {
          open.push(appends.length);
          since.push(performance.now());
          append();
        } else if (what === 'wait') {
          await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 500);
          // It checks once a second.
          for (const one of open)
            if (performance.now() - (since[one] as number) > TIMEOUT_MS + 1_000) expected[one] ??= 'the log has not answered for 5000 ms';
        } else await settle(what.settle, what.fault);
        for (const [one, told] of answers.entries()) if (expected[one] !== undefined) expect(told).toEqual([expected[one], expected[one]]);
      }
      while (open.length > 0) await settle(0, false);
      for (const told of answers) expect(told).toHaveLength(2);
      expect(queue.bytes).toBe(0);
      queue.close();
    }),
  );
});

describe('a recovery after a reading of its sensor', () => {
  const OLD = { topic: 'ENTRY', records: NO_RECORDS, at: 5, follows: 0 } as const;
  const record = (text: string): Records => {
    return oneRecord(7, text);
  };

  function held() {
    const written: string[] = [];
    const settled: (() => void)[] = [];
    const log = {
      append: (topic: string, { bytes, ends }: Records) => {
        written.push(topic === 'ENTRY' ? topic : Buffer.from(bytes).toString('latin1', 0, ends[0]));
        return new Promise((resolve) => settled.push(() => resolve(PLACE)));
      },
    } as unknown as MessageLog;
    const deps = { log, clock: Date.now, metrics: { commitSeconds: { observe: () => undefined } }, watch: { succeeded() {}, failed() {} } };
    const queue = new CommitQueue({ queueBytesMax: 1e9, appendTimeoutMs: TIMEOUT_MS }, deps as unknown as QueueDeps);
    const recover = (text: string, follows: number): Records => {
      const records = record(text);
      queue.append({ topic: 'OK', records, at: 9, follows }, [], 0);
      return records;
    };
    return { queue, written, settled, recover };
  }

  it('is appended when the reading is durable, unchanged', async () => {
    const { queue, written, settled, recover } = held();
    queue.append(OLD, [], 0);
    const records = recover('first', 5);
    recover('second', 0);
    // Its buffer is reused.
    Buffer.from(records.bytes.buffer, records.bytes.byteOffset, records.bytes.byteLength).fill('x');
    expect(written).toEqual(['ENTRY']);
    settled[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(written).toEqual(['ENTRY', 'first', 'second']);
    queue.close();
  });

  it('waits for no reading that came later', () => {
    const { queue, written, recover } = held();
    queue.append({ ...OLD, at: 6 }, [], 0);
    recover('first', 5);
    expect(written).toEqual(['ENTRY', 'first']);
    queue.close();
  });

  it('does not wait for ever for a partition that accepts nothing', async () => {
    const { queue, written, recover } = held();
    queue.append(OLD, [], 0);
    recover('first', 5);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(written).toEqual(['ENTRY', 'first']);
    queue.close();
  });
});
