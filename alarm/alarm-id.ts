import type { Evidence } from './alarm.ts';

/** `42959-smoke-0-88213-mi3k2j1a`: sensor, type, partition and offset of the hit that raised it, and its time in base 36. */
export function alarmId(sensor: number, type: string, raisedBy: Evidence): string {
  return `${sensor}-${type}-${raisedBy.partition}-${raisedBy.offset}-${raisedBy.at.toString(36)}`;
}
