/** Feeds a Detection with readings of sensor 7 and reads back what came of them. */
import type { Alarm, AlarmChange, AlarmEvent } from '../../../alarm/alarm.ts';
import { Detection } from '../../../alarm/detection.ts';
import { DEFAULT_RULES, type Rules } from '../../../alarm/rules.ts';
import { ALARM_TYPES, type AlarmType, emptyStatus } from '../../../alarm/status.ts';

export const SKEW = 2_000;
export const REPEAT_WITHIN = 60_000;
export const SENSOR = 7;

export interface Reading {
  readonly topic: 'ENTRY' | 'OK';
  readonly at: number;
  readonly offset: number;
  readonly sensor?: number;
  readonly type?: AlarmType;
  readonly seq?: number | undefined;
  /** The reading as it came in; by default another one for every time. */
  readonly value?: string | undefined;
  /** Detectors that say nothing: bits of field-names.ts. */
  readonly notReported?: number;
  readonly unreadable?: number;
}

export const withRules = (rules: Partial<Rules> = {}): Detection =>
  new Detection({ rules: { ...DEFAULT_RULES, ...rules }, partition: 0, clockSkewMaxMs: SKEW, repeatWithinMs: REPEAT_WITHIN });

export function feed(
  detection: Detection,
  { topic, at, offset, sensor = SENSOR, type, seq, value = `{"at":${at}}`, notReported = 0, unreadable = 0 }: Reading,
): void {
  if (topic === 'OK') {
    detection.recovery(sensor, at, offset);
    return;
  }
  const status = { ...emptyStatus(), id: sensor, temperature: type === 'temperature' ? 31 : 20, maxTemperature: 30, seq };
  status.notReported = notReported | unreadable;
  status.unreadable = unreadable;
  if (type === 'motion' || type === 'smoke') status[type] = true;
  detection.entry(status, at, offset, () => value);
}

/** The states by sensor that a log would hold after these effects. */
export function remember(states: Map<number, string>, changed: ReadonlyMap<number, string | null>): void {
  for (const [sensor, json] of changed) {
    if (json === null) states.delete(sensor);
    else states.set(sensor, json);
  }
}

/** What must not depend on how ENTRY and OK interleave: active types and kept hits. */
export function outcome(states: ReadonlyMap<number, string>): unknown {
  return [...states]
    .sort(([a], [b]) => a - b)
    .map(([sensor, json]) => ({ sensor, types: typesOf(json) }))
    .filter(({ types }) => types.length > 0);
}

function typesOf(json: string): unknown[] {
  const state = JSON.parse(json);
  return ALARM_TYPES.flatMap((type) => {
    const hits = (state[type]?.hits ?? []).map(({ at, offset }: { at: number; offset: number }) => `${at}@${offset}`);
    const active = (state[type]?.open ?? []).some((alarm: Alarm) => alarm.state.startsWith('ACTIVE'));
    return hits.length > 0 || active ? [{ type, active, hits }] : [];
  });
}

export const summary = (events: readonly AlarmEvent[]): string[] =>
  events.map((event) => (event.event === 'refused' ? `refused: ${event.reason}` : changeSummary(event)));

const changeSummary = ({ event, at, alarm }: AlarmChange): string => `${event} ${alarm.type} ${at} v${alarm.version} ${alarm.state}`;
