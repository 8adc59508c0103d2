import { setTimeout as sleep } from 'node:timers/promises';
import { PermanentError } from './errors.ts';

export interface BackoffSettings {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** The longest delay is short, since work may have to wait that long after the cause is gone. */
const DEFAULT: BackoffSettings = { firstMs: 100, maxMs: 5_000 };
/** After working for this long, the next failure counts as a first one. */
const WELL_AFTER_MS = 10_000;

/** Delay before attempt n (0-based): doubling, capped, with up to 20 % jitter so that instances don't march in step. */
export function backoffMs(attempt: number, { firstMs, maxMs }: BackoffSettings = DEFAULT): number {
  return Math.min(maxMs, firstMs * 2 ** attempt) * (0.8 + Math.random() * 0.2);
}

/** The delays of long-lived work that is started again after each failure: they grow only while it soon fails again. */
export class Backoff {
  readonly #settings: BackoffSettings;
  readonly #clock: () => number;
  #failures = 0;
  #worksSince: number | undefined;

  /** `clock`: milliseconds, monotonic. */
  constructor(settings: BackoffSettings = DEFAULT, clock: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Call while the work goes well, as often as you like. */
  readonly works = (): void => {
    this.#worksSince ??= this.#clock();
  };

  /** Call after a failure: returns how many failed in a row before this one, and how long to wait before starting again. */
  failed(): { readonly attempt: number; readonly delayMs: number } {
    const wasWell = this.#worksSince !== undefined && this.#clock() - this.#worksSince >= WELL_AFTER_MS;
    const attempt = wasWell ? 0 : this.#failures;
    this.#worksSince = undefined;
    this.#failures = attempt + 1;
    return { attempt, delayMs: backoffMs(attempt, this.#settings) };
  }
}

/**
 * Runs `work` until it succeeds. A PermanentError is thrown on at once, anything else is retried for ever; `onRetry` sees every failure. Long-lived work
 * calls `works` while all is well, so that failures far apart don't count as one series. Throws the signal's reason once aborted.
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
