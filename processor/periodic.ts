import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../runtime/errors.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logging.ts';

/** Does `work` again and again, `pauseMs` after it has ended; a failure is logged once and tried again. For chores beside a consumer. */
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

/** Removes what is too old in small steps, so that other writes get their turn. `removeSome` resolves with how many it removed. */
export async function removeInSteps(removeSome: (limit: number) => Promise<number>, signal: AbortSignal): Promise<void> {
  const REMOVED_PER_STEP = 200;
  const PAUSE_MS = 20;
  while (!signal.aborted && (await removeSome(REMOVED_PER_STEP)) >= REMOVED_PER_STEP) await sleep(PAUSE_MS);
}
