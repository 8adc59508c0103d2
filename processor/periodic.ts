import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../runtime/errors.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logging.ts';
import type { RemovalClock } from '../runtime/removal-clock.ts';

/** Repeats `work`, each time `pauseMs` after it has ended; a series of failures is logged once. For chores beside a consumer. */
export function startPeriodic(name: string, pauseMs: number, work: (signal: AbortSignal) => Promise<void>, logger: Logger): Running {
  const abort = new AbortController();
  let failing = false;
  const loop = async (): Promise<void> => {
    while (!abort.signal.aborted) {
      try {
        await work(abort.signal);
        failing = false;
      } catch (error) {
        if (!failing && !abort.signal.aborted) logger.warn({ chore: name, reason: reasonOf(error) }, 'a chore failed, trying again');
        failing = true;
      }
      await sleep(pauseMs, undefined, { signal: abort.signal, ref: false }).catch(() => undefined);
    }
  };
  const done = loop();
  return {
    stop: async () => {
      abort.abort();
      await done;
    },
  };
}

/** A store whose old rows have to be removed; without `expire` it does so by itself. */
interface Expiring {
  expire?(before: number, limit: number): Promise<number>;
}

/** Removes rows older than `keepMs` in small steps, so that other writes get their turn; removes nothing while the clock isn't trusted. */
export async function removeOlder(store: Expiring, keepMs: number, removalClock: RemovalClock, signal: AbortSignal): Promise<void> {
  const REMOVED_PER_STEP = 200;
  const PAUSE_MS = 20;
  while (!signal.aborted) {
    const now = removalClock();
    if (now === undefined || !store.expire || (await store.expire(now - keepMs, REMOVED_PER_STEP)) < REMOVED_PER_STEP) return;
    await sleep(PAUSE_MS);
  }
}
