import type { ArchivedAlarm } from '../../archive/port.ts';
import type { LiveAlarm } from './open-alarms.ts';

type Dated = Pick<ArchivedAlarm, 'raisedAt' | 'id'>;

/** Newest raised first, and of the same millisecond the greater id first: the archive's order. */
export function compareNewest(a: Dated, b: Dated): number {
  return b.raisedAt - a.raisedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/** Alarms in order of age, each id once. Kept sorted through every change, because hundreds of thousands can't be sorted for each list. */
export class ByAge {
  /** Oldest first: new alarms come last, so that no other has to move. */
  readonly #alarms: LiveAlarm[];

  constructor(alarms: Iterable<LiveAlarm>) {
    this.#alarms = [...alarms].sort((a, b) => compareNewest(b.alarm, a.alarm));
  }

  /** Adds an alarm, or replaces `before`: the one of the same id. */
  set(live: LiveAlarm, before: LiveAlarm | undefined): void {
    const place = this.#placeOf(live.alarm);
    if (before && compareNewest(before.alarm, live.alarm) === 0) this.#alarms[place] = live;
    else {
      this.#alarms.splice(place, 0, live);
      if (before) this.delete(before);
    }
  }

  delete({ alarm }: LiveAlarm): void {
    this.#alarms.splice(this.#placeOf(alarm), 1);
  }

  /** The alarms after `last`, or all of them without it. The iterator is invalid after a change. */
  *newestFirst(last?: Dated): IterableIterator<LiveAlarm> {
    for (let i = (last ? this.#placeOf(last) : this.#alarms.length) - 1; i >= 0; i -= 1) {
      const live = this.#alarms[i];
      if (live) yield live;
    }
  }

  /** The index where it is, or would be inserted. */
  #placeOf(dated: Dated): number {
    let [from, to] = [0, this.#alarms.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const live = this.#alarms[middle];
      if (live && compareNewest(live.alarm, dated) > 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
