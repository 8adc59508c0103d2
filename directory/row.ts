import { SENSOR_ID_MAX } from '../alarm/status.ts';
import { CLIENT_COLUMNS, type ClientRow } from './client.ts';
import type { CsvRecord } from './csv.ts';
import { isPlace } from './placed.ts';

export const FIELD_LENGTH_MAX = 300;
/** A header with fewer of our columns than this belongs to some other kind of file. */
const COLUMNS_LEAST = 5;

/** The columns of a file. */
export interface Columns {
  /** The index of each of the 19 columns in the file, -1 if it is missing. */
  readonly at: readonly number[];
  /** How many columns the file has. */
  readonly count: number;
  readonly missing: readonly string[];
}

/** A client read from a row. Remarks name columns, never their content, which is personal data. */
export interface ReadRow {
  readonly client: ClientRow;
  readonly remarks: readonly string[];
  /** Values may be in the wrong columns. */
  readonly uncertain: boolean;
}

/** The order of the reference system, for a file without a header row. */
export const REFERENCE_COLUMNS: Columns = { at: CLIENT_COLUMNS.map((_, i) => i), count: CLIENT_COLUMNS.length, missing: [] };

/** Reads a header row: names in any case and order, unknown ones are ignored. Returns what is missing if it can't be a header row. */
export function columnsOf(header: readonly string[]): Columns | string {
  const names = header.map((name) => name.trim().toLowerCase());
  const missing = CLIENT_COLUMNS.filter((column) => !names.includes(column));
  if (!names.includes('id') || CLIENT_COLUMNS.length - missing.length < COLUMNS_LEAST)
    return `the header row lacks ${missing.join(', ')}; it has to name ${CLIENT_COLUMNS.join(',')}`;
  return { at: CLIENT_COLUMNS.map((column) => names.indexOf(column)), count: names.length, missing };
}

/** Whether the first row is already data, as in a part of a file that was split. */
export function isData(fields: readonly string[]): boolean {
  return fields.length === CLIENT_COLUMNS.length && ID.test(fields[0]?.trim() ?? '');
}

/** The client of a row, or why there is none: the id can't be read, or there is nothing but an id. */
export function rowOf(record: CsvRecord, columns: Columns): ReadRow | string {
  if (!record.fields) return record.problem;
  const { fields } = record;
  const id = idOf(fields[columns.at[0] ?? -1] ?? '');
  if (id === undefined) return `id is not a whole number from 0 to ${SENSOR_ID_MAX}${wrongCount(fields, columns) ?? ''}`;
  if (fields.filter((field) => field.trim() !== '').length < 2) return `there is nothing but an id${wrongCount(fields, columns) ?? ''}`;
  const remarks = [...record.doubts];
  const texts = CLIENT_COLUMNS.map((column, i) => textOf(column, fields[columns.at[i] ?? -1] ?? '', remarks));
  const named = Object.fromEntries(CLIENT_COLUMNS.map((column, i) => [column, texts[i] ?? '']));
  const count = wrongCount(fields, columns);
  if (count !== undefined) remarks.push(count.replace(/^; /, ''));
  const read = { latitude: degreesOf(named.latitude ?? ''), longitude: degreesOf(named.longitude ?? '') };
  // A row that ends early is often one whose last columns are empty.
  const uncertain = record.uncertain || (count !== undefined && (fields.length > columns.count || !isPlace(read)));
  const place = uncertain ? NOWHERE : read;
  if (!isPlace(place) && !columns.missing.includes('latitude') && !columns.missing.includes('longitude'))
    remarks.push(
      `is without a place: ${uncertain ? 'its columns cannot be told apart' : whyNoPlace(named.latitude ?? '', named.longitude ?? '', read)}`,
    );
  return { client: { ...named, id, ...place } as unknown as ClientRow, remarks, uncertain };
}

const NOWHERE = { latitude: Number.NaN, longitude: Number.NaN };
/** Also `42959.0`, as programs write it that treat every number as a fraction. */
const ID = /^\+?(\d{1,10})(\.0*)?$/;
const DEGREES = /^[-+\u2212]?(\d{1,3}([.,]\d*)?|[.,]\d+)(e[-+]?\d{1,2})?$/i;

function idOf(text: string): number | undefined {
  const digits = ID.exec(text.trim())?.[1];
  const id = digits === undefined ? Number.NaN : Number(digits);
  return id <= SENSOR_ID_MAX ? id : undefined;
}

/** A number with a point or a comma; NaN for anything else. */
function degreesOf(text: string): number {
  return DEGREES.test(text) ? Number(text.replace(',', '.').replace('\u2212', '-')) : Number.NaN;
}

function whyNoPlace(latitudeText: string, longitudeText: string, { latitude, longitude }: typeof NOWHERE): string {
  if (latitudeText === '' && longitudeText === '') return 'latitude and longitude are empty';
  if (Number.isNaN(latitude)) return `latitude is ${latitudeText === '' ? 'empty' : 'not a number'}`;
  if (Number.isNaN(longitude)) return `longitude is ${longitudeText === '' ? 'empty' : 'not a number'}`;
  if (latitude === 0 && longitude === 0) return '0/0 is in the sea';
  const swapped = isPlace({ latitude: longitude, longitude: latitude }) ? '; are the two swapped?' : '';
  return Math.abs(latitude) > 90 ? `latitude is not from -90 to 90${swapped}` : 'longitude is not from -180 to 180';
}

/** Ignores extra columns that are empty. */
function wrongCount(fields: readonly string[], { count }: Columns): string | undefined {
  const filled = fields.slice(count).every((field) => field.trim() === '') ? Math.min(fields.length, count) : fields.length;
  return filled === count ? undefined : `; has ${fields.length} columns instead of ${count}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it finds control characters
const CONTROL = /[\u0000-\u001f\u007f]/;
const CONTROLS = new RegExp(`${CONTROL.source}+`, 'g');

function textOf(column: string, field: string, remarks: string[]): string {
  let text = field.replace(/\s+/g, ' ').trim();
  if (CONTROL.test(text)) {
    text = text.replaceAll(CONTROLS, ' ').trim();
    remarks.push(`${column} contains control characters, which are left out`);
  }
  if (text.length <= FIELD_LENGTH_MAX) return text;
  remarks.push(`${column} is longer than ${FIELD_LENGTH_MAX} characters and was cut`);
  return text.slice(0, FIELD_LENGTH_MAX).replace(/[\uD800-\uDBFF]$/, '');
}
