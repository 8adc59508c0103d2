import { isOver, isUnacknowledged } from '../../alarm/lifecycle.ts';
import { LANES, laneOf } from '../../alarm/lane.ts';
import { listedJson } from '../api/alarm-json.ts';
import { faultsJson } from '../api/fault-json.ts';
import { typesJson } from '../api/type-json.ts';
import type { Sight } from '../security/rights.ts';
import type { FaultySensors } from './faulty-sensors.ts';
import type { LiveAlarm, OpenAlarms } from './open-alarms.ts';
import { TypeCounts } from './open-counts.ts';

/** A snapshot carries at most this many alarms; the rest is available page by page from the API. */
export const SNAPSHOT_ALARMS_MAX = 5_000;

/** The first event of a stream: the types, the open alarms, how many of each type were left out, and the codes of sensors with open alarms. */
export function snapshotOf(alarms: OpenAlarms, sight: Sight, alarmsMax = SNAPSHOT_ALARMS_MAX) {
  const shown = neediest(alarms, alarmsMax);
  const leftOut = new TypeCounts(alarms.types);
  for (const [type, count] of Object.entries(alarms.counts.byType)) leftOut.add(type, count);
  for (const { alarm } of shown) leftOut.add(alarm.type, -1);
  return {
    types: typesJson(alarms.types),
    alarms: shown.map((live) => listedJson(live, sight)),
    leftOut: leftOut.now(),
    states: statesOf(alarms),
  };
}

/** A snapshot carries the faults of at most this many sensors, the gravest first. */
const SNAPSHOT_FAULTY_MAX = 5_000;

/** Faults for the stream; null: not known yet. */
export function faultsShown(sensors: FaultySensors | undefined, sensorsMax = SNAPSHOT_FAULTY_MAX) {
  if (!sensors) return null;
  const shown = new Set<number>();
  for (const { sensor } of sensors.list()) {
    if (shown.size >= sensorsMax) break;
    shown.add(sensor);
  }
  return [...shown].map((sensor) => ({ sensor, faults: faultsJson(sensors.of(sensor)) }));
}

/**
 * At most `alarmsMax` alarms: quarantined ones last; the unacknowledged ones first, then the gravest, then the newest, so that a new fire is never left
 * out. In one pass, since there may be hundreds of thousands.
 */
function neediest(alarms: OpenAlarms, alarmsMax: number): readonly LiveAlarm[] {
  const [unseen, seen] = [LANES.map((): LiveAlarm[] => []), LANES.map((): LiveAlarm[] => [])];
  for (const live of alarms.newestFirst()) {
    if (isOver(live.alarm)) continue;
    // An unknown severity, written by another program, counts as the gravest.
    const equals = (isUnacknowledged(live.alarm) ? unseen : seen)[Math.max(0, LANES.indexOf(laneOf(live.alarm)))];
    if (equals && equals.length < alarmsMax) equals.push(live);
  }
  const quarantined = [unseen, seen].flatMap((lanes) => lanes.pop() ?? []);
  return [...[...unseen, ...seen].flat(), ...quarantined].slice(0, alarmsMax);
}

function statesOf(alarms: OpenAlarms): number[] {
  const states: number[] = [];
  for (const [sensor, code] of alarms.codes()) states.push(sensor, code);
  return states;
}
