/** The state of a sensor, and its form in topic STATE. */
import type { Alarm, Evidence } from './alarm.ts';
import type { Hits } from './kept-hits.ts';
import { isActive, isOver } from './lifecycle.ts';
import type { Repeatable } from './repeats.ts';
import type { FaultState } from './supervision.ts';
import type { TypeBits, TypeSet } from './type-set.ts';

export interface TypeState {
  /** The type's name. */
  readonly type: string;
  /** The latest hits, at most as many as the type asks for. */
  hits: Hits;
  /** If the type has `within`: the latest hits that were enough for an alarm. Otherwise `hits` show that. */
  proof: Hits | undefined;
  /** Alarms that aren't over, in the order they were raised: only the last can be active, the others await acknowledgement. */
  open: readonly Alarm[];
  /** When it was found that the hits before are lost, epoch ms: since there may have been all but one, the next hit is enough. */
  lostAt?: number | undefined;
}

export interface SensorState {
  /** Types that have something to remember, in the order of the settings; after them, types that are no longer in the settings. */
  types: readonly TypeState[];
  /** Time of the newest OK, as long as older hits may still come in. */
  okAt: number | undefined;
  /** Hits that may be sent again. */
  repeatable: readonly Repeatable[];
  /** Alarms that are over, for notes and dispositions; the one that ended last comes last. */
  ended: readonly Alarm[];
  /** Whether no client had the sensor when it last sent a hit or a recovery. */
  isUnknown: boolean;
  /** ENTRY time at which something is due to be forgotten, or NEVER; not stored. */
  due: number;
}

/** Everything that topic STATE holds about a sensor. */
export interface StoredSensor {
  readonly state: SensorState | undefined;
  /** The types that it has reported. */
  readonly known: TypeBits;
  readonly faults: FaultState | undefined;
}

export const NEVER = Number.POSITIVE_INFINITY;

/** How many sets of reported types are cached as JSON. Usually there are only a few; the bound is for strangers. */
const ALONE_MAX = 256;

/**
 * Version 3 names the types and what a sensor has reported. Version 2 had the three types of the reference system as members, and `known` as a number;
 * version 1 had no `repeatable`, `ended`, `known` or `faults`.
 */
const VERSION = 3;
const TYPES_OF_2 = ['motion', 'smoke', 'temperature'];
const NONE: readonly never[] = [];

/** Alarms that are over accept notes and dispositions for this long: at most this many of a sensor, and about this many bytes of JSON. */
export const ENDED_MAX = 8;
export const ENDED_BYTES_MAX = 24 * 1024;
export const ENDED_FOR_MS = 86_400_000;

/** JSON of alarms that aren't active: they are stored with every hit, and don't change until somebody acts on them. */
const restingJson = new WeakMap<Alarm, string>();

export function emptyState(): SensorState {
  return { types: NONE, okAt: undefined, repeatable: NONE, ended: NONE, isUnknown: false, due: NEVER };
}

export function isEmpty({ okAt, repeatable, ended, types }: SensorState): boolean {
  return okAt === undefined && repeatable.length === 0 && ended.length === 0 && types.every(isEmptyType);
}

/** The state of that type, created if there is none yet. */
export function typeStateOf(state: SensorState, type: string, types: TypeSet): TypeState {
  const found = state.types.find((known) => known.type === type);
  if (found) return found;
  const made: TypeState = { type, hits: NONE, proof: undefined, open: NONE };
  state.types = inOrder([...state.types.filter((known) => !isEmptyType(known)), made], types);
  return made;
}

function inOrder(states: readonly TypeState[], types: TypeSet): readonly TypeState[] {
  if (states.length <= 1) return states;
  const place = ({ type }: TypeState): number => types.placeOf(type) ?? types.types.length;
  return states.toSorted((a, b) => place(a) - place(b) || (a.type < b.type ? -1 : 1));
}

export function activeOf(state: TypeState): Alarm | undefined {
  const last = state.open.at(-1);
  return last !== undefined && isActive(last) ? last : undefined;
}

/** Puts the alarm in place of its previous version, among the open ones or those that are over. */
export function replace(state: SensorState, alarm: Alarm): void {
  const type = state.types.find((known) => known.type === alarm.type);
  if (!isOver(alarm)) {
    if (type) type.open = type.open.map((open) => (open.id === alarm.id ? alarm : open));
  } else if (state.ended.some(({ id }) => id === alarm.id))
    state.ended = state.ended.map((ended) => (ended.id === alarm.id ? alarm : ended));
  else {
    if (type) type.open = type.open.filter(({ id }) => id !== alarm.id);
    const ended = [...state.ended, alarm].slice(-ENDED_MAX);
    while (ended.length > 1 && bytesOf(ended) > ENDED_BYTES_MAX) ended.shift();
    state.ended = ended;
  }
}

/** A newer version of Tocsin has written it. */
export class NewerState extends Error {
  constructor(version: number) {
    super(`sensor state has version ${version}, this program reads 1 to ${VERSION}: start the newer version of Tocsin that wrote it`);
  }
}

/** No version of Tocsin has written it so: it is damaged. */
export class UnreadableState extends Error {}

/** Reads and writes states for the types of an installation. */
export class StateFormat {
  readonly #types: TypeSet;
  /** Caches for sensors with nothing but the types that they have reported: most sensors, nearly all with the same types. */
  readonly #knownAlone = new Map<TypeBits, string>();
  readonly #readAlone = new Map<string, TypeBits>();

  constructor(types: TypeSet) {
    this.#types = types;
  }

  /** Undefined: there is nothing to store. */
  toJson({ state, known, faults }: StoredSensor): string | undefined {
    if (state === undefined && faults === undefined) return known === 0 ? undefined : this.#knownAloneJson(known);
    let json = '';
    if (known !== 0) json += `,"known":${JSON.stringify(this.#types.namesOf(known))}`;
    if (faults !== undefined) json += `,"faults":${JSON.stringify(faults)}`;
    if (state !== undefined) json += stateJson(state);
    return json === '' ? undefined : `{"v":${VERSION}${json}}`;
  }

  /** Reads what `toJson` wrote. Throws NewerState if a newer version did, UnreadableState if nothing of ours has written it. */
  fromJson(json: string): StoredSensor {
    const alone = this.#readAlone.get(json);
    if (alone !== undefined) return { state: undefined, known: alone, faults: undefined };
    const stored = parsed(json);
    const { v, ok, repeatable = NONE, ended = NONE, known = 0, faults, unknown = false, types } = stored;
    if (v < 1 || v > VERSION) throw new NewerState(v);
    if (!Array.isArray(repeatable) || !Array.isArray(ended)) throw new UnreadableState();
    const names = typeof known === 'number' ? TYPES_OF_2.filter((_, i) => (known & (1 << i)) !== 0) : known;
    const state: SensorState = {
      types: this.#typeStates(types ?? typesOf2(stored)),
      okAt: ok,
      repeatable,
      ended,
      isUnknown: unknown === true,
      due: NEVER,
    };
    const sensor = { state: isEmpty(state) ? undefined : state, known: this.#types.bitsOf(names), faults };
    if (sensor.state === undefined && faults === undefined && this.#readAlone.size < ALONE_MAX) this.#readAlone.set(json, sensor.known);
    return sensor;
  }

  /** Hits of a type that is no longer detected are dropped, since they can't raise anything; its alarms stay open. */
  #typeStates(stored: Readonly<Record<string, Omit<TypeState, 'type'>>>): readonly TypeState[] {
    const states = Object.entries(stored).map(([type, { hits, proof, open, lostAt }]): TypeState => {
      if (!Array.isArray(hits) || !Array.isArray(open)) throw new UnreadableState();
      if (this.#types.placeOf(type) === undefined) return { type, hits: NONE, proof: undefined, open };
      return { type, hits: shared(hits, open), proof, open, ...(lostAt !== undefined && { lostAt }) };
    });
    return inOrder(states, this.#types);
  }

  #knownAloneJson(known: TypeBits): string {
    let json = this.#knownAlone.get(known);
    if (json === undefined) {
      json = `{"v":${VERSION},"known":${JSON.stringify(this.#types.namesOf(known))}}`;
      if (this.#knownAlone.size < ALONE_MAX) this.#knownAlone.set(known, json);
    }
    return json;
  }
}

/** Where versions 1 and 2 had the types. */
function typesOf2({ v, ok, repeatable, ended, known, faults, unknown, types, ...others }: Stored): NonNullable<Stored['types']> {
  return others;
}

/** The hits as they were before they were stored: each that is the evidence of an alarm is so without a copy, since there may be very many alarms. */
function shared(hits: Hits, open: readonly Alarm[]): Hits {
  const evidence = open.at(-1)?.evidence;
  if (!evidence?.length) return hits;
  if (hits.length === evidence.length && hits.every((hit, i) => isSame(hit, evidence[i]))) return evidence;
  return hits.map((hit) => evidence.find((proof) => isSame(proof, hit)) ?? hit);
}

function isSame(one: Evidence, other: Evidence | undefined): boolean {
  return other !== undefined && one.offset === other.offset && one.topic === other.topic && one.value === other.value;
}

function parsed(json: string): Stored {
  let stored: unknown;
  try {
    stored = JSON.parse(json);
  } catch {
    throw new UnreadableState();
  }
  if (typeof stored !== 'object' || stored === null || !('v' in stored) || typeof stored.v !== 'number') throw new UnreadableState();
  return stored as Stored;
}

function stateJson(state: SensorState): string {
  let json = state.okAt === undefined ? '' : `,"ok":${state.okAt}`;
  if (state.repeatable.length > 0) json += `,"repeatable":${JSON.stringify(state.repeatable)}`;
  if (state.ended.length > 0) json += `,"ended":[${state.ended.map(alarmJson).join(',')}]`;
  const types = state.types.filter((type) => !isEmptyType(type)).map((type) => `${JSON.stringify(type.type)}:${typeJson(type)}`);
  if (state.isUnknown) json += ',"unknown":true';
  // An earlier program takes a member that it doesn't know for a type, unless `types` are there.
  return types.length === 0 && !state.isUnknown ? json : `${json},"types":{${types.join(',')}}`;
}

function typeJson({ hits, proof, open, lostAt }: TypeState): string {
  const proven = proof === undefined ? '' : `,"proof":${JSON.stringify(proof)}`;
  const lost = lostAt === undefined ? '' : `,"lostAt":${lostAt}`;
  return `{"hits":${JSON.stringify(hits)}${proven}${lost},"open":[${open.map(alarmJson).join(',')}]}`;
}

/** Bytes that the alarms take in the stored state. */
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

interface Stored {
  readonly v: number;
  readonly ok?: number;
  readonly repeatable?: readonly Repeatable[];
  readonly ended?: readonly Alarm[];
  readonly known?: number | readonly string[];
  readonly faults?: FaultState;
  readonly unknown?: boolean;
  readonly types?: Readonly<Record<string, Omit<TypeState, 'type'>>>;
}

function isEmptyType(type: TypeState): boolean {
  return type.open.length === 0 && !hasHits(type);
}

/** Whether there are hits that count, or may have been before they were lost. */
export function hasHits({ hits, lostAt }: TypeState): boolean {
  return hits.length > 0 || lostAt !== undefined;
}
