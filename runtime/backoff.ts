import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError } from './errors.ts';

export interface BackoffSettings {
  readonly firstMs: number;
  readonly maxMs: number;
}

const DEFAULT: BackoffSettings = { firstMs: 100, maxMs: 15_000 };

/** Delay before attempt n (0-based): doubling, capped, with up to 20 % jitter so that instances don't march in step. */
export function backoffMs(attempt: number, { firstMs, maxMs }: BackoffSettings = DEFAULT): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30)) * (0.8 + Math.random() * 0.2);
}

/**
 * Runs `work` until it succeeds. A PermanentError is thrown on at once, anything else is retried for ever;
 * `onRetry` sees every failure. Throws the signal's reason once aborted.
 */
export async function retryForever<T>(
  work: () => Promise<T>,
  onRetry: (error: unknown, attempt: number, delayMs: number) => void,
  signal: AbortSignal,
  settings: BackoffSettings = DEFAULT,
): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (error instanceof PermanentError || signal.aborted) throw error;
      const delayMs = backoffMs(attempt, settings);
      onRetry(error, attempt, delayMs);
      await sleep(delayMs, undefined, { signal });
    }
  }
}
