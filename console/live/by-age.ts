import type { ArchivedAlarm } from '../../archive/port.ts';
import type { LiveAlarm } from './open-alarms.ts';

type Dated = Pick<ArchivedAlarm, 'raisedAt' | 'id'>;

/** Newest raised first, at the same millisecond the greater id first, as the archive has it. */
export function compareNewest(a: Dated, b: Dated): number {
  return b.raisedAt - a.raisedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/** Alarms in order of age, kept so through every change: hundreds of thousands can't be sorted for each list. Every id once. */
export class ByAge {
  /** Oldest first: new ones come at the end, where nothing has to move. */
  readonly #alarms: LiveAlarm[];

  constructor(alarms: Iterable<LiveAlarm>) {
    this.#alarms = [...alarms].sort((a, b) => compareNewest(b.alarm, a.alarm));
  }

  /** In the place of `before`, where there was one of that id. */
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

  /** Those after `last`, all where it isn't given. Not to be used any more once something has changed. */
  *newestFirst(last?: Dated): IterableIterator<LiveAlarm> {
    for (let i = (last ? this.#placeOf(last) : this.#alarms.length) - 1; i >= 0; i -= 1) {
      const live = this.#alarms[i];
      if (live) yield live;
    }
  }

  /** Where it is, or would be. */
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
