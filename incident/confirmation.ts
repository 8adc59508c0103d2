import { compareSeverity, type Severity } from '../alarm/severity.ts';
import type { Member } from './incident.ts';

type Independent = Pick<Member, 'sensor' | 'type' | 'lifeSafety' | 'severity' | 'raisedAt'>;

/**
 * Whether two alarms of one premises confirm each other, in whatever order they are read: raised within the span, by detectors that don't share a cause.
 * Of fire and the like any two do that differ in sensor or type; of anything else the same type at two sensors. One that is only a warning confirms nothing.
 * Window and independence: BS 8243, DD 243.
 */
export function confirm(one: Independent, other: Independent, withinMs: number): boolean {
  if (Math.abs(one.raisedAt - other.raisedAt) > withinMs) return false;
  if (one.severity === 'WARNING' || other.severity === 'WARNING' || one.lifeSafety !== other.lifeSafety) return false;
  const isOtherSensor = one.sensor !== other.sensor;
  return one.lifeSafety ? isOtherSensor || one.type !== other.type : isOtherSensor && one.type === other.type;
}

/** The first member that confirms another one. */
export function confirmedBy(members: Iterable<Member>, newest: Member, withinMs: number): Member | undefined {
  for (const member of members) if (member.id !== newest.id && confirm(member, newest, withinMs)) return member;
  return undefined;
}

/** What confirmation makes of a severity: it only raises. */
export function confirmedSeverity(severity: Severity): Severity {
  return compareSeverity(severity, 'MAJOR') > 0 ? 'MAJOR' : severity;
}

export function graver(one: Severity, other: Severity): Severity {
  return compareSeverity(one, other) <= 0 ? one : other;
}
