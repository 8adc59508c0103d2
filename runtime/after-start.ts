import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 300;

/**
 * Resolves a moment later: what nobody waits for yet begins when the start has had the processor to itself. False: stopped before.
 * Keeps no process alive.
 */
export async function afterStart(signal: AbortSignal): Promise<boolean> {
  await sleep(START_MS, undefined, { signal, ref: false }).catch(() => undefined);
  return !signal.aborted;
}
