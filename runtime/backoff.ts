import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError } from './errors.ts';

export interface BackoffSettings {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Short at the top: it bounds how long what waits goes on waiting once the world is well again. */
const DEFAULT: BackoffSettings = { firstMs: 100, maxMs: 5_000 };
/** What has worked for so long is well: its next failure is a first one. */
const WELL_AFTER_MS = 10_000;

/** Delay before attempt n (0-based): doubling, capped, with up to 20 % jitter so that instances don't march in step. */
export function backoffMs(attempt: number, { firstMs, maxMs }: BackoffSettings = DEFAULT): number {
  return Math.min(maxMs, firstMs * 2 ** attempt) * (0.8 + Math.random() * 0.2);
}

/** The delays of something that lives long and is begun anew after each failure: they grow only as long as it fails soon again. */
export class Backoff {
  readonly #settings: BackoffSettings;
  readonly #clock: () => number;
  #failures = 0;
  #worksSince: number | undefined;

  /** `clock`: milliseconds of one that nobody sets back. */
  constructor(settings: BackoffSettings = DEFAULT, clock: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** To be called as often as one likes while it works. */
  readonly works = (): void => {
    this.#worksSince ??= this.#clock();
  };

  /** It failed: as which one in a row (0-based), and how long to wait before it is begun anew. */
  failed(): { readonly attempt: number; readonly delayMs: number } {
    const wasWell = this.#worksSince !== undefined && this.#clock() - this.#worksSince >= WELL_AFTER_MS;
    const attempt = wasWell ? 0 : this.#failures;
    this.#worksSince = undefined;
    this.#failures = attempt + 1;
    return { attempt, delayMs: backoffMs(attempt, this.#settings) };
  }
}

/**
 * Runs `work` until it succeeds. A PermanentError is thrown on at once, anything else is retried for ever; `onRetry` sees every failure. Work that
 * lives long calls `works` while all is well, lest the failures of its whole life count as one row. Throws the signal's reason once aborted.
 */
export async function retryForever<T>(
  work: (works: () => void) => Promise<T>,
  onRetry: (error: unknown, attempt: number, delayMs: number) => void,
  signal: AbortSignal,
  settings: BackoffSettings = DEFAULT,
  clock?: () => number,
): Promise<T> {
  const backoff = new Backoff(settings, clock);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work(backoff.works);
    } catch (error) {
      if (error instanceof PermanentError || signal.aborted) throw error;
      const { attempt, delayMs } = backoff.failed();
      onRetry(error, attempt, delayMs);
      await sleep(delayMs, undefined, { signal });
    }
  }
}
