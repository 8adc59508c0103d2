import type { AlarmEvent } from '../../alarm/alarm.ts';
import { isOver } from '../../alarm/lifecycle.ts';
import type { Actions } from './actions.ts';
import type { ClientLookup } from './client-lookup.ts';
import type { LiveAlarm, OpenAlarms } from './open-alarms.ts';

/** What happened to an alarm: a change from the log, or `located` once the directory has said where its sensor is. */
export interface News {
  readonly event: string;
  readonly at: number;
  readonly live: LiveAlarm;
}

/** Passes on what the log says of alarms: to memory, to the streams, and to those who wait for the outcome of an action. */
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

  /** All that was in the log at the start has been taken: what has ended meanwhile needs no client. */
  lookUpAll(): void {
    this.#caughtUp = true;
    for (const sensor of this.#alarms.sensors()) this.#lookup.ask(sensor);
  }
}

/** A new alarm, and an ended one that comes back by what an operator adds to it. */
function needsLookup({ alarm, client }: LiveAlarm): boolean {
  return client === undefined && (alarm.version === 1 || (isOver(alarm) && alarm.region === ''));
}
