import { describe, expect, it } from 'vitest';
import { Backoff, backoffMs, retryForever } from '../../../runtime/backoff.ts';
import { PermanentError, TransientError } from '../../../runtime/errors.ts';

const FAST = { firstMs: 1, maxMs: 2 };
const never = new AbortController().signal;

describe('retrying', () => {
  it('doubles the delay up to its limit, never above', () => {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const delay = backoffMs(attempt, { firstMs: 100, maxMs: 15_000 });
      const full = Math.min(15_000, 100 * 2 ** attempt);
      expect(delay).toBeGreaterThanOrEqual(full * 0.8);
      expect(delay).toBeLessThanOrEqual(full);
    }
  });

  it('lets nobody wait for more than five seconds who has not asked for it: so late comes what waits when all is well again', () => {
    expect(backoffMs(60)).toBeLessThanOrEqual(5_000);
    expect(new Backoff().failed().delayMs).toBeLessThanOrEqual(100);
  });

  it('waits longer from failure to failure, however many, and says which one in a row it is', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 5_000 }, () => 0);
    const rows = Array.from({ length: 8 }, () => backoff.failed());
    expect(rows.map(({ attempt }) => attempt)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(rows[7]?.delayMs).toBeGreaterThanOrEqual(4_000);
  });

  it('begins anew once what is retried has worked for a while, not for a moment', () => {
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
    // Time that goes by while it does not work is no proof of anything.
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

  it('throws what is permanent at once', async () => {
    let calls = 0;
    const work = (): Promise<never> => {
      calls += 1;
      return Promise.reject(new PermanentError('rejected', 'no such mailbox'));
    };
    await expect(retryForever(work, () => undefined, never, FAST)).rejects.toThrow('no such mailbox');
    expect(calls).toBe(1);
  });

  it('ends when it is aborted while waiting', async () => {
    const abort = new AbortController();
    const work = (): Promise<never> => Promise.reject(new TransientError('away', 'away'));
    const running = retryForever(work, () => abort.abort(), abort.signal, { firstMs: 60_000, maxMs: 60_000 });
    await expect(running).rejects.toThrow();
  });
});
