/** Sensors share this many places: who shares one is ordered more strictly than need be, never less. */
const PLACES = 1 << 13;

/** When the newest record of each sensor was, in one topic: in fixed space, however many sensors there are. */
export class NewestTimes {
  readonly #times = new Float64Array(PLACES);

  /** Of this sensor, or of one that shares its place; 0: there has been none. */
  of(sensor: number): number {
    return this.#times[place(sensor)] as number;
  }

  /** Of the sensors in [first, end). Times never run backwards. */
  note(sensors: Int32Array, first: number, end: number, at: number): void {
    const times = this.#times;
    for (let i = first; i < end; i += 1) times[place(sensors[i] as number)] = at;
  }

  forget(): void {
    this.#times.fill(0);
  }
}

/** Neighbouring ids lie apart, and ids that differ by a power of two too. */
function place(sensor: number): number {
  return Math.imul(sensor, 0x9e3779b1) >>> 19;
}
