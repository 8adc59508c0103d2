/** How a sensor is, as one small number: the live stream has tens of thousands of them. */
import { SEVERITIES, type Severity } from '../../alarm/severity.ts';

/** A sensor with open alarms, as far as a map shows it. */
export interface SensorCondition {
  /** Place in the settings of the type that decides how the sensor is drawn; undefined: the settings no longer have it. */
  readonly place: number | undefined;
  /** Of the alarm that decides: the gravest active one or, if none is active, the gravest restored one. */
  readonly severity: Severity;
  /** The alarm that decides is active; otherwise none of the sensor is. */
  readonly isActive: boolean;
  /** Nobody has acknowledged one of the sensor's alarms, this or another. */
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
 * Bits 0-5: the place plus 1, and 0 for a type that the settings no longer have; 6: unacknowledged; 7-8: severity, 3 being CRITICAL; 9: active.
 * What is active has a greater code than what isn't, and the graver of two has the greater one. Never 0: an open alarm is active or unacknowledged.
 */
export function codeOf({ place, severity, isActive, isUnacknowledged }: SensorCondition): number {
  // A severity by another hand counts as the gravest.
  const gravity = GRAVEST - Math.max(0, SEVERITIES.indexOf(severity));
  return (
    (isActive ? ACTIVE : 0) | (gravity << SEVERITY_SHIFT) | (isUnacknowledged ? UNACKNOWLEDGED : 0) | (place === undefined ? 0 : place + 1)
  );
}

/** Of a code other than NO_OPEN_ALARM. */
export function conditionOf(code: number): SensorCondition {
  const place = code & (UNACKNOWLEDGED - 1);
  return {
    place: place === 0 ? undefined : place - 1,
    severity: SEVERITIES[GRAVEST - ((code >> SEVERITY_SHIFT) & GRAVEST)] ?? 'CRITICAL',
    isActive: (code & ACTIVE) !== 0,
    isUnacknowledged: (code & UNACKNOWLEDGED) !== 0,
  };
}
