/** Bounds the memory for sensors that have no alarm: anybody can make up any number of sensor ids. */
import { memoryOf } from './memory.ts';
import { type InOrder, SensorQueue } from './sensor-queue.ts';
import type { SensorState } from './sensor-state.ts';

/** `at`: time of the newest reading or recovery that is remembered. */
interface Held extends InOrder {
  readonly bytes: number;
}

export class SensorRoom {
  readonly #bytesMax: number;
  #bytes = 0;
  /** Sensors of which only a recovery is remembered, and sensors with hits; in both, the one that changed longest ago comes first. */
  readonly #recovered = new SensorQueue<Held>();
  readonly #hit = new SensorQueue<Held>();
  #isInOrder = true;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** If so, only the beginnings of long readings are remembered, to have room for more sensors. */
  get isHalfFull(): boolean {
    return this.#bytes > this.#bytesMax / 2;
  }

  /** Whether twice the bound is taken; a restore makes room only then. */
  get isOverfull(): boolean {
    return this.#bytes > 2 * this.#bytesMax;
  }

  hold(sensor: number, state: SensorState): void {
    this.release(sensor);
    const times = [
      ...state.types.flatMap(({ hits, lostAt }) => [...hits.map(({ at }) => at), ...(lostAt === undefined ? [] : [lostAt])]),
      ...state.repeatable.map(({ at }) => at),
    ];
    const bytes = memoryOf(state);
    const at = times.reduce((newest, time) => Math.max(newest, time), state.okAt ?? Number.NEGATIVE_INFINITY);
    (times.length > 0 ? this.#hit : this.#recovered).set(sensor, { bytes, at });
    this.#bytes += bytes;
  }

  /** As `hold`, for restored sensors, which come in any order. */
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
   * Removes the sensor to forget next; undefined: the bound is kept. Recoveries go before hits, since without a recovery a late hit counts instead of
   * being dropped, and the oldest of each go first.
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
