import { isOver, isUnacknowledged } from '../alarm/lifecycle.ts';
import type { ListedAlarm } from '../console/api/schemas.ts';

/** By the name of the type; a missing one means 0. */
export type ByType = Readonly<Record<string, number>>;

export interface OpenCounts {
  readonly byType: ByType;
  /** Those that are unacknowledged. */
  readonly unacknowledged: ByType;
}

export const total = (counts: ByType): number => Object.values(counts).reduce((sum, n) => sum + n, 0);

/** How many of these are open. */
export function countOpen(alarms: Iterable<ListedAlarm>): OpenCounts {
  const byType = new Map<string, number>();
  const unacknowledged = new Map<string, number>();
  for (const alarm of alarms) {
    if (isOver(alarm)) continue;
    byType.set(alarm.type, (byType.get(alarm.type) ?? 0) + 1);
    if (isUnacknowledged(alarm)) unacknowledged.set(alarm.type, (unacknowledged.get(alarm.type) ?? 0) + 1);
  }
  return { byType: Object.fromEntries(byType), unacknowledged: Object.fromEntries(unacknowledged) };
}

/** The alarms that the server counts but the list doesn't have. Exact, since beats and alarms arrive in one order. */
export function without(server: OpenCounts, listed: OpenCounts): OpenCounts {
  return combined(server, listed, (a, b) => Math.max(0, a - b));
}

/** The sum; undefined if `unlisted` isn't known. */
export function sumOf(listed: OpenCounts, unlisted: OpenCounts | undefined): OpenCounts | undefined {
  return unlisted && combined(listed, unlisted, (a, b) => a + b);
}

type Combine = (a: number, b: number) => number;

function combined(a: OpenCounts, b: OpenCounts, by: Combine): OpenCounts {
  return { byType: byEach(a.byType, b.byType, by), unacknowledged: byEach(a.unacknowledged, b.unacknowledged, by) };
}

function byEach(a: ByType, b: ByType, by: Combine): ByType {
  const [all, others] = [new Map(Object.entries(a)), new Map(Object.entries(b))];
  return Object.fromEntries(
    [...new Set([...all.keys(), ...others.keys()])].map((type) => [type, by(all.get(type) ?? 0, others.get(type) ?? 0)]),
  );
}
