import { isUnacknowledged } from '../../alarm/lifecycle.ts';
import { LANES, laneOf } from '../../alarm/lane.ts';
import type { ArchivedAlarm } from '../../archive/port.ts';

type Ranked = Pick<ArchivedAlarm, 'id' | 'severity' | 'quarantined' | 'state' | 'raisedAt'>;

/** 0 is the gravest; quarantined alarms come after all others. At equal severity, unacknowledged alarms come before acknowledged ones. */
export function rankOf(alarm: Pick<ArchivedAlarm, 'severity' | 'quarantined' | 'state'>): number {
  // An unknown severity, written by another program, counts as the gravest.
  return 2 * Math.max(0, LANES.indexOf(laneOf(alarm))) + (isUnacknowledged(alarm) ? 0 : 1);
}

/** Orders the alarms that are held by which gives way first: the least grave, and among these the one held longest. */
export class HeldOrder {
  readonly #ranks = Array.from({ length: 2 * LANES.length }, () => new Queue());

  add(alarm: Ranked): void {
    this.#ranks[rankOf(alarm)]?.add(alarm.id);
  }

  delete(alarm: Ranked): void {
    this.#ranks[rankOf(alarm)]?.delete(alarm.id);
  }

  /** The alarm that gives way to one of this rank, unless it is graver; it stays held until it is deleted. */
  firstToGo(rank: number): string | undefined {
    for (let other = this.#ranks.length - 1; other >= rank; other -= 1) {
      const id = this.#ranks[other]?.first;
      if (id !== undefined) return id;
    }
    return undefined;
  }
}

/** Ids in order of arrival. */
class Queue {
  readonly #ids = new Set<string>();
  /** Kept between calls: a new iterator would step over the set's deleted entries again from the start. */
  #next = this.#ids.values();
  #first: string | undefined;

  add(id: string): void {
    this.#ids.add(id);
  }

  delete(id: string): void {
    this.#ids.delete(id);
  }

  get first(): string | undefined {
    if (this.#ids.size === 0) return undefined;
    while (this.#first === undefined || !this.#ids.has(this.#first)) {
      const { value, done } = this.#next.next();
      if (done) this.#next = this.#ids.values();
      this.#first = value;
    }
    return this.#first;
  }
}
