/** What the view of incidents knows and does: it changes the store and calls the server. */
import type { ListedIncidentAnswer, WholeIncidentAnswer } from '../console/api/schemas-incidents.ts';
import { callApi } from './api.ts';
import type { IncidentsShown } from './incidents-shown.ts';
import { newUuid } from './new-id.ts';
import type { Store } from './store.ts';

export interface IncidentWish {
  readonly kind: 'take' | 'release' | 'note' | 'close';
  readonly body: object;
}

const NOTHING: IncidentsShown = { list: [], hasMore: false, problems: [], opened: undefined, said: undefined, isUnderWay: false };
const LISTED = 200;
/** Many changes at once are one request. */
const PAUSE_MS = 200;

interface Page {
  readonly incidents: readonly ListedIncidentAnswer[];
  readonly cursor: string | null;
  readonly problems?: readonly string[];
}

export class IncidentWork {
  readonly #store: Store;
  #refreshing: ReturnType<typeof setTimeout> | undefined;
  /** An action of which it isn't known whether it was done: the same again has the same key, so that it is done once. */
  #unsure: { readonly what: string; readonly key: string } | undefined;

  constructor(store: Store) {
    this.#store = store;
  }

  show(): void {
    this.#store.set({ incidents: NOTHING });
    void this.#load();
  }

  close(): void {
    this.#store.set({ incidents: undefined });
  }

  async open(id: string): Promise<void> {
    const { status, body, error } = await callApi<WholeIncidentAnswer>('GET', `/api/incidents/${encodeURIComponent(id)}`);
    this.#set(status === 200 && body ? { opened: body, said: undefined } : { said: error });
  }

  /** Call it when an incident has changed. */
  refreshSoon(): void {
    if (!this.#store.state.incidents) return;
    this.#refreshing ??= setTimeout(() => {
      this.#refreshing = undefined;
      void this.#refresh();
    }, PAUSE_MS);
  }

  async act(id: string, { kind, body }: IncidentWish): Promise<void> {
    const { incidents } = this.#store.state;
    if (!incidents || incidents.isUnderWay || !this.#store.mayAct) return;
    const path = `/api/incidents/${encodeURIComponent(id)}/${kind}`;
    const what = JSON.stringify([path, body]);
    const key = this.#unsure?.what === what ? this.#unsure.key : newUuid();
    this.#set({ isUnderWay: true, said: undefined });
    const answer = await callApi<WholeIncidentAnswer & { readonly incident?: WholeIncidentAnswer | null }>('POST', path, body, {
      'idempotency-key': key,
    });
    const isUnsure = answer.status === 0 || answer.status >= 500;
    this.#unsure = isUnsure ? { what, key } : undefined;
    if (answer.status === 200 && (kind === 'note' || kind === 'close')) this.#store.update(({ drafts }) => drafts.delete(id));
    const now = answer.status === 200 ? answer.body : answer.body?.incident;
    this.#set({
      isUnderWay: false,
      ...(now && { opened: now }),
      said: isUnsure ? `It is not known whether that was done (${answer.error}). Press it again: it is done only once.` : answer.error,
    });
    await this.#load();
  }

  async #refresh(): Promise<void> {
    const id = this.#store.state.incidents?.opened?.id;
    await Promise.all([this.#load(), id === undefined ? undefined : this.#reopen(id)]);
  }

  /** A message about the last action stays. */
  async #reopen(id: string): Promise<void> {
    const { status, body } = await callApi<WholeIncidentAnswer>('GET', `/api/incidents/${encodeURIComponent(id)}`);
    const opened = this.#store.state.incidents?.opened;
    if (status === 200 && body && opened?.id === id && body.version >= opened.version) this.#set({ opened: body });
  }

  async #load(): Promise<void> {
    const { status, body, error } = await callApi<Page>('GET', `/api/incidents?limit=${LISTED}`);
    if (status === 200 && body) this.#set({ list: body.incidents, hasMore: body.cursor !== null, problems: body.problems ?? [] });
    else this.#set({ problems: [`The list may be out of date: ${error}`] });
  }

  #set(changes: Partial<IncidentsShown>): void {
    this.#store.update((state) => {
      if (state.incidents) state.incidents = { ...state.incidents, ...changes };
    });
  }
}
