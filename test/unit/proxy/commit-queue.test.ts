import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { MessageLog, Records } from '../../../message-log/port.ts';
import { CommitQueue, type QueueDeps } from '../../../proxy/commit-queue.ts';
import type { SensorRequest } from '../../../proxy/sensor-request.ts';
import { TransientError } from '../../../runtime/errors.ts';

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

/** A queue before a log that answers its appends one by one, when and how the test wants. */
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
          // It looks once a second.
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
