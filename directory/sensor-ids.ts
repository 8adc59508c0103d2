import { GOLDEN } from '../alarm/scatter.ts';

const CAPACITY_AT_FIRST = 1_024;
const LOAD_MAX = 0.6;
const FREE = -1;

/** A set of sensor ids: a hash table with open addressing, 7 to 14 bytes an id, wherever the ids lie. */
export class SensorIds {
  #slots = new Int32Array(CAPACITY_AT_FIRST).fill(FREE);
  readonly #multiplier: number;
  #size = 0;

  /** `multiplier`: see `multiplierFrom`. */
  constructor(multiplier = GOLDEN) {
    this.#multiplier = multiplier | 0;
  }

  get size(): number {
    return this.#size;
  }

  has(sensor: number): boolean {
    return this.#slots[slotOf(this.#slots, this.#multiplier, sensor)] === sensor;
  }

  add(sensor: number): void {
    const slot = slotOf(this.#slots, this.#multiplier, sensor);
    if (this.#slots[slot] === sensor) return;
    this.#slots[slot] = sensor;
    this.#size += 1;
    if (this.#size > this.#slots.length * LOAD_MAX) this.#grow();
  }

  *[Symbol.iterator](): Generator<number> {
    for (const sensor of this.#slots) if (sensor !== FREE) yield sensor;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(2 * before.length).fill(FREE);
    for (const sensor of before) if (sensor !== FREE) this.#slots[slotOf(this.#slots, this.#multiplier, sensor)] = sensor;
  }
}

/** Where the sensor is, or the free place where it would be. Ids are often consecutive: multiplying scatters them, in the highest bits. The length is a power of two. */
function slotOf(slots: Int32Array, multiplier: number, sensor: number): number {
  const mask = slots.length - 1;
  let slot = Math.imul(sensor, multiplier) >>> Math.clz32(mask);
  for (;;) {
    const id = slots[slot];
    if (id === sensor || id === FREE) return slot;
    slot = (slot + 1) & mask;
  }
}
