import type { ListedAlarm } from '../api/schemas.ts';
import { hasEnded, isUnacknowledged } from './queue-order.ts';

type Type = ListedAlarm['type'];
export type ByType = Readonly<Record<Type, number>>;

export interface OpenCounts {
  readonly byType: ByType;
  /** Those of them that nobody has acknowledged yet. */
  readonly unacknowledged: ByType;
}

export const total = ({ smoke, temperature, motion }: ByType): number => smoke + temperature + motion;

/** How many of these are open. */
export function countOpen(alarms: Iterable<ListedAlarm>): OpenCounts {
  const byType = { smoke: 0, temperature: 0, motion: 0 };
  const unacknowledged = { smoke: 0, temperature: 0, motion: 0 };
  for (const alarm of alarms) {
    if (hasEnded(alarm)) continue;
    byType[alarm.type] += 1;
    if (isUnacknowledged(alarm)) unacknowledged[alarm.type] += 1;
  }
  return { byType, unacknowledged };
}

/** What the server counts and the list doesn't have. Beats and alarms come in one order, so that the difference is what was left out. */
export function without(server: OpenCounts, listed: OpenCounts): OpenCounts {
  return {
    byType: combined(server.byType, listed.byType, (a, b) => Math.max(0, a - b)),
    unacknowledged: combined(server.unacknowledged, listed.unacknowledged, (a, b) => Math.max(0, a - b)),
  };
}

/** Both together; undefined where one isn't known. */
export function sumOf(listed: OpenCounts, unlisted: OpenCounts | undefined): OpenCounts | undefined {
  if (!unlisted) return undefined;
  return {
    byType: combined(listed.byType, unlisted.byType, (a, b) => a + b),
    unacknowledged: combined(listed.unacknowledged, unlisted.unacknowledged, (a, b) => a + b),
  };
}

function combined(a: ByType, b: ByType, by: (a: number, b: number) => number): ByType {
  return { smoke: by(a.smoke, b.smoke), temperature: by(a.temperature, b.temperature), motion: by(a.motion, b.motion) };
}
