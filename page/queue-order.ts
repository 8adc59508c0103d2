import { isActive, isUnacknowledged } from '../alarm/lifecycle.ts';
import { compareLane, laneOf } from '../alarm/lane.ts';
import type { ListedAlarm } from '../console/api/schemas.ts';

/** The order of the queue: quarantined ones last; unacknowledged first, then the gravest, then the oldest. */
export function compareUrgency(a: ListedAlarm, b: ListedAlarm): number {
  const quarantined = Number(a.quarantined ?? false) - Number(b.quarantined ?? false);
  return quarantined || Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) || compareGravity(a, b);
}

/** The order of alarms on one spot: active ones first, acknowledged or not, then the gravest. */
export function compareDanger(a: ListedAlarm, b: ListedAlarm): number {
  return Number(isActive(b)) - Number(isActive(a)) || compareGravity(a, b);
}

function compareGravity(a: ListedAlarm, b: ListedAlarm): number {
  return compareLane(laneOf(a), laneOf(b)) || (a.raisedAt < b.raisedAt ? -1 : a.raisedAt > b.raisedAt ? 1 : a.id < b.id ? -1 : 1);
}

/** All alarms in order. Starts from the previous order, since sorting a nearly sorted list of thousands is fast. */
export function inOrder(alarms: ReadonlyMap<string, ListedAlarm>, before: readonly ListedAlarm[]): readonly ListedAlarm[] {
  const next = before.flatMap(({ id }) => alarms.get(id) ?? []);
  if (next.length < alarms.size) {
    const known = new Set(next.map(({ id }) => id));
    for (const alarm of alarms.values()) if (!known.has(alarm.id)) next.push(alarm);
  }
  return next.sort(compareUrgency);
}
