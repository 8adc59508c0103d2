import type { Clock } from '../../runtime/clock.ts';
import type { TransientError } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { clockOff, inWords, leadersOf, type Place, timeAt, timeIn, timeLimitsOf } from './broker-time.ts';
import type { Client } from './client.ts';
import { unavailable } from './faults.ts';
import { TIME_LIMITS, type TimeLimits } from './topics.ts';

export interface BrokerClockDeps {
  readonly client: Client;
  /** Which gives records their time. */
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Logger;
  readonly requestTimeoutMs: number;
}

/** What a broker's clock said, and when, ms of the monotonic clock. */
interface Seen {
  readonly place: Place;
  readonly limits: TimeLimits;
  readonly brokerMs: number;
  readonly at: number;
  askedAt: number;
}

/** A clock that is off may be put right at any time; a broker notes each question in its log. */
const AGAIN_MS = 5_000;
/** A clock that was moved is compared at once, but not for every step of one that is being set. */
const MOVED_MS = 1_000;
const TRIES = 5;
const TRY_AGAIN_MS = 100;
const HEALTH_PART = 'clock';

/**
 * Whether this process's clock and those of the brokers agree as far as the topics want it. Between two answers of a broker its time is told by the
 * monotonic clock, so that a clock that is moved is noticed without asking; what then counts is what the broker says.
 */
export class BrokerClocks {
  readonly #deps: BrokerClockDeps;
  readonly #elapsed: () => number;
  readonly #seen = new Map<number, Seen>();
  readonly #off = new Map<number, TransientError>();
  /** Brokers that have answered, be it that they have no limits. */
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

  /** Why the broker takes no records of this process; undefined: it does, as far as is known. */
  refusal(node: number | undefined): TransientError | undefined {
    return node === undefined ? undefined : this.#off.get(node);
  }

  /** Asks each broker that leads partitions of the topic and wasn't asked yet. Resolves also when one can't be asked. */
  ask(name: string): Promise<void> {
    let asking = this.#asking.get(name);
    if (!asking) {
      asking = this.#askLeaders(name);
      this.#asking.set(name, asking);
      void asking.finally(() => this.#asking.delete(name));
    }
    return asking;
  }

  /** A broker refused records for their time, with these words. Returns what that means to whoever appended them. */
  refused(node: number, place: Place, words: string): TransientError {
    const limits = this.#seen.get(node)?.limits ?? TIME_LIMITS;
    const brokerMs = timeIn(words, limits);
    if (brokerMs === undefined) return unavailable(`${place.name}/${place.partition}: ${words || 'the time of a record is not taken'}`);
    const off = this.#learn(node, place, limits, brokerMs);
    // The clock is right now: they had waited, as in a process that was stopped, or it has just been put right.
    return off ?? unavailable(`${place.name}/${place.partition}: records were too old or too new when the broker got them`);
  }

  /** A broker has taken records with this process's time. */
  accepted(node: number): void {
    if (this.#off.delete(node)) this.#tell(node, undefined);
  }

  /** Notices clocks that were moved. To be called often. */
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
      // It refuses nothing of ours, and without limits it would store the question.
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
    if (isNew) this.#tell(node, offMs);
    else this.#deps.health.report(HEALTH_PART, error.message);
    return error;
  }

  /** How far this clock is ahead of the broker's now. */
  #offBy({ brokerMs, at }: Seen, now: number): number {
    return this.#deps.clock() - (brokerMs + now - at);
  }

  #tell(node: number, offMs: number | undefined): void {
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
