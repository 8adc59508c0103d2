/** Milliseconds since the epoch, UTC. Passed in, so that tests can set it. */
export type Clock = () => number;

export const systemClock: Clock = Date.now;

/**
 * The wall clock, except that it never steps back: when the machine's clock is set back, it goes on from where it was at its own pace, until
 * the machine's has caught up. Records get their time from it, so that a later record never looks older.
 */
export class SteadyClock {
  readonly #wall: Clock;
  readonly #elapsed: () => number;
  readonly #aheadMost: number;
  #last = 0;
  #lastElapsed: number;

  /** `elapsed`: milliseconds of a monotonic clock. A clock that would be more than `aheadMost` ms ahead steps back all the same. */
  constructor(wall: Clock = systemClock, elapsed: () => number = () => performance.now(), aheadMost = Number.POSITIVE_INFINITY) {
    this.#wall = wall;
    this.#elapsed = elapsed;
    this.#aheadMost = aheadMost;
    this.#lastElapsed = elapsed();
  }

  readonly now: Clock = () => {
    const elapsed = this.#elapsed();
    const wall = this.#wall();
    const steady = this.#last + elapsed - this.#lastElapsed;
    this.#last = steady - wall > this.#aheadMost ? wall : Math.max(wall, steady);
    this.#lastElapsed = elapsed;
    return Math.floor(this.#last);
  };

  /** Goes on from `at`, the time of what was recorded before this process began. */
  notBefore(at: number): void {
    this.#last = Math.max(this.#last, at);
  }

  /** How far it is ahead of the machine's clock, ms. */
  get aheadMs(): number {
    return this.now() - this.#wall();
  }
}

/** Starts at `clock`'s present time and then runs on independently of it: for spans that people were promised, such as a sign-in. */
export function atItsOwnPace(clock: Clock, elapsed: () => number = () => performance.now()): Clock {
  const began = clock() - elapsed();
  return () => Math.floor(began + elapsed());
}
