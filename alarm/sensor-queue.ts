export interface InOrder {
  /** Epoch ms. */
  readonly at: number;
}

/** Sensors in the order in which they changed. */
export class SensorQueue<H extends InOrder> {
  #held = new Map<number, H>();
  /** Kept between calls: a new iterator would step over all deleted entries again. */
  #next = this.#held.keys();

  get(sensor: number): H | undefined {
    return this.#held.get(sensor);
  }

  set(sensor: number, held: H): void {
    this.#held.set(sensor, held);
  }

  delete(sensor: number): void {
    this.#held.delete(sensor);
  }

  /** The caller must delete it. */
  get first(): number | undefined {
    if (this.#held.size === 0) return undefined;
    const { value } = this.#next.next();
    if (value !== undefined) return value;
    // The iterator has reached the end: starts again.
    this.#next = this.#held.keys();
    return this.#next.next().value;
  }

  /** By their times, after sensors were added in any order. */
  order(): void {
    this.#held = new Map([...this.#held].sort(([, one], [, other]) => one.at - other.at));
    this.#next = this.#held.keys();
  }
}
