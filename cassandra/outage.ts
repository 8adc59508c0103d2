/** An outage that is over. */
export interface PastOutage {
  readonly failures: number;
  /** From the first failure to the last. */
  readonly seconds: number;
}

/** An outage is over when nothing has failed for this long. */
const CALM_MS = 30_000;

/** Counts failures as one outage as long as they keep coming, even if some requests succeed in between. */
export class Outage {
  readonly #elapsed: () => number;
  #failures = 0;
  #first = 0;
  #last = 0;

  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  /** Call it on every failure. Returns whether this one begins an outage. */
  failed(): boolean {
    this.#last = this.#elapsed();
    if (this.#failures === 0) this.#first = this.#last;
    this.#failures += 1;
    return this.#failures === 1;
  }

  /** Call it on every success. Returns the outage if it is over now. */
  worked(): PastOutage | undefined {
    if (this.#failures === 0 || this.#elapsed() - this.#last < CALM_MS) return undefined;
    const past = { failures: this.#failures, seconds: Math.round((this.#last - this.#first) / 1_000) };
    this.#failures = 0;
    return past;
  }

  get isOngoing(): boolean {
    return this.#failures > 0;
  }
}
