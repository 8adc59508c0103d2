import type { ListedAlarm } from '../console/api/schemas.ts';
import { callApi } from './api.ts';
import { total, without } from './open-counts.ts';
import { keepAlarm } from './state.ts';
import type { Store } from './store.ts';

/** The stream begins with at most 5,000 alarms. Once fewer than this are left, others that it had no room for are fetched. */
const ROOM_BELOW = 2_000;
const PAGE = 1_000;
const PAGES_MAX = 50;
const AGAIN_MS = 10_000;

export class UnlistedAlarms {
  readonly #store: Store;
  #triedAt = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  async fetchWhereRoom(): Promise<void> {
    const { link, unlisted } = this.#store.state;
    if (link.state !== 'live' || !unlisted || total(unlisted.byType) === 0) return;
    if (total(this.#store.listed().byType) >= ROOM_BELOW || Date.now() - this.#triedAt < AGAIN_MS) return;
    this.#triedAt = Date.now();
    let cursor = '';
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const { status, body } = await callApi<{ alarms: readonly ListedAlarm[]; cursor: string | null }>(
        'GET',
        `/api/alarms?state=open&limit=${PAGE}${cursor}`,
      );
      if (status !== 200 || !body) return;
      const open = this.#store.open();
      this.#store.update((state) => {
        for (const alarm of body.alarms) keepAlarm(state, alarm);
        state.unlisted = open && without(open, this.#store.listed());
      });
      if (body.cursor === null || total(this.#store.listed().byType) >= ROOM_BELOW * 2) return;
      cursor = `&cursor=${encodeURIComponent(body.cursor)}`;
    }
  }
}
