/** A bound on the mails that are handed over in any span of time, the gravest first, whoever hands them over. */
import { compareLane, type Lane, laneOf } from '../../../alarm/lane.ts';
import { MINUTE_MS } from '../../../runtime/durations.ts';
import { TransientError } from '../../../runtime/errors.ts';
import type { MailRate } from './config.ts';
import type { MailTransport, Turn, Turns } from './port.ts';

/** A clock in ms, and a timer by it. */
export interface RateTime {
  now(): number;
  /** Calls `run` after `ms`, unless the function that it returns is called before. */
  after(ms: number, run: () => void): () => void;
}

/** The monotonic clock: neither an operator nor a time server sets it. */
const REAL_TIME: RateTime = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Shares of the rate that mails of a lane may fill, so that a flood of lesser ones leaves some of it to a fire. */
const SHARES: Readonly<Record<Lane, number>> = { CRITICAL: 1, MAJOR: 7 / 8, MINOR: 3 / 4, WARNING: 3 / 4, QUARANTINED: 1 / 2 };
/** A mail that wasn't taken counts no longer than this: with a bound by the hour, an outage of minutes would silence the hour after it. */
const FAILED_COUNTS_MS = MINUTE_MS;

/** A mail that was handed over, and when it ceases to count. */
interface Counted {
  until: number;
}

/** The transport with a bound. `rate.mails` is at least 1. */
export function bounded(transport: MailTransport, rate: MailRate, time: RateTime = REAL_TIME): MailTransport {
  const turns = new MailTurns(rate, time);
  return {
    turns,
    send: async (mail, turn) => (turn ?? (await turns.wait(laneOf(mail)))).use(() => transport.send(mail)),
    close: async () => {
      turns.close();
      await transport.close();
    },
  };
}

class MailTurns implements Turns {
  readonly #rate: MailRate;
  readonly #time: RateTime;
  /** Turns taken that no mail has used yet. */
  #unused = 0;
  /** Both in the order in which they cease to count. */
  readonly #counted = new Set<Counted>();
  readonly #failed = new Set<Counted>();
  /** Who is called when a turn is free; those that asked first come first. */
  readonly #waiting = new Map<() => void, Lane>();
  #cancel = (): void => undefined;
  /** Time since the start, which never goes back: a clock that was set back stands still for a moment. */
  #elapsed = 0;
  #read: number;
  #closed = false;

  constructor(rate: MailRate, time: RateTime) {
    this.#rate = rate;
    this.#time = time;
    this.#read = time.now();
  }

  take(lane: Lane, again: () => void): Turn | undefined {
    this.#waiting.delete(again);
    if (this.#closed) return undefined;
    if (this.#isFree(lane) && !this.#graverWaits(lane)) return this.#turn();
    this.#waiting.set(again, lane);
    this.#plan();
    return undefined;
  }

  /** Rejects with TransientError `mail-deferred` when there are no more turns. */
  wait(lane: Lane): Promise<Turn> {
    return new Promise((resolve, reject) => {
      const ask = (): void => {
        const turn = this.take(lane, ask);
        if (turn) resolve(turn);
        else if (this.#closed) reject(new TransientError('mail-deferred', 'the mailer stopped before it was its turn'));
      };
      ask();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel();
    for (const again of [...this.#waiting.keys()]) again();
  }

  #turn(): Turn {
    this.#unused += 1;
    let used = false;
    const leave = (): boolean => {
      if (used) return false;
      used = true;
      this.#unused -= 1;
      return true;
    };
    return {
      use: async (handOver) => {
        leave();
        const counted = { until: this.#now() + this.#rate.perMs };
        this.#counted.add(counted);
        this.#plan();
        try {
          return await handOver();
        } catch (error) {
          this.#fail(counted);
          throw error;
        }
      },
      giveBack: () => {
        if (leave()) this.#plan();
      },
    };
  }

  #fail(counted: Counted): void {
    const until = this.#now() + FAILED_COUNTS_MS;
    if (until >= counted.until) return;
    this.#counted.delete(counted);
    this.#failed.add({ until });
    this.#plan();
  }

  #isFree(lane: Lane): boolean {
    const now = this.#now();
    for (const set of [this.#counted, this.#failed])
      for (const counted of set) {
        if (counted.until > now) break;
        set.delete(counted);
      }
    const max = Math.max(1, Math.floor(this.#rate.mails * SHARES[lane]));
    return this.#unused + this.#counted.size + this.#failed.size < max;
  }

  #graverWaits(lane: Lane): boolean {
    for (const waiting of this.#waiting.values()) if (compareLane(waiting, lane) < 0) return true;
    return false;
  }

  #inOrder(): [again: () => void, lane: Lane][] {
    return [...this.#waiting].sort(([, a], [, b]) => compareLane(a, b));
  }

  /** Wakes who waits as soon as that may help. */
  #plan(): void {
    this.#cancel();
    const [gravest] = this.#inOrder();
    if (!gravest) return;
    const [[counted], [failed]] = [this.#counted, this.#failed];
    const next = Math.min(counted?.until ?? Infinity, failed?.until ?? Infinity) - this.#now();
    // Without any that count, all turns are taken by mails that are about to use them; it is planned again then.
    if (this.#isFree(gravest[1])) this.#cancel = this.#time.after(0, () => this.#wake());
    else if (next !== Infinity) this.#cancel = this.#time.after(next, () => this.#wake());
  }

  #wake(): void {
    for (const [again, lane] of this.#inOrder()) {
      if (!this.#isFree(lane)) break;
      this.#waiting.delete(again);
      again();
    }
    this.#plan();
  }

  #now(): number {
    const read = this.#time.now();
    this.#elapsed += Math.max(0, read - this.#read);
    this.#read = read;
    return this.#elapsed;
  }
}
