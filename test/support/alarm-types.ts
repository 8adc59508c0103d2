/** Types of alarms for tests: those of the reference system, and some that an installation might add. */
import { type AlarmType, BUILT_IN_TYPES, typeOf } from '../../alarm/alarm-type.ts';
import { parseCondition } from '../../alarm/condition.ts';
import { TypeSet } from '../../alarm/type-set.ts';

/** A type for tests that care only about its condition. */
export function typeWhen(name: string, when: string, rest: Partial<AlarmType> = {}): AlarmType {
  const condition = parseCondition(when);
  if (typeof condition === 'string') throw new Error(`${when}: ${condition}`);
  return typeOf(name, condition, rest);
}

export const WATER = typeWhen('water', 'water', { hits: 2, within: 300_000, severity: 'MAJOR', shape: 'drop' });
export const CO = typeWhen('co', 'co > 50', { hits: 2, severity: 'CRITICAL', lifeSafety: true, label: 'CO', shape: 'pentagon' });
export const BATTERY = typeWhen('battery', 'battery < 15', { severity: 'WARNING', clears: 'normal', shape: 'hexagon' });
export const MAINS = typeWhen('mains', 'not mains', { label: 'No mains' });

export const BUILT_IN_NAMES: readonly string[] = BUILT_IN_TYPES.map(({ name }) => name);
export const SEVEN_TYPES: readonly AlarmType[] = [...BUILT_IN_TYPES, WATER, CO, BATTERY, MAINS];

/** The types of the reference system, and some more. */
export const withTypes = (...more: readonly AlarmType[]): TypeSet => new TypeSet([...BUILT_IN_TYPES, ...more]);

/** The types without a settings file. */
export const REFERENCE = withTypes();
export const FIVE = withTypes(WATER, BATTERY);
export const SEVEN = new TypeSet(SEVEN_TYPES);
