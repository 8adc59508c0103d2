import type { Clock } from '../../runtime/clock.ts';
import type { TransientError } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { clockOff, inWords, leadersOf, type Place, timeAt, timeIn, timeLimitsOf } from './broker-time.ts';
import type { Client } from '../../kafka/client.ts';
import { unavailable } from '../../kafka/faults.ts';
import { TIME_LIMITS, type TimeLimits } from './topics.ts';

export interface BrokerClockDeps {
  readonly client: Client;
  /** The clock that gives records their time. */
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

/** The last comparison with a broker's clock. */
interface Seen {
  readonly place: Place;
  readonly limits: TimeLimits;
  /** The broker's time, epoch ms. */
  readonly brokerMs: number;
  /** When that was, ms of the monotonic clock; so is `askedAt`. */
  readonly at: number;
  askedAt: number;
}

/** How often a clock that is off is compared again: it may be corrected at any time, but a broker logs each comparison. */
const AGAIN_MS = 5_000;
/** A clock that has jumped is compared soon, but not at every step of one that is being adjusted. */
const MOVED_MS = 1_000;
const TRIES = 5;
const TRY_AGAIN_MS = 100;
const HEALTH_PART = 'clock';

/**
 * Whether the clocks of this process and of the brokers agree as far as the topics require. Between a broker's answers its time is extrapolated by
 * the monotonic clock, so that a jump is noticed without asking; only the broker's own answer then decides.
 */
export class BrokerClocks {
  readonly #deps: BrokerClockDeps;
  readonly #elapsed: () => number;
  readonly #seen = new Map<number, Seen>();
  readonly #off = new Map<number, TransientError>();
  /** Brokers that have answered, even if only that the topic has no limits. */
  readonly #answered = new Set<number>();
  readonly #asking = new Map<string, Promise<void>>();

  constructor(deps: BrokerClockDeps, elapsed: () => number = () => performance.now()) {
    this.#deps = deps;
    this.#elapsed = elapsed;
  }

  /** Whether no broker's clock is known to be off. */
  get agree(): boolean {
    return this.#off.size === 0;
  }

  /** Why the broker refuses records of this process; undefined: it doesn't, as far as is known. */
  refusal(node: number | undefined): TransientError | undefined {
    return node === undefined ? undefined : this.#off.get(node);
  }

  /** Compares clocks with each leader of the topic that hasn't answered yet. Resolves even if one can't be asked. */
  ask(name: string): Promise<void> {
    let asking = this.#asking.get(name);
    if (!asking) {
      asking = this.#askLeaders(name);
      this.#asking.set(name, asking);
      void asking.finally(() => this.#asking.delete(name));
    }
    return asking;
  }

  /** A broker refused records for their time, with this error text. Returns the error for whoever appended them. */
  refused(node: number, place: Place, words: string): TransientError {
    const limits = this.#seen.get(node)?.limits ?? TIME_LIMITS;
    const brokerMs = timeIn(words, limits);
    if (brokerMs === undefined) return unavailable(`${place.name}/${place.partition}: ${words || 'the time of a record was refused'}`);
    const off = this.#learn(node, place, limits, brokerMs);
    // The clock is right now: the records had waited, as in a process that was suspended, or the clock has just been corrected.
    return off ?? unavailable(`${place.name}/${place.partition}: records were too old or too new when the broker got them`);
  }

  /** A broker has accepted records with this process's time. */
  accepted(node: number): void {
    if (this.#off.delete(node)) this.#report(node, undefined);
  }

  /** Notices clocks that have jumped; to be called often. */
  look(): void {
    const now = this.#elapsed();
    for (const [node, seen] of this.#seen) {
      const off = isOff(this.#offBy(seen, now), seen.limits);
      const due = off === this.#off.has(node) ? AGAIN_MS : MOVED_MS;
      if ((off || this.#off.has(node)) && now - seen.askedAt >= due) {
        seen.askedAt = now;
        this.#askNode(node, seen.place.name).catch(() => undefined);
      }
    }
  }

  async #askLeaders(name: string): Promise<void> {
    const { client } = this.#deps;
    for (let tries = 1; ; tries += 1) {
      const unasked = [...leadersOf(client, name).keys()].filter((node) => !this.#answered.has(node));
      const answers = await Promise.all(unasked.map((node) => this.#askNode(node, name).catch(() => 'unknown' as const)));
      if (tries === TRIES || !answers.includes('unknown')) return;
      // The topic is new, or its leaders are moving.
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
      await client.refresh().catch(() => undefined);
    }
  }

  async #askNode(node: number, name: string): Promise<'known' | 'unknown'> {
    const { client, requestTimeoutMs } = this.#deps;
    const partition = leadersOf(client, name).get(node);
    const limits = partition === undefined ? undefined : await timeLimitsOf(client, node, name);
    if (partition === undefined || !limits) {
      // Nothing is asked of it: without limits it refuses none of our records, and would store the one that asks for its time.
      this.#seen.delete(node);
      this.#answered.add(node);
      this.accepted(node);
      return 'known';
    }
    const place = { name, partition };
    const brokerMs = await timeAt(client, node, place, limits, requestTimeoutMs);
    if (brokerMs === undefined) return 'unknown';
    this.#learn(node, place, limits, brokerMs);
    return 'known';
  }

  #learn(node: number, place: Place, limits: TimeLimits, brokerMs: number): TransientError | undefined {
    const at = this.#elapsed();
    const seen = { place, limits, brokerMs, at, askedAt: at };
    this.#seen.set(node, seen);
    this.#answered.add(node);
    const offMs = this.#offBy(seen, at);
    if (!isOff(offMs, limits)) {
      this.accepted(node);
      return undefined;
    }
    const error = clockOff(node, offMs);
    const isNew = !this.#off.has(node);
    this.#off.set(node, error);
    if (isNew) this.#report(node, offMs);
    else this.#deps.health.report(HEALTH_PART, error.message);
    return error;
  }

  /** How far this clock is ahead of the broker's now. */
  #offBy({ brokerMs, at }: Seen, now: number): number {
    return this.#deps.clock() - (brokerMs + now - at);
  }

  #report(node: number, offMs: number | undefined): void {
    const { health, logger } = this.#deps;
    const [first] = this.#off.values();
    health.report(HEALTH_PART, first?.message);
    if (offMs === undefined) logger.info({ broker: node }, "this machine's clock agrees with the broker's again");
    else
      logger.error(
        { broker: node, off: inWords(Math.abs(offMs)), direction: offMs > 0 ? 'ahead' : 'behind' },
        "this machine's clock is too far from the broker's, which refuses its records: one of the two is wrong",
      );
  }
}

function isOff(offMs: number, { beforeMs, afterMs }: TimeLimits): boolean {
  return offMs > afterMs || -offMs > beforeMs;
}
