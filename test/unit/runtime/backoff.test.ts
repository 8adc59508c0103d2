import { describe, expect, it } from 'vitest';
import { backoffMs, retryForever } from '../../../runtime/backoff.ts';
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
