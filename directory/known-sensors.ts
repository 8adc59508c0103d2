/** Which sensors have a client, held in memory for those who must decide for every status. Whatever is in doubt counts as known: a fire must never be lost to it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Gauge, type Registry } from 'prom-client';
import { multiplierFrom } from '../alarm/scatter.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { counted } from '../runtime/counted.ts';
import { PermanentError, reasonOf } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logging.ts';
import type { Directory } from './port.ts';
import { SensorIds } from './sensor-ids.ts';

export interface KnownSensorsDeps {
  /** Opens the directory; called again for as long as it rejects. */
  open(): Promise<Pick<Directory, 'ids' | 'find'>>;
  /** With fewer clients than this, every sensor counts as known. */
  readonly least: number;
  readonly logger: Logger;
  readonly health: Health;
  readonly registry: Registry;
  /** Monotonic, ms; real time except in tests. */
  readonly elapsed?: () => number;
}

const PART = 'known sensors';
/** The directory is read again this long after the last time, or after this many times as long as that took, whichever is longer: reading takes a tenth of the time. */
const AGAIN_AFTER_MS = 30_000;
const AGAIN_AFTER_TIMES = 9;
/** What was read is relied upon for this long, or for three rounds of reading if these are longer. */
const FRESH_MS = 900_000;
const FRESH_ROUNDS = 3;
/** If the list has become shorter by more than this share, clients that are gone from it still count as known. */
const SHRINKS_BY_MAX = 0.1;
const LOOK_EVERY_MS = 1_000;
const STOP_MS = 2_000;
const FAILED = { firstMs: 1_000, maxMs: 30_000 };

/** Sensors that aren't known are looked up one by one, since their clients may be new: at most so many wait, and so many a second are looked up. */
const WAITING_MAX = 1_000;
const LOOKED_UP_AT_ONCE = 20;
const LOOK_UP_EVERY_MS = 200;
const ABSENT_MAX = 10_000;

const NOT_READ = 'the clients have not been read yet';
const EVERYBODY = 'so every sensor counts as known';

/** A reading that is under way. */
interface Reading {
  readonly ids: SensorIds;
  readonly beganAt: number;
  next: string | undefined;
  tookMs: number;
}

export class KnownSensors implements Running {
  readonly #deps: KnownSensorsDeps;
  readonly #elapsed: () => number;
  #directory: Pick<Directory, 'ids' | 'find'> | undefined;
  readonly #multiplier = multiplierFrom(Math.random);
  #ids = new SensorIds(this.#multiplier);
  /** The length of the longest list. */
  #most = 0;
  #reading: Reading | undefined;
  /** When the last complete reading began, and how long it took. */
  #read: { readonly at: number; readonly tookMs: number; readonly size: number } | undefined;
  #isReliable = false;
  #failure: string | undefined;
  #told: string | undefined;
  /** Sensors to look up, and those that were looked up in vain. */
  readonly #waiting = new Set<number>();
  readonly #absent = new Set<number>();
  /** Found one by one while a reading was under way, which may have missed them. */
  readonly #found = new Set<number>();
  readonly #stopping = new AbortController();
  #loops: Promise<unknown> = Promise.resolve();
  #looking: NodeJS.Timeout | undefined;

  constructor(deps: KnownSensorsDeps) {
    this.#deps = deps;
    this.#elapsed = deps.elapsed ?? (() => performance.now());
    const sensors = () => this.#ids.size;
    const reliable = () => this.#isReliable;
    new Gauge({
      name: 'tocsin_known_sensors',
      help: 'Sensors that have a client, as far as this process has read the directory',
      registers: [deps.registry],
      collect() {
        this.set(sensors());
      },
    });
    new Gauge({
      name: 'tocsin_known_sensors_reliable',
      help: '1: sensors that are not known have no client. 0: that is in doubt, and every sensor counts as known',
      registers: [deps.registry],
      collect() {
        this.set(reliable() ? 1 : 0);
      },
    });
  }

  /** Whether it is sure that no client has the sensor. Called for every status: synchronous, and allocates nothing for a known sensor. */
  readonly isUnknown = (sensor: number): boolean => {
    if (!this.#isReliable || this.#ids.has(sensor)) return false;
    if (this.#waiting.size < WAITING_MAX && !this.#absent.has(sensor)) this.#waiting.add(sensor);
    return true;
  };

  /** Begins to read the directory, in the background. */
  start(): this {
    this.#look();
    // On its own, since a reading that never ends must not keep an old list for good.
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
    this.#loops = Promise.all([this.#readAgain(), this.#lookUpAgain()]);
    return this;
  }

  /** Waits a moment for what is under way, so that the directory can be closed. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'));
    clearInterval(this.#looking);
    await Promise.race([this.#loops, sleep(STOP_MS, undefined, { ref: false })]);
  }

  /** Reads the directory to its end, going on where a reading has failed. Never rejects; resolves with whether it came to the end. */
  async refresh(): Promise<boolean> {
    const began = this.#elapsed();
    if (this.#reading && began - this.#reading.beganAt > FRESH_MS) this.#reading = undefined;
    if (!this.#reading) this.#found.clear();
    this.#reading ??= { ids: new SensorIds(this.#multiplier), beganAt: began, next: undefined, tookMs: 0 };
    const reading = this.#reading;
    try {
      this.#directory ??= await this.#deps.open();
      for await (const { ids, next } of this.#directory.ids(reading.next)) {
        for (const id of ids) reading.ids.add(id);
        reading.next = next;
        if (this.#stopping.signal.aborted) return false;
      }
      reading.tookMs += this.#elapsed() - began;
      this.#adopt(reading);
      return true;
    } catch (error) {
      reading.tookMs += this.#elapsed() - began;
      // The position where it stopped may be the reason.
      if (error instanceof PermanentError) this.#reading = undefined;
      this.#failure = reasonOf(error);
      return false;
    } finally {
      this.#look();
    }
  }

  /** Looks up some of the sensors that were not known. Never rejects. */
  async lookUp(): Promise<void> {
    const directory = this.#directory;
    if (!directory) return;
    for (const sensor of [...this.#waiting].slice(0, LOOKED_UP_AT_ONCE)) {
      try {
        const client = await directory.find(sensor);
        if (client === undefined) this.#notFound(sensor);
        else {
          this.#ids.add(sensor);
          this.#found.add(sensor);
        }
      } catch {
        // The directory is away, which the reading tells; the sensor may ask again.
      }
      this.#waiting.delete(sensor);
    }
  }

  #notFound(sensor: number): void {
    if (this.#absent.size >= ABSENT_MAX) this.#absent.clear();
    this.#absent.add(sensor);
  }

  #adopt(reading: Reading): void {
    const { size } = reading.ids;
    if (size < this.#most * (1 - SHRINKS_BY_MAX)) for (const id of reading.ids) this.#ids.add(id);
    else {
      this.#ids = reading.ids;
      for (const id of this.#found) this.#ids.add(id);
    }
    this.#most = Math.max(this.#most, size);
    if (!this.#read) this.#deps.logger.info({ clients: size }, 'the clients were read: other sensors are unknown');
    this.#read = { at: reading.beganAt, tookMs: reading.tookMs, size };
    this.#reading = undefined;
    this.#failure = undefined;
    this.#absent.clear();
  }

  /** Decides anew whether the list can be relied upon, and tells if not. */
  #look(): void {
    const doubt = this.#doubt();
    this.#isReliable = doubt === undefined;
    const problem = doubt === undefined ? this.#shrunk() : `${doubt}, ${EVERYBODY}`;
    if (problem === this.#told) return;
    this.#told = problem;
    this.#deps.health.notice(PART, problem);
    if (problem === undefined) this.#deps.logger.info({ clients: this.#ids.size }, 'it is known which sensors have a client');
    else if (this.#read || this.#failure !== undefined)
      this.#deps.logger.warn({ reason: problem }, 'it is in doubt which sensors have a client');
  }

  #doubt(): string | undefined {
    const { least } = this.#deps;
    if (!this.#read) return this.#failure === undefined ? NOT_READ : `${NOT_READ} (${this.#failure})`;
    if (this.#elapsed() - this.#read.at > this.#freshMs(this.#read.tookMs))
      return `the clients could not be read for long${this.#failure === undefined ? '' : ` (${this.#failure})`}`;
    if (this.#ids.size === 0) return 'the directory has no clients';
    if (this.#ids.size < least) return `the directory has ${counted(this.#ids.size, 'client')}, fewer than TOCSIN_CLIENTS_LEAST (${least})`;
    return undefined;
  }

  #shrunk(): string | undefined {
    const size = this.#read?.size ?? 0;
    if (size >= this.#most * (1 - SHRINKS_BY_MAX)) return undefined;
    return `the directory lists ${counted(size, 'client')}, and had ${this.#most}: sensors that are gone from it count as known until this process is restarted`;
  }

  #freshMs(tookMs: number): number {
    return Math.max(FRESH_MS, FRESH_ROUNDS * (tookMs + pauseMs(tookMs)));
  }

  async #readAgain(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; ) {
      const done = await this.refresh();
      failures = done ? 0 : failures + 1;
      await this.#sleep(done ? pauseMs(this.#read?.tookMs ?? 0) : backoffMs(failures - 1, FAILED));
    }
  }

  async #lookUpAgain(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#sleep(LOOK_UP_EVERY_MS);
      if (this.#waiting.size > 0 && !this.#stopping.signal.aborted) await this.lookUp();
    }
  }

  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

function pauseMs(tookMs: number): number {
  return Math.max(AGAIN_AFTER_MS, AGAIN_AFTER_TIMES * tookMs);
}
