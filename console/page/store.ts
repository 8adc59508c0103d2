import type { ListedAlarm, WholeAlarm } from '../api/schemas.ts';
import type { Places } from './places.ts';
import { inOrder } from './queue-order.ts';

export interface Session {
  readonly name: string;
  readonly role: 'operator' | 'viewer';
}

/** How the page stands to the server. */
export type Link =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** Nothing has come for too long, or the connection is gone: all that is shown is old. */
  | { readonly state: 'stale'; readonly reason: string };

export interface Vitals {
  /** When the server looked, ms since the epoch. */
  readonly at: number;
  readonly log: {
    readonly perSecond: number | null;
    readonly lastStatusAt: number | null;
    readonly position: readonly number[];
    readonly problem: string | null;
  };
  readonly places: { readonly hash: string; readonly count: number } | null;
  readonly open: number;
}

export interface MinuteCount {
  readonly minute: string;
  readonly type: ListedAlarm['type'];
  readonly count: number;
}

export interface State {
  /** Undefined: not known yet; null: not signed in. */
  session: Session | null | undefined;
  signInProblem: string | undefined;
  link: Link;
  /** When the last byte came, by this browser's clock. */
  lastByteAt: number;
  /** What to add to this browser's clock to have the server's. */
  clockOffset: number;
  vitals: Vitals | undefined;
  /** All open alarms, and the one that is open on the screen. */
  readonly alarms: Map<string, ListedAlarm>;
  /** Grows with every change of `alarms`. */
  alarmsVersion: number;
  /** Sensors that aren't well, by the code of the stream. */
  readonly states: Map<number, number>;
  places: Places | undefined;
  counts: readonly MinuteCount[] | undefined;
  selected: string | undefined;
  opened: string | undefined;
  whole: WholeAlarm | undefined;
  /** What became of the last action, where it went wrong. */
  actionProblem: string | undefined;
  acting: boolean;
  /** Notes that are not sent yet, by alarm. */
  readonly drafts: Map<string, string>;
  singleKeys: boolean;
  help: boolean;
  /** For screen readers. */
  readonly announced: { urgent: string; rest: string };
}

type Listener = () => void;

/** All that the page knows. A change is drawn with the next frame, however many there were. */
export class Store {
  readonly state: State = {
    session: undefined,
    signInProblem: undefined,
    link: { state: 'connecting' },
    lastByteAt: Date.now(),
    clockOffset: 0,
    vitals: undefined,
    alarms: new Map(),
    alarmsVersion: 0,
    states: new Map(),
    places: undefined,
    counts: undefined,
    selected: undefined,
    opened: undefined,
    whole: undefined,
    actionProblem: undefined,
    acting: false,
    drafts: new Map(),
    singleKeys: true,
    help: false,
    announced: { urgent: '', rest: '' },
  };
  #sorted: readonly ListedAlarm[] = [];
  #sortedAs = -1;
  readonly #listeners = new Set<Listener>();
  #frame: number | undefined;

  update(change: (state: State) => unknown): void {
    change(this.state);
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      for (const listener of this.#listeners) listener();
    });
  }

  set(fields: Partial<State>): void {
    this.update((state) => Object.assign(state, fields));
  }

  subscribe(listener: Listener): void {
    this.#listeners.add(listener);
  }

  /** The alarms, most urgent first. */
  sorted(): readonly ListedAlarm[] {
    if (this.#sortedAs !== this.state.alarmsVersion) {
      this.#sorted = inOrder(this.state.alarms, this.#sorted);
      this.#sortedAs = this.state.alarmsVersion;
    }
    return this.#sorted;
  }

  /** The server's time, ms since the epoch. */
  now(): number {
    return Date.now() + this.state.clockOffset;
  }

  /** Whether actions make sense at the moment. */
  get mayAct(): boolean {
    return this.state.link.state === 'live' && this.state.session?.role === 'operator' && !this.state.acting;
  }
}

/** Keeps the newer of two; closed alarms leave, unless they are looked at. */
export function keepAlarm(state: State, alarm: ListedAlarm): void {
  const known = state.alarms.get(alarm.id);
  if (known && known.version > alarm.version) return;
  state.alarmsVersion += 1;
  if (alarm.state === 'CLEARED_ACK' && state.opened !== alarm.id) state.alarms.delete(alarm.id);
  else state.alarms.set(alarm.id, alarm);
}
