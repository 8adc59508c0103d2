import { GOLDEN } from './scatter.ts';
import type { SensorSet } from './sensor-set.ts';

/** A partition remembers up to this many sensors that aren't usual, in 33 MB; a silent detector of further ones goes unnoticed. */
export const SENSORS_MAX = 2 ** 22;

const CAPACITY_AT_FIRST = 1_024;
const LOAD_MAX = 0.8;
const GROWTH = 1.25;
const FREE = -1;

/**
 * Keeps a few bits for each sensor: there may be millions of them, and every reading looks them up. Nearly all have the same, usual bits and are in a set.
 * The others are in a hash table with open addressing in typed arrays: 6 to 8 bytes per sensor with up to eight types, 10 to 12 with more than 16.
 */
export class KnownDetectors {
  readonly #usualBits: number;
  readonly #max: number;
  readonly #usual: SensorSet;
  readonly #multiplier: number;
  #ids = new Int32Array(CAPACITY_AT_FIRST).fill(FREE);
  #bits: Bits;
  #size = 0;

  /** `usualBits`: the bits that nearly all sensors have; no sensor has a bit that isn't among them. `multiplier`: see `multiplierFrom`. */
  constructor(usualBits: number, usual: SensorSet, max = SENSORS_MAX, multiplier = GOLDEN) {
    this.#usualBits = usualBits;
    this.#max = max;
    this.#usual = usual;
    this.#multiplier = multiplier | 0;
    this.#bits = roomFor(usualBits, CAPACITY_AT_FIRST);
  }

  /** The sensor's bits; 0 if it is unknown. */
  get(sensor: number): number {
    return this.#usual.has(sensor) ? this.#usualBits : (this.#bits[slotOf(this.#ids, this.#multiplier, sensor)] as number);
  }

  /** `isUsual`: nothing else is remembered of the sensor. Returns false if there is no room for another sensor. */
  set(sensor: number, bits: number, isUsual: boolean): boolean {
    if (isUsual && bits === this.#usualBits && this.#usual.add(sensor)) return true;
    if (!this.#put(sensor, bits)) return false;
    this.#usual.delete(sensor);
    return true;
  }

  #put(sensor: number, bits: number): boolean {
    let slot = slotOf(this.#ids, this.#multiplier, sensor);
    if (this.#ids[slot] === FREE) {
      if (this.#size >= this.#max) return false;
      if (this.#size >= this.#ids.length * LOAD_MAX) {
        this.#grow();
        slot = slotOf(this.#ids, this.#multiplier, sensor);
      }
      this.#size += 1;
      this.#ids[slot] = sensor;
    }
    this.#bits[slot] = bits;
    return true;
  }

  #grow(): void {
    const [ids, bits] = [this.#ids, this.#bits];
    const capacity = Math.ceil(ids.length * GROWTH);
    this.#ids = new Int32Array(capacity).fill(FREE);
    this.#bits = roomFor(this.#usualBits, capacity);
    for (let i = 0; i < ids.length; i += 1) {
      const id = ids[i] as number;
      if (id === FREE) continue;
      const slot = slotOf(this.#ids, this.#multiplier, id);
      this.#ids[slot] = id;
      this.#bits[slot] = bits[i] as number;
    }
  }
}

type Bits = Uint8Array | Uint16Array | Int32Array;

function roomFor(bits: number, length: number): Bits {
  const spare = Math.clz32(bits);
  if (spare >= 24) return new Uint8Array(length);
  return spare >= 16 ? new Uint16Array(length) : new Int32Array(length);
}

/** Where the sensor is, or the free place where it would be. Ids are often consecutive: multiplying scatters them. */
function slotOf(ids: Int32Array, multiplier: number, sensor: number): number {
  const capacity = ids.length;
  let slot = (((Math.imul(sensor, multiplier) >>> 0) * capacity) / 2 ** 32) | 0;
  for (;;) {
    const id = ids[slot];
    if (id === sensor || id === FREE) return slot;
    slot += 1;
    if (slot === capacity) slot = 0;
  }
}
