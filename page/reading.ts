/** Describes a reading that raised an alarm. */
import { type Condition, fieldsOf } from '../alarm/condition.ts';
import type { KnownTypes, Type } from './types.ts';

/** Units of fields that always have the same unit, which is shown in place of the field's name. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ['temperature', '°C'],
  ['maxTemperature', '°C'],
]);

export interface ReadingWords {
  /** The fields in the condition of the alarm's type. */
  readonly own: string;
  /** The fields in the conditions of other types, without flags that don't meet them. */
  readonly others: string;
}

/** Undefined: none of its fields is known, so it is best shown unchanged. */
export function readingWords(value: string, type: Type, types: KnownTypes): ReadingWords | undefined {
  const fields = fieldsIn(value);
  const own = type.when === undefined ? '' : conditionWords(type.when, fields, true);
  const said = new Set(type.when === undefined ? [] : fieldsOf(type.when).map(([field]) => field));
  const others: string[] = [];
  for (const { when } of types.gravestFirst) {
    if (when === undefined || said.has(when.field)) continue;
    others.push(conditionWords(when, fields, false));
    for (const [field] of fieldsOf(when)) said.add(field);
  }
  const words = { own, others: others.filter(Boolean).join(', ') };
  return words.own === '' && words.others === '' ? undefined : words;
}

type Fields = ReadonlyMap<string, unknown>;

function fieldsIn(value: string): Fields {
  try {
    const parsed: unknown = JSON.parse(value);
    return new Map(typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : []);
  } catch {
    return new Map();
  }
}

function conditionWords(when: Condition, fields: Fields, isOwn: boolean): string {
  if ('is' in when) {
    const flag = flagOf(fields.get(when.field));
    if (flag === undefined || !(isOwn || flag === when.is)) return '';
    return flag ? when.field : `not ${when.field}`;
  }
  const measured = measure(when.field, fields);
  const limit = typeof when.than === 'string' ? measure(when.than, fields) : '';
  return measured === '' || limit === '' ? measured : `${measured} of ${limit}`;
}

function measure(field: string, fields: Fields): string {
  const value = fields.get(field);
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return '';
  const unit = UNITS.get(field);
  return unit === undefined ? `${field} ${value}` : `${value} ${unit}`;
}

function flagOf(value: unknown): boolean | undefined {
  const text = String(value).toLowerCase();
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : undefined;
}
