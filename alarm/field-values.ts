/** Reads the value of a field as a person would who knows what it should be. */
import { parseIsoTime, TIME_MAX } from './sensor-time.ts';

const NUMBER = /^([+-]?)0*(\d*)(?:[.,](\d*))?((?:e[+-]?\d+)?)$/i;

/** The text as a JSON number; `.5`, `5.`, `+21.5`, `007.0` and `21,5` are understood too. Undefined: not a number. */
export function numberText(text: string): string | undefined {
  const [, sign, whole = '', decimals = '', exponent = ''] = (/^[+-]?[.,]?\d/.test(text) && NUMBER.exec(text)) || [];
  if (sign === undefined) return undefined;
  return `${sign === '-' ? '-' : ''}${whole || '0'}${decimals && `.${decimals}`}${exponent}`;
}

/** A finite number, or one in a text; NaN for anything else. */
export function numberIn(value: unknown): number {
  const number = typeof value === 'string' ? Number(numberText(value.trim())) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : Number.NaN;
}

/** The number if it is 0 or 1, else NaN. */
export function bitOf(number: number): number {
  // Zero in place of minus zero.
  return number === 0 || number === 1 ? number + 0 : Number.NaN;
}

/** true or false, 0 or 1, or one of them in a text. */
export function booleanIn(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  if (text === 'true' || text === 'false') return text === 'true';
  const number = numberIn(value);
  return number === 0 || number === 1 ? number === 1 : undefined;
}

/** Epoch ms, or ISO 8601 with a zone. */
export function timeIn(value: unknown): number | undefined {
  const time = (typeof value === 'string' ? parseIsoTime(value.trim()) : undefined) ?? numberIn(value);
  return Math.abs(time) <= TIME_MAX ? time : undefined;
}

/** The number if it is a whole one from 0 to `max`. */
export function countOf(count: number, max: number): number | undefined {
  // Zero in place of minus zero.
  return Number.isInteger(count) && count >= 0 && count <= max ? count + 0 : undefined;
}
