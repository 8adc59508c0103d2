/** What is remembered of a sensor, and its form in topic STATE. */
import type { Alarm } from './alarm.ts';
import type { Hits } from './kept-hits.ts';
import { isActive } from './lifecycle.ts';
import { ALARM_TYPES, type AlarmType } from './status.ts';

export interface TypeState {
  /** The latest hits, as many as the rule asks for. */
  hits: Hits;
  /** Where the rule has `within`: the latest hits that met it. Without, `hits` say it themselves. */
  proof: Hits | undefined;
  /** Alarms that aren't over, in the order they were raised: only the last can be active, the others await acknowledgement. */
  open: readonly Alarm[];
}

export interface SensorState extends Readonly<Record<AlarmType, TypeState>> {
  /** Time of the newest OK, as long as older hits may still come in. */
  okAt: number | undefined;
  /** Whether letting go of `okAt` is scheduled; not part of what is stored. */
  scheduled: boolean;
}

const VERSION = 1;
const NONE: readonly never[] = [];

/** Cleared alarms of a flapping sensor: they are stored with every hit, and don't change until someone acknowledges them. */
const clearedJson = new WeakMap<Alarm, string>();

export function emptyState(): SensorState {
  return { okAt: undefined, scheduled: false, motion: emptyType(), smoke: emptyType(), temperature: emptyType() };
}

function emptyType(): TypeState {
  return { hits: NONE, proof: undefined, open: NONE };
}

export function isEmpty(state: SensorState): boolean {
  return state.okAt === undefined && ALARM_TYPES.every((type) => isEmptyType(state[type]));
}

export function activeOf(state: TypeState): Alarm | undefined {
  const last = state.open.at(-1);
  return last !== undefined && isActive(last) ? last : undefined;
}

/** The open alarm in place of the version before it; gone, if it is over. */
export function replaceOpen(state: TypeState, alarm: Alarm): void {
  state.open =
    alarm.state === 'CLEARED_ACK'
      ? state.open.filter(({ id }) => id !== alarm.id)
      : state.open.map((open) => (open.id === alarm.id ? alarm : open));
}

export function toJson(state: SensorState): string {
  const ok = state.okAt === undefined ? '' : `,"ok":${state.okAt}`;
  let json = `{"v":${VERSION}${ok}`;
  for (const type of ALARM_TYPES) if (!isEmptyType(state[type])) json += `,"${type}":${typeJson(state[type])}`;
  return `${json}}`;
}

function typeJson({ hits, proof, open }: TypeState): string {
  const proven = proof === undefined ? '' : `,"proof":${JSON.stringify(proof)}`;
  return `{"hits":${JSON.stringify(hits)}${proven},"open":[${open.map(alarmJson).join(',')}]}`;
}

/** Bytes that the alarms take in the state. */
export function bytesOf(alarms: readonly Alarm[]): number {
  return alarms.reduce((sum, alarm) => sum + Buffer.byteLength(alarmJson(alarm)), 0);
}

function alarmJson(alarm: Alarm): string {
  if (isActive(alarm)) return JSON.stringify(alarm);
  let json = clearedJson.get(alarm);
  if (json === undefined) {
    json = JSON.stringify(alarm);
    clearedJson.set(alarm, json);
  }
  return json;
}

/** Reads what `toJson` wrote. Throws if another version did. */
export function fromJson(json: string): SensorState {
  const stored = JSON.parse(json) as { v: number; ok?: number } & Partial<Record<AlarmType, TypeState>>;
  if (stored.v !== VERSION) throw new Error(`sensor state has version ${stored.v}, this program reads ${VERSION}`);
  const state = emptyState();
  state.okAt = stored.ok;
  for (const type of ALARM_TYPES) Object.assign(state[type], stored[type]);
  return state;
}

function isEmptyType({ hits, open }: TypeState): boolean {
  return hits.length === 0 && open.length === 0;
}
