/** A sensor's condition as one small number, since the live stream carries tens of thousands of them. */
import { SEVERITIES, type Severity } from '../../alarm/severity.ts';

/** What a map shows about a sensor with open alarms. */
export interface SensorCondition {
  /** Place in the settings of the deciding alarm's type; undefined: the settings no longer have that type. */
  readonly place: number | undefined;
  /** Of the deciding alarm: the gravest active one or, if none is active, the gravest restored one. */
  readonly severity: Severity;
  /** Whether the deciding alarm is active; if it isn't, no alarm of the sensor is. */
  readonly isActive: boolean;
  /** Whether any alarm of the sensor is unacknowledged. */
  readonly isUnacknowledged: boolean;
}

/** No alarm of the sensor is open. */
export const NO_OPEN_ALARM = 0;

const PLACE_BITS = 6;
const UNACKNOWLEDGED = 1 << PLACE_BITS;
const SEVERITY_SHIFT = PLACE_BITS + 1;
const ACTIVE = 1 << (SEVERITY_SHIFT + 2);
const GRAVEST = SEVERITIES.length - 1;

/**
 * Bits 0-5: the place plus 1, or 0 for a type that the settings no longer have; 6: unacknowledged; 7-8: severity, 3 being CRITICAL; 9: active.
 * Active conditions have greater codes than others, and graver ones greater codes than less grave ones. Never 0, since an open alarm is active or
 * unacknowledged.
 */
export function codeOf({ place, severity, isActive, isUnacknowledged }: SensorCondition): number {
  // An unknown severity, written by another program, counts as the gravest.
  const gravity = GRAVEST - Math.max(0, SEVERITIES.indexOf(severity));
  return (
    (isActive ? ACTIVE : 0) | (gravity << SEVERITY_SHIFT) | (isUnacknowledged ? UNACKNOWLEDGED : 0) | (place === undefined ? 0 : place + 1)
  );
}

/** The inverse of `codeOf`; not for NO_OPEN_ALARM. */
export function conditionOf(code: number): SensorCondition {
  const place = code & (UNACKNOWLEDGED - 1);
  return {
    place: place === 0 ? undefined : place - 1,
    severity: SEVERITIES[GRAVEST - ((code >> SEVERITY_SHIFT) & GRAVEST)] ?? 'CRITICAL',
    isActive: (code & ACTIVE) !== 0,
    isUnacknowledged: (code & UNACKNOWLEDGED) !== 0,
  };
}
