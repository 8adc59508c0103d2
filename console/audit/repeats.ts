import type { AuditEvent } from '../../records/audit-row.ts';

interface Repeated {
  readonly event: AuditEvent;
  at: number;
  until: number;
  count: number;
}

/** At most this many different events of named callers, and of unknown ones, have rows of their own within a span. */
const NAMED_MAX = 1_000;
const UNKNOWN_MAX = 60;

/**
 * Counts what happens again and again, so that nobody fills the trail: within a span the first event of a kind is written at once, the same events after it
 * only as their number. Bounded: beyond a number of different events, further ones are counted by action alone, whoever they are by.
 */
export class Repeats {
  readonly #repeated = new Map<string, Repeated>();
  #named = 0;
  #unknown = 0;

  /** Whether the event gets a row now; otherwise it is counted. */
  isFirst(event: AuditEvent, at: number): boolean {
    const key = JSON.stringify(event);
    const known = this.#repeated.get(key);
    if (known) {
      count(known, at);
      return false;
    }
    const named = event.by !== '';
    if (named ? this.#named < NAMED_MAX : this.#unknown < UNKNOWN_MAX) {
      if (named) this.#named += 1;
      else this.#unknown += 1;
      this.#repeated.set(key, { event, at, until: at, count: 0 });
      return true;
    }
    const others = this.#repeated.get(event.action) ?? {
      event: { action: event.action, by: '', as: 'nobody', from: '' },
      at,
      until: at,
      count: 0,
    };
    this.#repeated.set(event.action, others);
    count(others, at);
    return false;
  }

  /** Ends the span: what was counted in it, each with the time of the first repetition. */
  take(): { readonly event: AuditEvent; readonly at: number }[] {
    const counted = [...this.#repeated.values()].filter((one) => one.count > 0);
    this.#repeated.clear();
    this.#named = 0;
    this.#unknown = 0;
    return counted.map(({ event, at, until, count }) => ({ event: { ...event, count, until }, at }));
  }
}

function count(repeated: Repeated, at: number): void {
  if (repeated.count === 0) repeated.at = at;
  repeated.until = at;
  repeated.count += 1;
}
