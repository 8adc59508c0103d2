import type { Clock } from '../runtime/clock.ts';
import type { RemovalClock } from '../runtime/removal-clock.ts';
import { DAY_MS } from '../runtime/durations.ts';

/** An alarm that is over when its time is up already stays so long still, to be looked at. */
const LEAST_SECONDS = 3_600;
/** Cassandra takes no TTL of more than 20 years, and unless told otherwise none that ends after this second. */
const SECONDS_MAX = 20 * 365 * 86_400;
const LATEST_END_MS = (2 ** 31 - 2) * 1_000;

/**
 * How long rows are kept, as Cassandra's TTL: never longer than what is set, and shorter by the age that what is written has by then, as far as the
 * machine's clock can be believed.
 */
export class Keeping {
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #removalClock: RemovalClock;

  constructor(days: number, clock: Clock, removalClock: RemovalClock) {
    this.#ms = days * DAY_MS;
    this.#clock = clock;
    this.#removalClock = removalClock;
  }

  /** Seconds from now; 0, which is for ever, where Cassandra can't count so far. */
  secondsAfter(at: number): number {
    const now = this.#removalClock();
    const ageMs = now === undefined ? 0 : Math.max(0, now - at);
    const seconds = Math.max(LEAST_SECONDS, Math.ceil((this.#ms - ageMs) / 1_000));
    return seconds > SECONDS_MAX || (now ?? at) + seconds * 1_000 > LATEST_END_MS ? 0 : seconds;
  }

  get today(): number {
    return Math.floor(this.#clock() / DAY_MS);
  }
}
