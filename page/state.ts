import { isOver } from '../alarm/lifecycle.ts';
import type { FaultAnswer, ListedAlarm, SensorAnswer, WholeAlarm } from '../console/api/schemas.ts';
import type { Bulk } from './bulk.ts';
import type { Deed } from './deed.ts';
import type { IncidentsShown } from './incidents-shown.ts';
import type { OpenCounts } from './open-counts.ts';
import type { Places } from './places.ts';
import type { Several } from './several.ts';
import type { KnownTypes } from './types.ts';

export interface Session {
  readonly name: string;
  readonly role: 'viewer' | 'operator' | 'supervisor' | 'token';
  readonly rights: readonly string[];
}

/** The link to the server. */
export type Link =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** Nothing has come for too long, or the connection is lost or refused: everything that is shown is old. */
  | { readonly state: 'stale'; readonly reason: string };

export interface Vitals {
  /** The server's time when it sent them, ms since the epoch. */
  readonly at: number;
  readonly log: {
    readonly perSecond: number | null;
    readonly lastStatusAt: number | null;
    readonly problem: string | null;
  };
  readonly places: { readonly hash: string; readonly count: number } | null;
  /** All readings that came in longer than this before `at` are decided; null: not known. */
  readonly behindMs: number | null;
  /** Number of open alarms that the server does not list, but only counts. */
  readonly beyond: number;
  /** Number of further open alarms that the server's archive can't read. */
  readonly damaged: number;
}

export interface MinuteCount {
  readonly minute: string;
  readonly type: ListedAlarm['type'];
  readonly count: number;
}

/** A sensor that is shown, and what is known about it. */
interface SensorView {
  readonly id: string;
  /** Undefined while it is fetched, or if that fails. */
  readonly answer: SensorAnswer | undefined;
  readonly problem: string | undefined;
}

export interface State {
  /** Undefined: not known yet; null: not signed in. */
  session: Session | null | undefined;
  /** How browsers sign in here; undefined: the server hasn't answered yet. */
  signInBy: 'password' | 'token' | undefined;
  signInProblem: string | undefined;
  link: Link;
  /** Since when the link is live, by this browser's clock. */
  liveSince: number | undefined;
  /** When the last byte came, by this browser's clock. */
  lastByteAt: number;
  /** The server's clock minus this browser's, ms. */
  clockOffset: number;
  vitals: Vitals | undefined;
  types: KnownTypes;
  /** The open alarms, and those that have ended while they were open in the panel or under the pointer. */
  readonly alarms: Map<string, ListedAlarm>;
  /** Those of `alarms` that have ended. */
  readonly ended: Set<string>;
  /** The alarms that have ended last, so that a late answer does not bring one back. */
  readonly gone: Set<string>;
  /** Grows with every change of `alarms`. */
  alarmsVersion: number;
  /** Open alarms that the list has no room for; undefined: not known. */
  unlisted: OpenCounts | undefined;
  /** Sensors with open alarms, by the code of the stream. */
  readonly states: Map<number, number>;
  /** Faults by sensor: of the gravest 5,000 sensors, and all that have come since. */
  readonly faults: Map<number, readonly FaultAnswer[]>;
  /** How many sensors have faults in all; undefined: not known. */
  faulty: number | undefined;
  /** Grows with every change of `states` and `faults`. */
  sensorsVersion: number;
  places: Places | undefined;
  counts: readonly MinuteCount[] | undefined;
  /** The highlighted alarm, on which keys act. */
  current: string | undefined;
  /** Grows whenever the list should scroll to the current alarm. */
  reveals: number;
  panel: 'none' | 'alarm' | 'sensor';
  whole: WholeAlarm | undefined;
  /** Why the alarm of the panel can't be shown. */
  panelProblem: string | undefined;
  sensor: SensorView | undefined;
  /** The alarm under the pointer. */
  held: string | undefined;
  /** The operator's actions that are under way or have failed. */
  deeds: readonly Deed[];
  /** Alarms that the operator acknowledges together, and their outcomes. */
  bulks: readonly Bulk[];
  /** What the dialog asks about; undefined: it is closed. */
  several: Several | undefined;
  /** A word about the last key or link, for a few seconds. */
  notice: { readonly text: string; readonly until: number } | undefined;
  /** Notes that are not sent yet, by alarm. */
  readonly drafts: Map<string, string>;
  singleKeys: boolean;
  help: boolean;
  /** Whether the list of who is signed in is open. */
  people: boolean;
  /** How many incidents are open; undefined: none are kept here, or it isn't known. */
  openIncidents: number | undefined;
  /** The view of incidents; undefined: it is closed. */
  incidents: IncidentsShown | undefined;
  /** Whether the list leaves quarantined alarms out; they are counted all the same. */
  hidesQuarantined: boolean;
  /** For screen readers. */
  readonly announced: { urgent: string; rest: string };
}

/** The alarm that the panel shows. */
export const openedOf = ({ panel, current }: Pick<State, 'panel' | 'current'>): string | undefined =>
  panel === 'alarm' ? current : undefined;

/** Stores an alarm unless a newer version is stored. */
export function keepAlarm(state: State, alarm: ListedAlarm): void {
  const known = state.alarms.get(alarm.id);
  if (known && known.version > alarm.version) return;
  if (isOver(alarm)) remember(state.gone, alarm.id);
  else if (state.gone.has(alarm.id)) return;
  if (!known && isOver(alarm) && openedOf(state) !== alarm.id) return;
  state.alarmsVersion += 1;
  state.alarms.set(alarm.id, alarm);
  if (isOver(alarm)) state.ended.add(alarm.id);
}

const GONE_MAX = 5_000;

function remember(gone: Set<string>, id: string): void {
  gone.add(id);
  for (const oldest of gone) {
    if (gone.size <= GONE_MAX) break;
    gone.delete(oldest);
  }
}

/** Removes alarms that have ended, except those that are open in the panel or under the pointer. */
export function forgetEnded(state: State): void {
  for (const id of state.ended) {
    if (id === openedOf(state) || id === state.held) continue;
    state.ended.delete(id);
    if (state.alarms.delete(id)) state.alarmsVersion += 1;
  }
}

/** Whether a person may do something, `acknowledge` for example. The server decides; the page only offers nothing that would be refused. */
export function may(session: Session | null | undefined, right: string): boolean {
  return session?.rights.includes(right) ?? false;
}
