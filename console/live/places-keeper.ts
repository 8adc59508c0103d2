import type { Directory } from '../../directory/port.ts';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import { type PlacesFile, PlacesGathering } from './places.ts';

export interface PlacesDeps {
  readonly directory: Directory;
  readonly health: Health;
}

const PART = 'console-places';
/** Places may change while the number of clients doesn't: so often they are read again, and no more than a fiftieth of the time. */
const AGAIN_AFTER_MS = 600_000;
const AGAIN_AFTER_TIMES = 50;

/** A reading that is under way: where it goes on, and the number of clients when it began. */
interface Reading {
  readonly gathering: PlacesGathering;
  readonly size: number;
  next: string | undefined;
  tookMs: number;
}

/** All places, read again when the number of clients has changed, and now and then. A reading that fails goes on where it came to. */
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

  /** To be called again and again; never rejects. The queue of alarms works without a map, so its absence is a notice only. */
  refresh(): Promise<void> {
    this.#busy ??= this.#refresh().finally(() => {
      this.#busy = undefined;
    });
    return this.#busy;
  }

  async #refresh(): Promise<void> {
    const { health } = this.#deps;
    try {
      const reading = this.#reading ?? (await this.#begun());
      if (reading) await this.#goOn(reading);
      health.notice(PART, undefined);
    } catch (error) {
      // Where it came to may be what is refused.
      if (error instanceof PermanentError) this.#reading = undefined;
      health.notice(PART, `the places of the sensors cannot be read, the map waits for them: ${reasonOf(error)}`);
    }
  }

  async #begun(): Promise<Reading | undefined> {
    const size = await this.#deps.directory.size();
    if (size === this.#read.size && this.#elapsed() < this.#read.until) return undefined;
    return { gathering: new PlacesGathering(), size, next: undefined, tookMs: 0 };
  }

  async #goOn(reading: Reading): Promise<void> {
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
