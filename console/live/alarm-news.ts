import type { AlarmEvent } from '../../alarm/alarm.ts';
import { isOver } from '../../alarm/lifecycle.ts';
import type { Actions } from './actions.ts';
import type { ClientLookup } from './client-lookup.ts';
import type { LiveAlarm, OpenAlarms } from './open-alarms.ts';

/** What happened to an alarm: a change from the log, or `located` once its sensor has been found in the directory. */
export interface News {
  readonly event: string;
  readonly at: number;
  readonly live: LiveAlarm;
}

/** Passes alarm events from the log on: to memory, to the live streams, and to requests that wait for the outcome of an action. */
export class AlarmNews {
  readonly #alarms: OpenAlarms;
  readonly #actions: Actions;
  readonly #lookup: Pick<ClientLookup, 'ask'>;
  readonly #publish: (news: readonly News[]) => void;
  #caughtUp = false;

  constructor(alarms: OpenAlarms, actions: Actions, lookup: Pick<ClientLookup, 'ask'>, publish: (news: readonly News[]) => void) {
    this.#alarms = alarms;
    this.#actions = actions;
    this.#lookup = lookup;
    this.#publish = publish;
  }

  take(events: readonly AlarmEvent[]): void {
    const news = events.flatMap((event) => {
      const live = event.event === 'refused' ? undefined : this.#alarms.apply(event);
      return live ? [{ event: event.event, at: event.at, live }] : [];
    });
    this.#publish(news);
    if (this.#caughtUp) for (const { live } of news) if (needsLookup(live)) this.#lookup.ask(live.alarm.sensor);
    for (const event of events) this.#actions.hear(event);
  }

  /** Call it once everything that was in the log at the start has been taken, so that no client is looked up for alarms that have ended meanwhile. */
  lookUpAll(): void {
    this.#caughtUp = true;
    for (const sensor of this.#alarms.sensors()) this.#lookup.ask(sensor);
  }
}

/** Whether it is a new alarm, or an ended one that came from the archive because an operator added to it. */
function needsLookup({ alarm, client }: LiveAlarm): boolean {
  return client === undefined && (alarm.version === 1 || (isOver(alarm) && alarm.region === ''));
}
