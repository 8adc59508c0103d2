import { GOLDEN } from '../alarm/scatter.ts';

/** No sensor has this place, or nothing is known of it. */
export const NONE = -1;

const CAPACITY_AT_FIRST = 1_024;
const LOAD_MAX = 0.8;
const GROWTH = 1.25;

/**
 * Two numbers for each sensor: `mark` (32 bits, never `NONE`), which every reading writes, and `note` (16 bits). A hash table with open addressing in typed arrays,
 * 12.5 to 15.6 bytes per sensor; an id and its mark lie side by side, so that a reading takes one line of the CPU's cache.
 */
export class HeardSensors {
  readonly #max: number;
  readonly #multiplier: number;
  #capacity = CAPACITY_AT_FIRST;
  /** Id and mark in turns. */
  #cells = new Int32Array(2 * CAPACITY_AT_FIRST).fill(NONE);
  #notes = new Uint16Array(CAPACITY_AT_FIRST);
  #size = 0;

  /** `multiplier`: see `multiplierFrom`. */
  constructor(max: number, multiplier = GOLDEN) {
    this.#max = max;
    this.#multiplier = multiplier | 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Slots are 0 to this; a slot holds until a sensor is put or removed. */
  get capacity(): number {
    return this.#capacity;
  }

  get bytes(): number {
    return this.#cells.byteLength + this.#notes.byteLength;
  }

  /** The sensor's slot, or a free one, whose mark is `NONE`. */
  slotOf(sensor: number): number {
    let slot = this.#homeOf(sensor);
    for (;;) {
      const id = this.#cells[2 * slot];
      if (id === sensor || id === NONE) return slot;
      slot += 1;
      if (slot === this.#capacity) slot = 0;
    }
  }

  sensorAt(slot: number): number {
    return this.#cells[2 * slot] as number;
  }

  markAt(slot: number): number {
    return this.#cells[2 * slot + 1] as number;
  }

  setMark(slot: number, mark: number): void {
    this.#cells[2 * slot + 1] = mark;
  }

  noteAt(slot: number): number {
    return this.#notes[slot] as number;
  }

  setNote(slot: number, note: number): void {
    this.#notes[slot] = note;
  }

  /** Returns false if there is no room for another sensor. */
  put(sensor: number, mark: number, note: number): boolean {
    let slot = this.slotOf(sensor);
    if (this.sensorAt(slot) === NONE) {
      if (this.#size >= this.#max) return false;
      if (this.#size >= this.#capacity * LOAD_MAX) {
        this.#grow();
        slot = this.slotOf(sensor);
      }
      this.#size += 1;
    }
    this.#set(slot, sensor, mark, note);
    return true;
  }

  /** Whoever was put further on because of the one that leaves moves up, so that it is still found. */
  remove(sensor: number): void {
    let gap = this.slotOf(sensor);
    if (this.sensorAt(gap) === NONE) return;
    this.#size -= 1;
    for (let slot = this.#after(gap); this.sensorAt(slot) !== NONE; slot = this.#after(slot)) {
      const id = this.sensorAt(slot);
      if (this.#distance(this.#homeOf(id), slot) < this.#distance(gap, slot)) continue;
      this.#set(gap, id, this.markAt(slot), this.noteAt(slot));
      gap = slot;
    }
    this.#set(gap, NONE, NONE, 0);
  }

  #set(slot: number, sensor: number, mark: number, note: number): void {
    this.#cells[2 * slot] = sensor;
    this.#cells[2 * slot + 1] = mark;
    this.#notes[slot] = note;
  }

  #after(slot: number): number {
    return slot + 1 === this.#capacity ? 0 : slot + 1;
  }

  #distance(from: number, to: number): number {
    return to >= from ? to - from : to + this.#capacity - from;
  }

  /** Ids are often consecutive: multiplying scatters them. */
  #homeOf(sensor: number): number {
    return (((Math.imul(sensor, this.#multiplier) >>> 0) * this.#capacity) / 2 ** 32) | 0;
  }

  #grow(): void {
    const [cells, notes] = [this.#cells, this.#notes];
    this.#capacity = Math.ceil(notes.length * GROWTH);
    this.#cells = new Int32Array(2 * this.#capacity).fill(NONE);
    this.#notes = new Uint16Array(this.#capacity);
    for (let i = 0; i < notes.length; i += 1) {
      const id = cells[2 * i] as number;
      if (id !== NONE) this.#set(this.slotOf(id), id, cells[2 * i + 1] as number, notes[i] as number);
    }
  }
}
