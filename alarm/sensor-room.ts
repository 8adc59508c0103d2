/** What is remembered of sensors that have no alarm: anybody can make as many of these as he likes, so all of it together has a bound. */
import type { SensorState } from './sensor-state.ts';

/** Rough sizes in memory: of a sensor, of a hit, and of a letter of a reading. */
const SENSOR_BYTES = 600;
const HIT_BYTES = 200;
const LETTER_BYTES = 2;

interface Held {
  readonly bytes: number;
  /** Time of the newest that is remembered, epoch ms. */
  readonly at: number;
}

export class SensorRoom {
  readonly #bytesMax: number;
  #bytes = 0;
  /** Those of which only a recovery is remembered, and those with hits; in each what changed longest ago comes first. */
  readonly #recovered = new Queue();
  readonly #hit = new Queue();
  #isInOrder = true;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** From here on of long readings only the beginning is remembered: so that there is room for more sensors. */
  get isHalfFull(): boolean {
    return this.#bytes > this.#bytesMax / 2;
  }

  /** Twice as much as there may be: where what is restored is without end. */
  get isOverfull(): boolean {
    return this.#bytes > 2 * this.#bytesMax;
  }

  hold(sensor: number, state: SensorState): void {
    this.release(sensor);
    const readings = [...state.types.flatMap(({ hits }) => hits), ...state.repeatable];
    const letters = readings.reduce((sum, { value }) => sum + value.length, 0);
    const bytes = SENSOR_BYTES + HIT_BYTES * readings.length + LETTER_BYTES * letters;
    const at = readings.reduce((newest, reading) => Math.max(newest, reading.at), state.okAt ?? Number.NEGATIVE_INFINITY);
    (readings.length > 0 ? this.#hit : this.#recovered).set(sensor, { bytes, at });
    this.#bytes += bytes;
  }

  /** What is restored comes in any order. */
  restore(sensor: number, state: SensorState): void {
    this.hold(sensor, state);
    this.#isInOrder = false;
  }

  release(sensor: number): void {
    const held = this.#recovered.get(sensor) ?? this.#hit.get(sensor);
    if (held === undefined) return;
    this.#recovered.delete(sensor);
    this.#hit.delete(sensor);
    this.#bytes -= held.bytes;
  }

  /**
   * Takes out the sensor to let go of first, where there are too many: recoveries before hits, since without one a late hit counts that would have been
   * dropped; of either the oldest.
   */
  takeExcess(): number | undefined {
    if (this.#bytes <= this.#bytesMax) return undefined;
    if (!this.#isInOrder) for (const queue of [this.#recovered, this.#hit]) queue.order();
    this.#isInOrder = true;
    const sensor = this.#recovered.first ?? this.#hit.first;
    if (sensor !== undefined) this.release(sensor);
    return sensor;
  }
}

/** Sensors in the order in which they changed. */
class Queue {
  #held = new Map<number, Held>();
  /** Goes on where it was: a map passes its deleted entries again for everyone who begins at its start. */
  #next = this.#held.keys();

  get(sensor: number): Held | undefined {
    return this.#held.get(sensor);
  }

  set(sensor: number, held: Held): void {
    this.#held.set(sensor, held);
  }

  delete(sensor: number): void {
    this.#held.delete(sensor);
  }

  /** Who asks for it takes it out. */
  get first(): number | undefined {
    if (this.#held.size === 0) return undefined;
    const { value } = this.#next.next();
    if (value !== undefined) return value;
    // It has been at the end.
    this.#next = this.#held.keys();
    return this.#next.next().value;
  }

  order(): void {
    this.#held = new Map([...this.#held].sort(([, one], [, other]) => one.at - other.at));
    this.#next = this.#held.keys();
  }
}
