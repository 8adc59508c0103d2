/** Bounds the memory for sensors that have alarms: whoever knows many ids can raise any number of alarms. */
import type { AlarmType } from './alarm-type.ts';
import { memoryOf } from './memory.ts';
import type { SensorState } from './sensor-state.ts';

export class AlarmRoom {
  readonly #bytesMax: number;
  #bytes = 0;
  readonly #held = new Map<number, number>();
  /** Sensors with alarms that are over; the one that changed longest ago comes first. */
  readonly #ended = new Set<number>();
  /** Kept between calls: a new iterator would step over all deleted entries again. */
  #nextEnded = this.#ended.values();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** If so, only the beginnings of long readings are remembered, to have room for more alarms. */
  get isHalfFull(): boolean {
    return this.#bytes > this.#bytesMax / 2;
  }

  get isFull(): boolean {
    return this.#bytes > this.#bytesMax;
  }

  /** Whether there is room for one more alarm of the type. There always is for the graver ones: no fire is given up for memory. */
  takes({ severity, lifeSafety }: Pick<AlarmType, 'severity' | 'lifeSafety'>): boolean {
    return !this.isFull || lifeSafety || severity === 'CRITICAL' || severity === 'MAJOR';
  }

  hold(sensor: number, state: SensorState): void {
    this.holdBytes(sensor, memoryOf(state));
    if (state.ended.length > 0) this.#ended.add(sensor);
  }

  /** As `hold`, for a sensor that has no alarm that is over. */
  holdBytes(sensor: number, bytes: number): void {
    this.release(sensor);
    this.#held.set(sensor, bytes);
    this.#bytes += bytes;
  }

  release(sensor: number): void {
    this.#bytes -= this.#held.get(sensor) ?? 0;
    this.#held.delete(sensor);
    this.#ended.delete(sensor);
  }

  /** The next sensor whose alarms that are over have to be forgotten; undefined: the bound is kept, or there are none. The caller must do so. */
  takeExcess(): number | undefined {
    if (!this.isFull || this.#ended.size === 0) return undefined;
    let { value } = this.#nextEnded.next();
    if (value === undefined) {
      this.#nextEnded = this.#ended.values();
      ({ value } = this.#nextEnded.next());
    }
    return value;
  }
}
