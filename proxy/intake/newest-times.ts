import { GOLDEN } from '../../alarm/scatter.ts';

/** Sensors share this many places; sensors that share one are ordered more strictly than necessary, never less. */
const PLACES = 1 << 13;

/** The time of each sensor's newest record in one topic, in fixed space, however many sensors there are. */
export class NewestTimes {
  readonly #times = new Float64Array(PLACES);
  readonly #multiplier: number;

  /** `multiplier`: see `multiplierFrom`. */
  constructor(multiplier = GOLDEN) {
    this.#multiplier = multiplier | 0;
  }

  /** The time for this sensor, or one that shares its place, epoch ms; 0: none. */
  of(sensor: number): number {
    return this.#times[place(this.#multiplier, sensor)] as number;
  }

  /** Sets the time for sensors[first, end). Times must not run backwards. */
  note(sensors: Int32Array, first: number, end: number, at: number): void {
    const times = this.#times;
    for (let i = first; i < end; i += 1) times[place(this.#multiplier, sensors[i] as number)] = at;
  }

  forget(): void {
    this.#times.fill(0);
  }
}

/** Scatters neighbouring ids, and ids that differ by a power of two. */
function place(multiplier: number, sensor: number): number {
  return Math.imul(sensor, multiplier) >>> 19;
}
