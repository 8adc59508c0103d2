import type { ListedAlarm, TypeAnswer } from '../console/api/schemas.ts';
import { NO_OPEN_ALARM } from '../console/live/sensor-code.ts';
import { type FaultySensor, keepFaults } from './faults.ts';
import { type OpenCounts, without } from './open-counts.ts';
import { EventParser, type ServerEvent } from './sse.ts';
import { keepAlarm, openedOf, type Vitals } from './state.ts';
import type { Store } from './store.ts';
import { KnownTypes } from './types.ts';

/** The server sends a beat every 3 s, so after this long without any the link is dead, even if the browser hasn't noticed. */
const SILENCE_MS = 10_000;
const RETRY_MS = [250, 500, 1_000, 2_000, 3_000];

export interface News {
  readonly event: string;
  readonly alarm: ListedAlarm;
}

/** An older server sends only the number of open alarms, without types. */
type Beat = Omit<Vitals, 'at' | 'behindMs' | 'beyond' | 'damaged'> & {
  /** These two are missing from an older server. */
  readonly beyond?: number;
  readonly damaged?: number;
  readonly now: string;
  readonly open?: OpenCounts | number;
  readonly detection?: { readonly behindMs: number | null };
  /** How many sensors have faults. */
  readonly faults?: number | null;
  /** How many incidents are open. */
  readonly incidents?: number | null;
};
type Snapshot = Omit<Beat, 'faults'> & {
  /** Missing from an older server. */
  readonly types?: readonly TypeAnswer[];
  readonly alarms: readonly ListedAlarm[];
  readonly states: readonly number[];
  readonly faults?: readonly FaultySensor[] | null;
};

/** Copies the server's live stream into the store until it is stopped, and marks the store as stale as soon as it is no longer live. */
export class LiveLink {
  readonly #store: Store;
  readonly #onNews: (news: News) => void;
  readonly #onSnapshot: () => void;
  readonly #onSignedOut: () => void;
  readonly #onIncident: () => void;
  #lastId: string | undefined;
  #abort: AbortController | undefined;
  #running = false;

  constructor(store: Store, onNews: (news: News) => void, onSnapshot: () => void, onSignedOut: () => void, onIncident: () => void) {
    this.#store = store;
    this.#onNews = onNews;
    this.#onSnapshot = onSnapshot;
    this.#onSignedOut = onSignedOut;
    this.#onIncident = onIncident;
  }

  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    const watchdog = setInterval(() => this.#watch(), 500);
    for (let failures = 0; this.#running; failures += 1) {
      const openedAt = Date.now();
      const reason = await this.#follow();
      if (!this.#running) break;
      if (Date.now() - openedAt > SILENCE_MS) failures = 0;
      this.#store.update((state) => {
        state.link = { state: 'stale', reason };
      });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]));
    }
    clearInterval(watchdog);
  }

  stop(): void {
    this.#running = false;
    this.#abort?.abort();
  }

  /** Reads one connection to its end; resolves with the reason why it ended. */
  async #follow(): Promise<string> {
    this.#abort = new AbortController();
    try {
      const query = this.#lastId === undefined ? '' : `?last=${encodeURIComponent(this.#lastId)}`;
      const response = await fetch(`/api/live${query}`, { signal: this.#abort.signal, cache: 'no-store' });
      if (response.status === 401) {
        this.stop();
        this.#onSignedOut();
        return 'the session is over';
      }
      if (!response.ok || !response.body)
        return ((await response.json()) as { error?: string }).error ?? `the server answered ${response.status}`;
      await this.#read(response.body);
      return 'the server has closed the connection';
    } catch {
      return this.#abort.signal.aborted ? `nothing has come for ${SILENCE_MS / 1_000} s` : 'the server cannot be reached';
    }
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const parser = new EventParser();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = parser.push(decoder.decode(value, { stream: true }));
      this.#store.update((state) => {
        state.lastByteAt = Date.now();
        if (events.length > 0 && state.link.state !== 'live') {
          state.link = { state: 'live' };
          state.liveSince = Date.now();
        }
        for (const event of events) this.#apply(event);
      });
    }
  }

  #watch(): void {
    const { lastByteAt, link } = this.#store.state;
    if (link.state === 'live' && Date.now() - lastByteAt > SILENCE_MS) this.#abort?.abort();
  }

  #apply({ id, event, data }: ServerEvent): void {
    const { state } = this.#store;
    if (id !== undefined) this.#lastId = id;
    switch (event) {
      case 'snapshot':
        this.#applySnapshot(JSON.parse(data) as Snapshot);
        break;
      case 'alarm': {
        const news = JSON.parse(data) as News;
        keepAlarm(state, news.alarm);
        this.#onNews(news);
        break;
      }
      case 'states':
        this.#applyStates((JSON.parse(data) as { states: readonly number[] }).states);
        break;
      case 'faults':
        keepFaults(state, JSON.parse(data) as readonly FaultySensor[]);
        state.sensorsVersion += 1;
        break;
      case 'incident':
        this.#onIncident();
        break;
      case 'beat':
        this.#applyVitals(JSON.parse(data) as Beat);
        break;
    }
  }

  #applySnapshot(snapshot: Snapshot): void {
    const { state } = this.#store;
    const before = new Set(state.alarms.keys());
    const isFirst = state.vitals === undefined;
    const opened = openedOf(state);
    const looked = opened === undefined ? undefined : state.alarms.get(opened);
    // The server may have been restarted with other settings.
    if (snapshot.types) state.types = new KnownTypes(snapshot.types);
    state.alarmsVersion += 1;
    state.alarms.clear();
    state.ended.clear();
    // The open alarm stays, and is fetched again.
    if (looked) keepAlarm(state, looked);
    for (const alarm of snapshot.alarms) {
      keepAlarm(state, alarm);
      if (!isFirst && !before.has(alarm.id)) this.#onNews({ event: 'raised', alarm });
    }
    this.#onSnapshot();
    this.#onIncident();
    state.states.clear();
    this.#applyStates(snapshot.states);
    state.faults.clear();
    keepFaults(state, snapshot.faults ?? []);
    this.#applyVitals({ ...snapshot, faults: snapshot.faults?.length ?? null });
  }

  #applyStates(states: readonly number[]): void {
    const { state } = this.#store;
    state.sensorsVersion += 1;
    for (let i = 0; i + 1 < states.length; i += 2) {
      const [sensor, code] = [states[i] as number, states[i + 1] as number];
      if (code === NO_OPEN_ALARM) state.states.delete(sensor);
      else state.states.set(sensor, code);
    }
  }

  #applyVitals({ now, log, places, open, detection, faults, beyond, damaged, incidents }: Beat): void {
    const { state } = this.#store;
    const at = Date.parse(now);
    state.vitals = { at, log, places, behindMs: detection?.behindMs ?? null, beyond: beyond ?? 0, damaged: damaged ?? 0 };
    state.faulty = faults ?? undefined;
    state.openIncidents = incidents ?? undefined;
    state.clockOffset = at - Date.now();
    state.unlisted = typeof open === 'object' ? without(open, this.#store.listed()) : undefined;
  }
}
