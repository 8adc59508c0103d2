/** Feeds a Detection with readings of sensor 7 and reads the effects. */
import type { Alarm, AlarmChange, AlarmEvent } from '../../../alarm/alarm.ts';
import { type AlarmType, BUILT_IN_TYPES } from '../../../alarm/alarm-type.ts';
import { Detection } from '../../../alarm/detection.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { statusSaying } from './reading.ts';

export const SKEW = 2_000;
export const REPEAT_WITHIN = 60_000;
export const SENSOR = 7;

export type ReferenceType = 'motion' | 'smoke' | 'temperature';
export const REFERENCE_TYPES: readonly ReferenceType[] = ['motion', 'smoke', 'temperature'];

export interface RigReading {
  readonly topic: 'ENTRY' | 'OK';
  readonly at: number;
  readonly offset: number;
  readonly sensor?: number;
  /** The type of the reference system of which it is a hit. */
  readonly type?: ReferenceType;
  /** Values added to those of a normal reading of the reference system, or replacing them. */
  readonly said?: Readonly<Record<string, boolean | number>>;
  readonly seq?: number | undefined;
  /** The reading as it came in; by default another one for every time. */
  readonly value?: string | undefined;
  /** Fields that are absent or unreadable. */
  readonly notReported?: readonly string[];
  readonly unreadable?: readonly string[];
}

const NORMAL = { motion: false, smoke: false, temperature: 20, maxTemperature: 30 };
const HITS = { motion: { motion: true }, smoke: { smoke: true }, temperature: { temperature: 31 } };

/** The types of the reference system with these changes. */
export const referenceWith = (changes: Partial<Record<ReferenceType, Partial<AlarmType>>>): TypeSet =>
  new TypeSet(BUILT_IN_TYPES.map((type) => ({ ...type, ...Object.entries(changes).find(([name]) => name === type.name)?.[1] })));

export const detecting = (types = REFERENCE): Detection =>
  new Detection({ types, partition: 0, clockSkewMaxMs: SKEW, repeatWithinMs: REPEAT_WITHIN });

/** `types` are those of the detection. */
export function feed(detection: Detection, reading: RigReading, types = REFERENCE): void {
  const { topic, at, offset, sensor = SENSOR, type, said, seq, value = `{"at":${at}}`, notReported = [], unreadable = [] } = reading;
  if (topic === 'OK') {
    detection.recovery(sensor, at, offset);
    return;
  }
  const fields = { ...NORMAL, ...(type && HITS[type]), ...said };
  const reported = Object.entries(fields).filter(([name]) => !notReported.includes(name) && !unreadable.includes(name));
  const status = statusSaying({ ...Object.fromEntries(reported), id: sensor, seq, unreadable }, types);
  detection.entry(status, at, offset, () => value);
}

/** The states by sensor that a log would hold after these effects. */
export function remember(states: Map<number, string>, changed: ReadonlyMap<number, string | null>): void {
  for (const [sensor, json] of changed) {
    if (json === null) states.delete(sensor);
    else states.set(sensor, json);
  }
}

/** A detection restored from these states. */
export function restored(states: ReadonlyMap<number, string>, types = REFERENCE): Detection {
  const detection = detecting(types);
  for (const [sensor, json] of states) detection.restore(sensor, json);
  return detection;
}

/** Active types and kept hits, which must not depend on how ENTRY and OK interleave. */
export function outcome(states: ReadonlyMap<number, string>): unknown {
  return [...states]
    .sort(([a], [b]) => a - b)
    .map(([sensor, json]) => ({ sensor, types: typesOf(json) }))
    .filter(({ types }) => types.length > 0);
}

function typesOf(json: string): unknown[] {
  const { types = {} } = JSON.parse(json) as { types?: Record<string, { hits: { at: number; offset: number }[]; open: Alarm[] }> };
  return Object.entries(types).flatMap(([type, state]) => {
    const hits = state.hits.map(({ at, offset }) => `${at}@${offset}`);
    const active = state.open.some((alarm) => alarm.state.startsWith('ACTIVE'));
    return hits.length > 0 || active ? [{ type, active, hits }] : [];
  });
}

/** Active alarms of each type of the reference system. */
export const activeIn = ({ active }: Detection): Record<string, number> =>
  Object.fromEntries(REFERENCE_TYPES.map((type) => [type, active.get(type) ?? 0]));

/** Sensors with a fault of each type of the reference system. */
export const faultyIn = ({ faulty }: Pick<Detection, 'faulty'>): Record<string, number> =>
  Object.fromEntries(REFERENCE_TYPES.map((type) => [type, faulty.get(type) ?? 0]));

export const summary = (events: readonly AlarmEvent[]): string[] =>
  events.map((event) => (event.event === 'refused' ? `refused: ${event.reason}` : changeSummary(event)));

const changeSummary = ({ event, at, alarm }: AlarmChange): string => `${event} ${alarm.type} ${at} v${alarm.version} ${alarm.state}`;
