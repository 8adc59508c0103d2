import { AT, MAX_TEMPERATURE, MOTION, SEQ, SMOKE, TEMPERATURE } from './field-names.ts';
import type { Status } from './status.ts';

/** What whoever sent a status should know of a field. */
export interface Warning {
  readonly field: string;
  readonly warning: string;
}

const FIELDS = [
  [MOTION, 'motion', 'motion raises no alarm'],
  [SMOKE, 'smoke', 'smoke raises no alarm'],
  [TEMPERATURE, 'temperature', 'heat raises no alarm'],
  [MAX_TEMPERATURE, 'maxTemperature', 'heat raises no alarm, whatever the temperature'],
  [AT, 'at', "the sensor's own time is not shown"],
  [SEQ, 'seq', 'a reading that is sent again counts again'],
] as const;

/** A warning for each field of a status that says nothing, with what follows. */
export function warningsOf({ notReported, unreadable }: Status): Warning[] {
  return FIELDS.filter(([field]) => (notReported & field) !== 0).map(([field, name, consequence]) => ({
    field: name,
    warning: `${(unreadable & field) === 0 ? 'not reported' : 'unreadable'}: ${consequence}`,
  }));
}
