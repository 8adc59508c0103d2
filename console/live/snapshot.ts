import { listedJson } from '../api/alarm-json.ts';
import { faultsJson } from '../api/fault-json.ts';
import type { Role } from '../security/tokens.ts';
import type { FaultySensors } from './faulty-sensors.ts';
import type { LiveAlarm, OpenAlarms } from './open-alarms.ts';
import { none } from './open-counts.ts';

/** A snapshot carries no more alarms than this; the API pages through the rest. */
export const SNAPSHOT_ALARMS_MAX = 5_000;

const SEVERITY_ORDER = { CRITICAL: 0, MAJOR: 1, MINOR: 2, WARNING: 3 } as const;

/** What whoever begins to listen gets first: the open alarms, how many of each type it had no room for, and the sensors that aren't well. */
export function snapshotOf(alarms: OpenAlarms, role: Role, alarmsMax = SNAPSHOT_ALARMS_MAX) {
  const open = alarms.newestFirst().filter(({ alarm }) => alarm.state !== 'CLEARED_ACK');
  const shown = open.length <= alarmsMax ? open : open.toSorted(compareNeed);
  const leftOut = none();
  for (const { alarm } of shown.slice(alarmsMax)) leftOut[alarm.type] += 1;
  return {
    alarms: shown.slice(0, alarmsMax).map((live) => listedJson(live, role)),
    leftOut,
    states: [...alarms.sensors()].flatMap((sensor) => [sensor, alarms.code(sensor)]),
  };
}

/** Of so many sensors at most a snapshot tells the faults, the gravest first. */
const SNAPSHOT_FAULTY_MAX = 5_000;

/** Null: not known yet. */
export function faultsShown(sensors: FaultySensors | undefined, sensorsMax = SNAPSHOT_FAULTY_MAX) {
  if (!sensors) return null;
  const shown = new Set<number>();
  for (const { sensor } of sensors.list()) {
    if (shown.size >= sensorsMax) break;
    shown.add(sensor);
  }
  return [...shown].map((sensor) => ({ sensor, faults: faultsJson(sensors.of(sensor)) }));
}

/** What nobody has seen yet comes first, then the gravest. Equal ones stay in their order, the newest first: a new fire is never what has no room. */
function compareNeed({ alarm: a }: LiveAlarm, { alarm: b }: LiveAlarm): number {
  return Number(b.state.endsWith('UNACK')) - Number(a.state.endsWith('UNACK')) || SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity];
}
