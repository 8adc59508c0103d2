import type { AuditEvent } from '../../records/audit-row.ts';

interface Repeated {
  readonly event: AuditEvent;
  at: number;
  until: number;
  count: number;
}

/**
 * At most this many different events of signed-in callers and programs have rows of their own within a span, at most half of them of one name; and of
 * those who are nobody yet.
 */
const KNOWN_MAX = 1_000;
const OF_ONE_MAX = KNOWN_MAX / 2;
const NOBODY_MAX = 60;
/** Further ones are counted by action and name, for this many pairs; beyond them by action alone. */
const PAIRS_MAX = 1_000;

/**
 * Counts what happens again and again, so that nobody fills the trail: within a span the first event of a kind is written at once, the same events after it
 * only as their number. Bounded, so that no name's events hide those of another.
 */
export class Repeats {
  readonly #repeated = new Map<string, Repeated>();
  readonly #beyond = new Map<string, Repeated>();
  readonly #ofName = new Map<string, number>();
  #known = 0;
  #nobody = 0;

  /** Whether the event gets a row now; otherwise it is counted. `kind`: what it has in common with events that are the same. */
  isFirst(event: AuditEvent, at: number, kind = JSON.stringify(event)): boolean {
    const known = this.#repeated.get(kind);
    if (known) {
      count(known, at);
      return false;
    }
    if (this.#hasRoom(event)) {
      this.#repeated.set(kind, { event, at, until: at, count: 0 });
      return true;
    }
    count(this.#others(event, at), at);
    return false;
  }

  /** Ends the span: what was counted in it, each with the time of the first repetition. */
  take(): { readonly event: AuditEvent; readonly at: number }[] {
    const counted = [...this.#repeated.values(), ...this.#beyond.values()].filter((one) => one.count > 0);
    this.#repeated.clear();
    this.#beyond.clear();
    this.#ofName.clear();
    this.#known = 0;
    this.#nobody = 0;
    return counted.map(({ event, at, until, count }) => ({ event: { ...event, count, until }, at }));
  }

  /** Takes the room, if there is any. */
  #hasRoom({ by, as }: AuditEvent): boolean {
    if (as === 'nobody') {
      this.#nobody += 1;
      return this.#nobody <= NOBODY_MAX;
    }
    const own = this.#ofName.get(by) ?? 0;
    if (own >= OF_ONE_MAX || this.#known >= KNOWN_MAX) return false;
    this.#ofName.set(by, own + 1);
    this.#known += 1;
    return true;
  }

  #others({ action, by, as }: AuditEvent, at: number): Repeated {
    const pair = JSON.stringify([action, by, as]);
    const isNamed = this.#beyond.has(pair) || this.#beyond.size < PAIRS_MAX;
    const key = isNamed ? pair : action;
    const others = this.#beyond.get(key) ?? {
      event: { action, by: isNamed ? by : '', as: isNamed ? as : 'nobody', from: '' },
      ...{ at, until: at, count: 0 },
    };
    this.#beyond.set(key, others);
    return others;
  }
}

function count(repeated: Repeated, at: number): void {
  if (repeated.count === 0) repeated.at = at;
  repeated.until = at;
  repeated.count += 1;
}
