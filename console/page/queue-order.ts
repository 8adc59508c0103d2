import type { ListedAlarm } from '../api/schemas.ts';

const SEVERITY_ORDER = { CRITICAL: 0, MAJOR: 1, MINOR: 2, WARNING: 3 } as const;

export const isUnacknowledged = ({ state }: Pick<ListedAlarm, 'state'>): boolean => state.endsWith('UNACK');
export const isActive = ({ state }: Pick<ListedAlarm, 'state'>): boolean => state.startsWith('ACTIVE');

/** Unacknowledged first, then the gravest, then the oldest. */
export function compareUrgency(a: ListedAlarm, b: ListedAlarm): number {
  return (
    Number(isUnacknowledged(b)) - Number(isUnacknowledged(a)) ||
    SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] ||
    (a.raisedAt < b.raisedAt ? -1 : a.raisedAt > b.raisedAt ? 1 : a.id < b.id ? -1 : 1)
  );
}

/** All alarms in order, by way of the order before: what is nearly sorted is sorted soon, also when there are thousands. */
export function inOrder(alarms: ReadonlyMap<string, ListedAlarm>, before: readonly ListedAlarm[]): readonly ListedAlarm[] {
  const next = before.flatMap(({ id }) => alarms.get(id) ?? []);
  if (next.length < alarms.size) {
    const known = new Set(next.map(({ id }) => id));
    for (const alarm of alarms.values()) if (!known.has(alarm.id)) next.push(alarm);
  }
  return next.sort(compareUrgency);
}

export interface Arrangement {
  readonly rows: readonly ListedAlarm[];
  /** Not shown yet, because they would move the row that is held. */
  readonly held: readonly ListedAlarm[];
}

/**
 * The rows to show. While one is held (the pointer is on it) everything down to it stays where it is: what would come above it waits in
 * `held`, and what has left the queue since stays, as it was last shown.
 */
export function arrange(sorted: readonly ListedAlarm[], shown: readonly ListedAlarm[], heldId: string | undefined): Arrangement {
  const at = heldId === undefined ? -1 : shown.findIndex(({ id }) => id === heldId);
  if (at < 0) return { rows: sorted, held: [] };
  const current = new Map(sorted.map((alarm) => [alarm.id, alarm]));
  const above = shown.slice(0, at + 1).map((alarm) => current.get(alarm.id) ?? alarm);
  const aboveIds = new Set(above.map(({ id }) => id));
  const shownIds = new Set(shown.map(({ id }) => id));
  const anchor = above[at];
  const held: ListedAlarm[] = [];
  const below: ListedAlarm[] = [];
  for (const alarm of sorted) {
    if (aboveIds.has(alarm.id)) continue;
    if (!shownIds.has(alarm.id) && anchor && compareUrgency(alarm, anchor) < 0) held.push(alarm);
    else below.push(alarm);
  }
  return { rows: [...above, ...below], held };
}
