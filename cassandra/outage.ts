/** What an outage was, once it is over. */
export interface PastOutage {
  readonly failures: number;
  /** From its first failure to its last. */
  readonly seconds: number;
}

/** An outage is over when nothing has failed for so long. */
const CALM_MS = 30_000;

/** Makes one outage of failures that follow each other, whatever works in between. */
export class Outage {
  readonly #elapsed: () => number;
  #failures = 0;
  #first = 0;
  #last = 0;

  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed;
  }

  /** Whether with this failure an outage begins. */
  failed(): boolean {
    this.#last = this.#elapsed();
    if (this.#failures === 0) this.#first = this.#last;
    this.#failures += 1;
    return this.#failures === 1;
  }

  /** The outage, where with this it is over. */
  worked(): PastOutage | undefined {
    if (this.#failures === 0 || this.#elapsed() - this.#last < CALM_MS) return undefined;
    const past = { failures: this.#failures, seconds: Math.round((this.#last - this.#first) / 1_000) };
    this.#failures = 0;
    return past;
  }

  get lasts(): boolean {
    return this.#failures > 0;
  }
}
