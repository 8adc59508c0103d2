/** What is remembered of a sensor, and its form in topic STATE. */
import type { Alarm } from './alarm.ts';
import type { Hits } from './kept-hits.ts';
import { isActive, isOver } from './lifecycle.ts';
import type { Repeatable } from './repeats.ts';
import { ALARM_TYPES, type AlarmType } from './status.ts';
import type { FaultState } from './supervision.ts';

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
  /** Hits that may be sent again. */
  repeatable: readonly Repeatable[];
  /** Alarms that are over, for notes and dispositions; the one that ended last comes last. */
  ended: readonly Alarm[];
  /** ENTRY time for which letting go of something is scheduled, or NEVER; not part of what is stored. */
  due: number;
}

/** All that topic STATE holds of a sensor. */
export interface StoredSensor {
  readonly state: SensorState | undefined;
  /** Which detectors it has reported, as a number. */
  readonly known: number;
  readonly faults: FaultState | undefined;
}

export const NEVER = Number.POSITIVE_INFINITY;

/** Version 1 had neither `repeatable`, `ended`, `known` nor `faults`; what it had is the same. */
const VERSION = 2;
const NONE: readonly never[] = [];
/** Most sensors have no more. */
const knownAlone = Array.from({ length: 8 }, (_, known) => `{"v":${VERSION},"known":${known}}`);
const KNOWN_ALONE = /^\{"v":2,"known":(\d)\}$/;

/** Alarms over, up to this many of a sensor and about this many bytes of JSON, take notes and dispositions for this long. */
export const ENDED_MAX = 8;
export const ENDED_BYTES_MAX = 24 * 1024;
export const ENDED_FOR_MS = 86_400_000;

/** Alarms that aren't active: they are stored with every hit, and don't change until someone acts on them. */
const restingJson = new WeakMap<Alarm, string>();

export function emptyState(): SensorState {
  return {
    okAt: undefined,
    repeatable: NONE,
    ended: NONE,
    due: NEVER,
    motion: emptyType(),
    smoke: emptyType(),
    temperature: emptyType(),
  };
}

function emptyType(): TypeState {
  return { hits: NONE, proof: undefined, open: NONE };
}

export function isEmpty({ okAt, repeatable, ended, ...types }: SensorState): boolean {
  return okAt === undefined && repeatable.length === 0 && ended.length === 0 && ALARM_TYPES.every((type) => isEmptyType(types[type]));
}

export function activeOf(state: TypeState): Alarm | undefined {
  const last = state.open.at(-1);
  return last !== undefined && isActive(last) ? last : undefined;
}

/** The alarm in place of the version before it, among those that are open or those that are over. */
export function replace(state: SensorState, alarm: Alarm): void {
  const type = state[alarm.type];
  if (!isOver(alarm)) type.open = type.open.map((open) => (open.id === alarm.id ? alarm : open));
  else if (state.ended.some(({ id }) => id === alarm.id)) state.ended = state.ended.map((ended) => (ended.id === alarm.id ? alarm : ended));
  else {
    type.open = type.open.filter(({ id }) => id !== alarm.id);
    const ended = [...state.ended, alarm].slice(-ENDED_MAX);
    while (ended.length > 1 && bytesOf(ended) > ENDED_BYTES_MAX) ended.shift();
    state.ended = ended;
  }
}

/** undefined: there is nothing to store. */
export function toJson({ state, known, faults }: StoredSensor): string | undefined {
  if (state === undefined && faults === undefined && known !== 0) return knownAlone[known];
  let json = '';
  if (known !== 0) json += `,"known":${known}`;
  if (faults !== undefined) json += `,"faults":${JSON.stringify(faults)}`;
  if (state !== undefined) json += stateJson(state);
  return json === '' ? undefined : `{"v":${VERSION}${json}}`;
}

function stateJson(state: SensorState): string {
  let json = state.okAt === undefined ? '' : `,"ok":${state.okAt}`;
  if (state.repeatable.length > 0) json += `,"repeatable":${JSON.stringify(state.repeatable)}`;
  if (state.ended.length > 0) json += `,"ended":[${state.ended.map(alarmJson).join(',')}]`;
  for (const type of ALARM_TYPES) if (!isEmptyType(state[type])) json += `,"${type}":${typeJson(state[type])}`;
  return json;
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
  let json = restingJson.get(alarm);
  if (json === undefined) {
    json = JSON.stringify(alarm);
    restingJson.set(alarm, json);
  }
  return json;
}

interface Stored extends Partial<Record<AlarmType, TypeState>> {
  readonly v: number;
  readonly ok?: number;
  readonly repeatable?: readonly Repeatable[];
  readonly ended?: readonly Alarm[];
  readonly known?: number;
  readonly faults?: FaultState;
}

/** Reads what `toJson` wrote. Throws if a newer version did. */
export function fromJson(json: string): StoredSensor {
  const alone = KNOWN_ALONE.exec(json);
  if (alone) return { state: undefined, known: Number(alone[1]), faults: undefined };
  const { v, ok, repeatable = NONE, ended = NONE, known = 0, faults, ...types } = JSON.parse(json) as Stored;
  if (v !== 1 && v !== VERSION) throw new Error(`sensor state has version ${v}, this program reads 1 and ${VERSION}`);
  const state: SensorState = { ...emptyState(), okAt: ok, repeatable, ended };
  for (const type of ALARM_TYPES) Object.assign(state[type], types[type]);
  return { state: isEmpty(state) ? undefined : state, known, faults };
}

function isEmptyType({ hits, open }: TypeState): boolean {
  return hits.length === 0 && open.length === 0;
}
