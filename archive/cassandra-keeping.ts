import type { Clock } from '../runtime/clock.ts';
import type { RemovalClock } from '../runtime/removal-clock.ts';
import { DAY_MS } from '../runtime/durations.ts';

/** Rows stay at least this long, so that an alarm can still be looked at if it ends after its time is up. */
const LEAST_SECONDS = 3_600;
/** Cassandra accepts no TTL longer than 20 years and, by default, none that ends after this second. */
const SECONDS_MAX = 20 * 365 * 86_400;
const LATEST_END_MS = (2 ** 31 - 2) * 1_000;

/** TTLs of rows. The age that a row already has when it is written counts, as far as the machine's clock can be trusted. */
export class Keeping {
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #removalClock: RemovalClock;

  constructor(days: number, clock: Clock, removalClock: RemovalClock) {
    this.#ms = days * DAY_MS;
    this.#clock = clock;
    this.#removalClock = removalClock;
  }

  /** TTL in seconds of a row about the time `at`; 0, which means for ever, if Cassandra can't store a TTL that long. */
  secondsAfter(at: number): number {
    const now = this.#removalClock();
    const ageMs = now === undefined ? 0 : Math.max(0, now - at);
    const seconds = Math.max(LEAST_SECONDS, Math.ceil((this.#ms - ageMs) / 1_000));
    return seconds > SECONDS_MAX || (now ?? at) + seconds * 1_000 > LATEST_END_MS ? 0 : seconds;
  }

  /** The number of the day, UTC. */
  get today(): number {
    return Math.floor(this.#clock() / DAY_MS);
  }
}
