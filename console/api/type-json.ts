import type { AlarmType } from '../../alarm/alarm-type.ts';
import { conditionText } from '../../alarm/condition.ts';
import type { TypeSet } from '../../alarm/type-set.ts';
import type { TypeAnswer } from './schemas.ts';

/** In the order of the settings, to which the sensors' codes in the live stream refer. */
export const typesJson = ({ types }: TypeSet): TypeAnswer[] => types.map(typeJson);

function typeJson({ name, label, severity, lifeSafety, hits, within, clears, when, shape }: AlarmType): TypeAnswer {
  return {
    name,
    label,
    severity,
    lifeSafety,
    hits,
    ...(within === undefined ? {} : { withinMs: within }),
    clears,
    when: conditionText(when),
    shape,
  };
}
