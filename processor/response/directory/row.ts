import { SENSOR_ID_MAX } from '../../../alarm/status.ts';
import { CLIENT_COLUMNS, type ClientRow } from './client.ts';

export const FIELD_LENGTH_MAX = 300;

/** Where each of the 19 columns stands in a file, and how many columns the file has. */
export interface Columns {
  readonly at: readonly number[];
  readonly count: number;
}

/** The order of the reference system, for a file without a header row. */
export const REFERENCE_COLUMNS: Columns = { at: CLIENT_COLUMNS.map((_, i) => i), count: CLIENT_COLUMNS.length };

/** Reads a header row; names in any case and order, others beside them are left out. Says what is missing. */
export function columnsOf(header: readonly string[]): Columns | string {
  const names = header.map((name) => name.trim().toLowerCase());
  const missing = CLIENT_COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) return `the header row lacks ${missing.join(', ')}; it has to name ${CLIENT_COLUMNS.join(',')}`;
  return { at: CLIENT_COLUMNS.map((column) => names.indexOf(column)), count: names.length };
}

/** Whether a first row is data already: a file that was split off without its header. */
export function isData(fields: readonly string[]): boolean {
  return fields.length === CLIENT_COLUMNS.length && /^\d+$/.test(fields[0]?.trim() ?? '');
}

/** The client of a row, or why it can't be one. The reason names columns, never their content: that is personal data. */
export function rowOf(fields: readonly string[], columns: Columns): ClientRow | string {
  if (fields.length !== columns.count) return `has ${fields.length} columns instead of ${columns.count}`;
  const row: Record<string, string | number> = {};
  for (const [i, column] of CLIENT_COLUMNS.entries()) {
    const text = (fields[columns.at[i] ?? -1] ?? '').replace(/\s+/g, ' ').trim();
    if (text.length > FIELD_LENGTH_MAX) return `${column} is longer than ${FIELD_LENGTH_MAX} characters`;
    if (CONTROL.test(text)) return `${column} has control characters in it`;
    row[column] = text;
  }
  for (const [column, min, max, shape] of NUMBERS) {
    const text = String(row[column]);
    const value = Number(text);
    if (!shape.test(text) || value < min || value > max) return `${column} is not a ${NAMES[column]} from ${min} to ${max}`;
    row[column] = value;
  }
  return row as unknown as ClientRow;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;
const INTEGER = /^\d{1,10}$/;
const DECIMAL = /^[-+]?(\d{1,4}(\.\d{0,20})?|\.\d{1,20})$/;
const NUMBERS = [
  ['id', 0, SENSOR_ID_MAX, INTEGER],
  ['latitude', -90, 90, DECIMAL],
  ['longitude', -180, 180, DECIMAL],
] as const;
const NAMES = { id: 'whole number', latitude: 'number', longitude: 'number' };
