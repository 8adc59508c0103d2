import type { ListedAlarm } from '../console/api/schemas.ts';
import type { Store } from './store.ts';
import type { KnownTypes } from './types.ts';
import { whereWords } from './words.ts';

const GATHER_MS = 5_000;

/** Announces new alarms to screen readers: critical ones at once, the others in one sentence every few seconds. */
export class Announcements {
  readonly #store: Store;
  #gathered: ListedAlarm[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  raised(alarm: ListedAlarm): void {
    if (alarm.severity === 'CRITICAL' && !alarm.quarantined) {
      this.#store.update(({ announced, types }) => Object.assign(announced, { urgent: sentence(alarm, types) }));
      return;
    }
    this.#gathered.push(alarm);
    if (this.#gathered.length === 1) setTimeout(() => this.#sayGathered(), GATHER_MS);
  }

  #sayGathered(): void {
    const [first, ...others] = this.#gathered;
    this.#gathered = [];
    if (!first) return;
    const rest = others.length === 0 ? sentence(first, this.#store.state.types) : `${others.length + 1} new alarms`;
    this.#store.update(({ announced }) => Object.assign(announced, { rest }));
  }
}

const sentence = (alarm: ListedAlarm, types: KnownTypes): string => `New alarm: ${types.of(alarm.type).text}, ${whereWords(alarm)}`;
