import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 300;

/**
 * Resolves a moment later with true, so that work that nobody waits for yet doesn't slow the start. False: stopped before that.
 * Keeps no process alive.
 */
export async function afterStart(signal: AbortSignal): Promise<boolean> {
  await sleep(START_MS, undefined, { signal, ref: false }).catch(() => undefined);
  return !signal.aborted;
}
