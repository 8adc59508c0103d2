import { afterEach, describe, expect, it, vi } from 'vitest';
import { Backoff, backoffMs, retryForever } from '../../../runtime/backoff.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';

const FAST = { firstMs: 1, maxMs: 2 };
const never = new AbortController().signal;

afterEach(() => void vi.restoreAllMocks());

describe('retrying', () => {
  it('doubles the delay up to its limit, never above', () => {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const delay = backoffMs(attempt, { firstMs: 100, maxMs: 15_000 });
      const full = Math.min(15_000, 100 * 2 ** attempt);
      expect(delay).toBeGreaterThanOrEqual(full * 0.8);
      expect(delay).toBeLessThanOrEqual(full);
    }
  });

  it.each([
    [0, 0.8],
    [1, 1],
  ])(
    'lets nobody wait for more than five seconds who has not asked for it: so late comes what waits when all is well again',
    (dice, share) => {
      vi.spyOn(Math, 'random').mockReturnValue(dice);
      expect([0, 1, 5, 6, 60, 10_000].map((attempt) => backoffMs(attempt))).toEqual(
        [100, 200, 3_200, 5_000, 5_000, 5_000].map((ms) => ms * share),
      );
      expect(new Backoff().failed().delayMs).toBe(100 * share);
      expect(new Backoff({ firstMs: 7, maxMs: 9 }).failed().delayMs).toBe(7 * share);
    },
  );

  it('waits longer from failure to failure, however many, and says which one in a row it is', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 5_000 }, () => 0);
    const rows = Array.from({ length: 8 }, () => backoff.failed());
    expect(rows.map(({ attempt }) => attempt)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(rows[7]?.delayMs).toBeGreaterThanOrEqual(4_000);
  });

  it('starts over once the work has succeeded for a while, not for a moment', () => {
    let now = 0;
    const backoff = new Backoff({ firstMs: 100, maxMs: 5_000 }, () => now);
    const failedAfter = (workedMs: number): number => {
      backoff.works();
      now += workedMs / 2;
      backoff.works();
      now += workedMs / 2;
      return backoff.failed().attempt;
    };
    expect([failedAfter(60_000), failedAfter(100), failedAfter(1_000)]).toEqual([0, 1, 2]);
    expect([failedAfter(60_000), failedAfter(60_000)]).toEqual([0, 0]);
    // Ten seconds.
    expect([failedAfter(9_999), failedAfter(9_999), failedAfter(10_000)]).toEqual([1, 2, 0]);
    // Time in which it does not work proves nothing.
    now += 3_600_000;
    expect(backoff.failed().attempt).toBe(1);
  });

  it('does not count failures from before work that went well', async () => {
    let now = 0;
    let calls = 0;
    const told: number[] = [];
    const work = async (works: () => void): Promise<string> => {
      calls += 1;
      if (calls === 4) {
        works();
        now += 3_600_000;
      }
      if (calls < 6) throw new TransientError('away', 'server is away');
      return 'done';
    };
    await retryForever(
      work,
      (_error, attempt) => told.push(attempt),
      never,
      FAST,
      () => now,
    );
    expect(told).toEqual([0, 1, 2, 0, 1]);
  });

  it('goes on through transient faults and tells of each', async () => {
    const told: number[] = [];
    let calls = 0;
    const work = async (): Promise<string> => {
      calls += 1;
      if (calls < 4) throw new TransientError('away', 'server is away');
      return 'done';
    };
    expect(await retryForever(work, (_error, attempt) => told.push(attempt), never, FAST)).toBe('done');
    expect(told).toEqual([0, 1, 2]);
  });

  it('lets the time pass that it has named before it tries again', async () => {
    const begun: number[] = [];
    const due: number[] = [];
    const work = async (): Promise<void> => {
      begun.push(performance.now());
      if (begun.length < 3) throw new TransientError('away', 'server is away');
    };
    const onRetry = (_error: unknown, _attempt: number, delayMs: number) => due.push(performance.now() + delayMs);
    await retryForever(work, onRetry, never, { firstMs: 10, maxMs: 20 });
    expect(begun).toHaveLength(3);
    // A timer may fire a moment too early by this clock.
    for (const [i, at] of due.entries()) expect(begun[i + 1]).toBeGreaterThan(at - 2);
  });

  it('throws what is permanent at once', async () => {
    let calls = 0;
    const work = (): Promise<never> => {
      calls += 1;
      return Promise.reject(new PermanentError('rejected', 'no such mailbox'));
    };
    await expect(retryForever(work, () => undefined, never, FAST)).rejects.toThrow('no such mailbox');
    expect(calls).toBe(1);
  });

  it('does not begin once it is aborted', async () => {
    await expect(
      retryForever(
        () => expect.unreachable(),
        () => undefined,
        AbortSignal.abort(),
        FAST,
      ),
    ).rejects.toThrow('aborted');
  });

  it('ends when it is aborted while waiting', async () => {
    const abort = new AbortController();
    const work = (): Promise<never> => Promise.reject(new TransientError('away', 'away'));
    const running = retryForever(work, () => abort.abort(), abort.signal, { firstMs: 60_000, maxMs: 60_000 });
    await expect(running).rejects.toThrow();
  });
});
