import type { ListedAlarm } from '../console/api/schemas.ts';
import { countOpen, type OpenCounts, sumOf } from './open-counts.ts';
import { inOrder } from './queue-order.ts';
import { forgetEnded, may, type State } from './state.ts';
import { KnownTypes } from './types.ts';

type Listener = () => void;

const NOTICE_MS = 8_000;
/** A hidden window gets no frames, but its title must stay up to date. */
const HIDDEN_MS = 1_000;

/** Everything that the page knows. All changes are drawn together with the next frame. */
export class Store {
  readonly state: State = {
    session: undefined,
    signInBy: undefined,
    signInProblem: undefined,
    link: { state: 'connecting' },
    liveSince: undefined,
    lastByteAt: Date.now(),
    clockOffset: 0,
    vitals: undefined,
    types: new KnownTypes([]),
    alarms: new Map(),
    ended: new Set(),
    gone: new Set(),
    alarmsVersion: 0,
    unlisted: undefined,
    states: new Map(),
    faults: new Map(),
    faulty: undefined,
    sensorsVersion: 0,
    places: undefined,
    counts: undefined,
    current: undefined,
    reveals: 0,
    panel: 'none',
    whole: undefined,
    panelProblem: undefined,
    sensor: undefined,
    held: undefined,
    deeds: [],
    bulks: [],
    several: undefined,
    notice: undefined,
    drafts: new Map(),
    singleKeys: true,
    help: false,
    people: false,
    openIncidents: undefined,
    incidents: undefined,
    hidesQuarantined: false,
    announced: { urgent: '', rest: '' },
  };
  #sorted: readonly ListedAlarm[] = [];
  /** Those of them that aren't quarantined. */
  #clients: readonly ListedAlarm[] = [];
  #listed: OpenCounts = countOpen([]);
  #sortedAs = -1;
  readonly #listeners = new Set<Listener>();
  #frame: number | undefined;
  #late: ReturnType<typeof setTimeout> | undefined;

  update(change: (state: State) => unknown): void {
    change(this.state);
    forgetEnded(this.state);
    if (this.#frame !== undefined) return;
    this.#frame = requestAnimationFrame(this.#notify);
    this.#late = setTimeout(this.#notify, HIDDEN_MS);
  }

  readonly #notify = (): void => {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#late);
    this.#frame = undefined;
    for (const listener of this.#listeners) listener();
  };

  set(fields: Partial<State>): void {
    this.update((state) => Object.assign(state, fields));
  }

  say(text: string): void {
    this.set({ notice: { text, until: Date.now() + NOTICE_MS } });
  }

  subscribe(listener: Listener): void {
    this.#listeners.add(listener);
  }

  /** The alarms, most urgent first: the order of list, keys and map. */
  sorted(): readonly ListedAlarm[] {
    this.#sort();
    return this.#sorted;
  }

  /** What the list shows of them: keys go from one of these to the next. */
  shown(): readonly ListedAlarm[] {
    this.#sort();
    return this.state.hidesQuarantined ? this.#clients : this.#sorted;
  }

  /** The open alarms that are listed or left out by choice, counted. */
  listed(): OpenCounts {
    this.#sort();
    return this.#listed;
  }

  /** All open alarms, counted; undefined: not known. */
  open(): OpenCounts | undefined {
    return sumOf(this.listed(), this.state.unlisted);
  }

  #sort(): void {
    if (this.#sortedAs === this.state.alarmsVersion) return;
    this.#sorted = inOrder(this.state.alarms, this.#sorted);
    this.#clients = this.#sorted.filter(({ quarantined }) => !quarantined);
    this.#listed = countOpen(this.#sorted);
    this.#sortedAs = this.state.alarmsVersion;
  }

  /** The server's time, ms since the epoch. */
  now(): number {
    return Date.now() + this.state.clockOffset;
  }

  /** Whether the operator can act at the moment. */
  get mayAct(): boolean {
    return this.state.link.state === 'live' && may(this.state.session, 'acknowledge');
  }
}
