import { REFUSED_CALM_MS, REFUSED_SAID_EVERY_MS, type Settings } from './settings.ts';

/** What one origin had refused within a minute, in all so far: a later count takes the place of an earlier one. */
export interface Refused {
  /** Epoch ms at which the minute begins, by whoever counts; only told apart by it. */
  readonly minute: number;
  /** Who sent the lines, or through whom they came. */
  readonly origin: string;
  readonly lines: number;
  readonly refused: number;
}

/** A count, and the tick at which it last rose, epoch ms. */
interface Counted extends Refused {
  readonly at: number;
}

export interface RefusalMemory {
  readonly lately: readonly Counted[];
  readonly tally: Tally | undefined;
}

/** What there is to say, as long as there are too many. */
export interface Tally {
  /** Since the beginning. */
  readonly total: number;
  /** What of it was said, and when; and what was told to targets. */
  readonly said: number;
  readonly saidAt: number;
  readonly told: number;
  readonly risenAt: number;
}

const COUNTS_MAX = 10_000;

/** Lines that were refused lately, and how many they are by now if they are too many. */
export class Refusals {
  readonly #lately = new Map<string, Counted>();
  tally: Tally | undefined;

  /** When there is something to say, or it is over. */
  get nextDue(): number {
    if (!this.tally) return Number.POSITIVE_INFINITY;
    const { total, said, saidAt, risenAt } = this.tally;
    return Math.min(risenAt + REFUSED_CALM_MS, total > said ? saidAt + REFUSED_SAID_EVERY_MS : Number.POSITIVE_INFINITY);
  }

  memory(): RefusalMemory {
    return { lately: [...this.#lately.values()], tally: this.tally };
  }

  restore({ lately, tally }: RefusalMemory): void {
    for (const one of lately) this.#lately.set(nameOf(one), one);
    this.tally = tally;
  }

  /** Takes a count; one that is no higher than the last one of its minute is a repeat. */
  count(one: Refused, now: number): void {
    const name = nameOf(one);
    const before = this.#lately.get(name);
    if (before && one.lines <= before.lines) return;
    const more = one.refused - (before?.refused ?? 0);
    this.#lately.delete(name);
    this.#lately.set(name, { ...one, at: now });
    if (this.tally && more > 0) this.tally = { ...this.tally, total: this.tally.total + more, risenAt: now };
    const [oldest] = this.#lately.size > COUNTS_MAX ? this.#lately.keys() : [];
    if (oldest !== undefined) this.#lately.delete(oldest);
  }

  /** How many there are by now, if they are too many: in all, or of what one origin sends. Undefined: they aren't. */
  tooMany(now: number, { lines, share, ofOrigin, withinMs }: Settings['quality']): number | undefined {
    let all = 0;
    const origins = new Map<string, { lines: number; refused: number }>();
    for (const [name, one] of this.#lately) {
      if (now - one.at >= withinMs) this.#lately.delete(name);
      else {
        const its = origins.get(one.origin) ?? { lines: 0, refused: 0 };
        origins.set(one.origin, { lines: its.lines + one.lines, refused: its.refused + one.refused });
        all += one.refused;
      }
    }
    const isMuch = [...origins.values()].some((its) => its.refused >= ofOrigin && its.refused > share * its.lines);
    return all > lines || isMuch ? all : undefined;
  }
}

function nameOf({ minute, origin }: Refused): string {
  return `${minute} ${origin}`;
}
