import type { Directory } from '../../directory/port.ts';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import { type PlacesFile, PlacesGathering } from './places.ts';

export interface PlacesDeps {
  readonly directory: Directory;
  readonly health: Health;
}

const PART = 'console-places';
/**
 * Places may change while the number of clients stays the same, so they are read again after this time, or after this many times as long as the last
 * reading took, whichever is longer: reading takes at most a fiftieth of the time.
 */
const AGAIN_AFTER_MS = 600_000;
const AGAIN_AFTER_TIMES = 50;

/** A reading that is under way. */
interface Reading {
  readonly gathering: PlacesGathering;
  /** The number of clients when it began. */
  readonly size: number;
  /** Where it continues. */
  next: string | undefined;
  tookMs: number;
}

/** All places, read again when the number of clients has changed, and at intervals. A reading that fails continues where it stopped. */
export class PlacesKeeper {
  file: PlacesFile | undefined;
  readonly #deps: PlacesDeps;
  readonly #elapsed: () => number;
  #busy: Promise<void> | undefined;
  #reading: Reading | undefined;
  #read = { size: -1, until: 0 };

  constructor(deps: PlacesDeps, elapsed: () => number = () => performance.now()) {
    this.#deps = deps;
    this.#elapsed = elapsed;
  }

  described(): { readonly hash: string; readonly count: number } | null {
    return this.file ? { hash: this.file.hash, count: this.file.count } : null;
  }

  /** Call it every few seconds; never rejects. The queue of alarms works without the map, so a missing map is only a notice. */
  refresh(): Promise<void> {
    this.#busy ??= this.#refresh().finally(() => {
      this.#busy = undefined;
    });
    return this.#busy;
  }

  async #refresh(): Promise<void> {
    const { health } = this.#deps;
    try {
      const reading = this.#reading ?? (await this.#beginIfDue());
      if (reading) await this.#continue(reading);
      health.notice(PART, undefined);
    } catch (error) {
      // The position where it stopped may be the reason.
      if (error instanceof PermanentError) this.#reading = undefined;
      health.notice(PART, `the places of the sensors cannot be read, so the map is missing or out of date: ${reasonOf(error)}`);
    }
  }

  async #beginIfDue(): Promise<Reading | undefined> {
    const size = await this.#deps.directory.size();
    if (size === this.#read.size && this.#elapsed() < this.#read.until) return undefined;
    return { gathering: new PlacesGathering(), size, next: undefined, tookMs: 0 };
  }

  async #continue(reading: Reading): Promise<void> {
    this.#reading = reading;
    const began = this.#elapsed();
    try {
      for await (const part of this.#deps.directory.places(reading.next)) {
        reading.gathering.add(part);
        reading.next = part.next;
      }
    } finally {
      reading.tookMs += this.#elapsed() - began;
    }
    this.file = reading.gathering.file();
    this.#read = { size: reading.size, until: this.#elapsed() + Math.max(AGAIN_AFTER_MS, AGAIN_AFTER_TIMES * reading.tookMs) };
    this.#reading = undefined;
  }
}
