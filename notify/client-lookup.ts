import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, Directory } from '../directory/port.ts';
import type { Holder } from './channels/mail/compose.ts';
import { OwnError } from '../runtime/errors.ts';

/** An alarm waits for its client at most this long; while the directory stays away, later alarms hardly wait at all. */
const PATIENCE_MS = 2_000;
const PATIENCE_WHILE_AWAY_MS = 100;
const AGAIN_AFTER_MS = 200;

const AWAY = Symbol('away');

/** A monotonic clock in ms, and waiting by it. */
export interface LookupTime {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

const REAL_TIME: LookupTime = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};

/** Finds a sensor's client, or says why it can't; never rejects. */
export function createClientLookup(
  directory: Directory,
  onAway: (error: unknown) => void,
  time: LookupTime = REAL_TIME,
): (sensor: number) => Promise<Holder> {
  let away = false;
  return async (sensor) => {
    const end = time.now() + (away ? PATIENCE_WHILE_AWAY_MS : PATIENCE_MS);
    for (;;) {
      const found = await findWithin(directory, sensor, end - time.now(), time).catch((error: unknown) => {
        if (!away) onAway(error);
        return AWAY;
      });
      if (found !== AWAY) {
        away = false;
        return (found as Client | 'damaged' | undefined) ?? 'unknown';
      }
      if (time.now() + AGAIN_AFTER_MS >= end) {
        away = true;
        return 'unavailable';
      }
      await time.sleep(AGAIN_AFTER_MS);
    }
  };
}

/** A directory that doesn't answer counts as away. */
async function findWithin(directory: Directory, sensor: number, ms: number, time: LookupTime): Promise<Client | 'damaged' | undefined> {
  const abort = new AbortController();
  try {
    const late = time.sleep(Math.max(1, ms), abort.signal).then(() => Promise.reject(new OwnError('the directory did not answer in time')));
    late.catch(() => undefined);
    return await Promise.race([directory.find(sensor), late]);
  } finally {
    abort.abort();
  }
}
