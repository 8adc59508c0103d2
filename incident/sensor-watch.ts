/** Notices sensors that should report and don't. (A detector of which a sensor's readings say nothing is a fault: alarm/supervision.ts.) */
import type { TypeBits } from '../alarm/type-set.ts';
import { HeardSensors, NONE } from './heard-sensors.ts';
import type { Intervals } from './intervals.ts';
import { type Pulse, PulseClock, type PulseClockMemory } from './pulse-clock.ts';

/** At most so many sensors are watched, in 33 MB; of further ones nothing is noticed. */
export const WATCHED_MAX = 2 ** 21;
/** A silent sensor is back by two readings at least this far apart, and no further than its span: one that reports now and then is one silence, not hundreds. */
export const BACK_AFTER_S = 60;

/** `forgotten`: was silent, and isn't watched any more. */
export interface SensorChange {
  readonly sensor: number;
  readonly change: 'silent' | 'back' | 'forgotten';
  /** How often it should be heard, ms; undefined: nothing is expected of it, it is only shown. */
  readonly everyMs?: number;
}

/** `returning`: it is silent, and has been heard once. */
export interface SensorHearing {
  readonly is: 'never heard' | 'heard' | 'silent' | 'returning';
  /** For how long it hasn't been heard while it could have been, ms, to about 15 s; when returning, since the first reading. */
  readonly quietMs: number;
}

/** All that is known, so that the same inputs give the same changes from there. */
export interface WatchMemory {
  readonly clock: PulseClockMemory;
  readonly sensors: Int32Array;
  /** Of the same sensor in the same place. */
  readonly marks: Int32Array;
  readonly returning: Int32Array;
  readonly waiting: readonly Omit<SensorChange, 'everyMs'>[];
  readonly unwatched: number;
}

/** In a sensor's note, beside the place of its interval. */
const RETURNING = 0x8000;

const CHANGES = ['silent', 'back', 'forgotten'] as const;

/**
 * Time is that of the pulses, in whole seconds. A sensor's mark is when it was last heard; of a silent one `silentMark` of that, or of the first reading after it.
 * What comes out depends on the order of readings and pulses alone, neither on when they are read nor on how they are cut into batches.
 */
export class SensorWatch {
  readonly #intervals: Intervals;
  readonly #typesOf: (sensor: number) => TypeBits;
  readonly #sensors: HeardSensors;
  readonly #clock = new PulseClock();
  #now = 0;
  /** No sensor is due sooner. Readings only move it on, so that most pulses needn't look at all sensors. */
  #dueNext = Number.POSITIVE_INFINITY;
  #silent = 0;
  #unwatched = 0;
  /** Sensor × 4 + index of the change: there may be as many as sensors. */
  #waiting: number[] = [];
  #taken = 0;

  /** `typesOf`: the types that a sensor has reported, asked when it is heard for the first time and by `typesChanged`. `multiplier`: see `multiplierFrom`. */
  constructor(intervals: Intervals, typesOf: (sensor: number) => TypeBits, watchedMax = WATCHED_MAX, multiplier?: number) {
    this.#intervals = intervals;
    this.#typesOf = typesOf;
    this.#sensors = new HeardSensors(watchedMax, multiplier);
  }

  get watched(): number {
    return this.#sensors.size;
  }

  get silent(): number {
    return this.#silent;
  }

  /** Readings of sensors that aren't watched because there are too many. */
  get unwatched(): number {
    return this.#unwatched;
  }

  /** Changes that have not been taken. */
  get waiting(): number {
    return this.#waiting.length - this.#taken;
  }

  /** Memory of all sensors, bytes. */
  get bytes(): number {
    return this.#sensors.bytes;
  }

  /** Called for every reading, whatever is in it, repeats and stale ones too: the sensor lives. */
  reading(sensor: number): void {
    const slot = this.#sensors.slotOf(sensor);
    const mark = this.#sensors.markAt(slot);
    if (mark >= 0) this.#sensors.setMark(slot, this.#now);
    else if (mark === NONE) this.#meet(sensor);
    else this.#return(sensor, slot);
  }

  pulse(pulse: Pulse): void {
    this.#clock.pulse(pulse);
    this.#now = Math.floor(this.#clock.ms / 1_000);
    if (this.#now >= this.#dueNext) this.#look();
  }

  /** The next changes, in order; of those at the same pulse the lowest id first. */
  take(max = 1_000): SensorChange[] {
    const packed = this.#waiting.slice(this.#taken, this.#taken + max);
    this.#taken += packed.length;
    if (this.waiting === 0) {
      this.#waiting = [];
      this.#taken = 0;
    }
    return packed.map((one) => {
      const change = unpack(one);
      const everyMs = this.#intervals.everyAt(this.#placeOf(change.sensor));
      return { ...change, ...(everyMs !== undefined && { everyMs }) };
    });
  }

  hearingOf(sensor: number): SensorHearing {
    const slot = this.#sensors.slotOf(sensor);
    const mark = this.#sensors.markAt(slot);
    if (mark === NONE) return { is: 'never heard', quietMs: 0 };
    const heard = mark >= 0 ? mark : silentMark(mark);
    const isReturning = (this.#sensors.noteAt(slot) & RETURNING) !== 0 && this.#now - heard <= this.#spanAt(slot);
    return { is: mark >= 0 ? 'heard' : isReturning ? 'returning' : 'silent', quietMs: (this.#now - heard) * 1_000 };
  }

  /** A sensor that has reported another type may have another interval. */
  typesChanged(sensor: number): void {
    const slot = this.#sensors.slotOf(sensor);
    const mark = this.#sensors.markAt(slot);
    if (mark === NONE) return;
    this.#sensors.setNote(slot, this.#placeOf(sensor) | (this.#sensors.noteAt(slot) & RETURNING));
    if (mark >= 0) this.#expect(slot);
  }

  /** It is no longer in the directory. If it is heard again, it is watched anew. */
  forget(sensor: number): void {
    const mark = this.#sensors.markAt(this.#sensors.slotOf(sensor));
    if (mark === NONE) return;
    this.#sensors.remove(sensor);
    if (mark >= 0) return;
    this.#silent -= 1;
    this.#change(sensor, 'forgotten');
  }

  /** What was stored of a sensor, if `restore` isn't used: when it was heard is not known, so that it has its whole span from now on. */
  know(sensor: number, isSilent: boolean): void {
    if (this.#sensors.markAt(this.#sensors.slotOf(sensor)) !== NONE) return;
    if (this.#put(sensor, isSilent ? silentMark(this.#now) : this.#now) && isSilent) this.#silent += 1;
  }

  memory(): WatchMemory {
    const table = this.#sensors;
    const slots = Array.from({ length: table.capacity }, (_, slot) => slot).filter((slot) => table.markAt(slot) !== NONE);
    const returning = slots.filter((slot) => (table.noteAt(slot) & RETURNING) !== 0);
    return {
      clock: this.#clock.memory(),
      sensors: Int32Array.from(slots, (slot) => table.sensorAt(slot)),
      marks: Int32Array.from(slots, (slot) => table.markAt(slot)),
      returning: Int32Array.from(returning, (slot) => table.sensorAt(slot)),
      waiting: this.#waiting.slice(this.#taken).map(unpack),
      unwatched: this.#unwatched,
    };
  }

  /** Into a watch that is new. Intervals are those of this watch, so that they may have changed. */
  restore({ clock, sensors, marks, returning, waiting, unwatched }: WatchMemory): void {
    this.#clock.restore(clock);
    this.#now = Math.floor(clock.ms / 1_000);
    this.#unwatched = unwatched;
    sensors.forEach((sensor, i) => {
      const mark = marks[i] as number;
      if (this.#put(sensor, mark) && mark < 0) this.#silent += 1;
    });
    for (const sensor of returning) {
      const slot = this.#sensors.slotOf(sensor);
      if (this.#sensors.markAt(slot) !== NONE) this.#sensors.setNote(slot, this.#sensors.noteAt(slot) | RETURNING);
    }
    for (const { sensor, change } of waiting) this.#change(sensor, change);
  }

  #meet(sensor: number): void {
    if (!this.#put(sensor, this.#now)) this.#unwatched += 1;
  }

  #return(sensor: number, slot: number): void {
    const note = this.#sensors.noteAt(slot);
    const since = this.#now - silentMark(this.#sensors.markAt(slot));
    if ((note & RETURNING) === 0 || since > this.#spanAt(slot)) {
      this.#sensors.setMark(slot, silentMark(this.#now));
      this.#sensors.setNote(slot, note | RETURNING);
    } else if (since >= BACK_AFTER_S) {
      this.#sensors.setMark(slot, this.#now);
      this.#sensors.setNote(slot, note & ~RETURNING);
      this.#silent -= 1;
      this.#expect(slot);
      this.#change(sensor, 'back');
    }
  }

  /** Whoever is due is silent. */
  #look(): void {
    const table = this.#sensors;
    const due: number[] = [];
    this.#dueNext = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < table.capacity; slot += 1) {
      const mark = table.markAt(slot);
      if (mark < 0) continue;
      if (this.#now - mark > this.#spanAt(slot)) {
        table.setMark(slot, silentMark(mark));
        due.push(table.sensorAt(slot));
      } else this.#expect(slot);
    }
    for (const sensor of Int32Array.from(due).sort()) this.#change(sensor, 'silent');
    this.#silent += due.length;
  }

  #put(sensor: number, mark: number): boolean {
    if (!this.#sensors.put(sensor, mark, this.#placeOf(sensor))) return false;
    if (mark >= 0) this.#expect(this.#sensors.slotOf(sensor));
    return true;
  }

  #expect(slot: number): void {
    this.#dueNext = Math.min(this.#dueNext, this.#sensors.markAt(slot) + this.#spanAt(slot) + 1);
  }

  #placeOf(sensor: number): number {
    return this.#intervals.placeOf(sensor, this.#typesOf(sensor));
  }

  #spanAt(slot: number): number {
    return this.#intervals.spanAt(this.#sensors.noteAt(slot) & ~RETURNING);
  }

  #change(sensor: number, change: SensorChange['change']): void {
    this.#waiting.push(sensor * CHANGES_BASE + CHANGES.indexOf(change));
  }
}

const CHANGES_BASE = 4;

function unpack(packed: number): Omit<SensorChange, 'everyMs'> {
  return { sensor: Math.floor(packed / CHANGES_BASE), change: CHANGES[packed % CHANGES_BASE] ?? 'silent' };
}

/** From a time to the mark of a silent sensor, below `NONE`, and back. */
function silentMark(time: number): number {
  return -2 - time;
}
