/** The slow half of decoding: JSON.parse, after a repair if necessary, and a check of each field. It defines which statuses are accepted. */
import { booleanIn, countIn, numberIn, timeIn } from './field-values.ts';
import { DEPTH_MAX, isJson } from './json-syntax.ts';
import { repairedObject } from './repair.ts';
import { NO_FIELDS, type Recovery, SENSOR_ID_MAX, STATUS_BYTES_MAX, type Status } from './status.ts';
import type { Field, TypeSet } from './type-set.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** A JSON object. */
type Fields = Readonly<Record<string, unknown>>;

/** Fills `into`; returns undefined, or why the status can't be accepted. */
export function parseStatus(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status): string | undefined {
  const fields = parseObject(bytes, start, end, into);
  if (typeof fields === 'string') return fields;
  const id = countIn(memberOf(fields, 'id'), SENSOR_ID_MAX);
  if (id === undefined) return noId(fields);
  into.id = id;
  into.at = timeIn(memberOf(fields, 'at'));
  into.seq = countIn(memberOf(fields, 'seq'), Number.MAX_SAFE_INTEGER);
  types.fields.forEach((field, i) => {
    into.values[i] = readingOf(field, memberOf(fields, field.name));
  });
  types.judge(into);
  into.unreadable = unreadableIn(fields, types, into);
  if (into.repaired !== undefined && into.repaired.length > STATUS_BYTES_MAX) into.repaired = knownFieldsOf(into, types);
  return undefined;
}

/** 1 or 0 for true or false, a number, or NaN if the field isn't reported. */
function readingOf({ kind }: Field, value: unknown): number {
  return kind === 'number' ? numberIn(value) : Number(booleanIn(value) ?? Number.NaN);
}

function unreadableIn(fields: Fields, types: TypeSet, { values, at, seq }: Status): readonly string[] {
  const names: string[] = [];
  types.fields.forEach(({ name, types: readers }, i) => {
    if (readers !== 0 && Number.isNaN(values[i]) && memberOf(fields, name) !== undefined) names.push(name);
  });
  if (at === undefined && memberOf(fields, 'at') !== undefined) names.push('at');
  if (seq === undefined && memberOf(fields, 'seq') !== undefined) names.push('seq');
  return names.length === 0 ? NO_FIELDS : names;
}

/** Own members only, not those that every object has, such as `constructor`. */
function memberOf(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

/** As parseStatus, for a recovery, of which only the id has to be valid. */
export function parseRecovery(bytes: Buffer, start: number, end: number, into: Recovery): string | undefined {
  const fields = parseObject(bytes, start, end, into);
  if (typeof fields === 'string') return fields;
  const id = countIn(memberOf(fields, 'id'), SENSOR_ID_MAX);
  if (id === undefined) return noId(fields);
  into.id = id;
  into.at = timeIn(memberOf(fields, 'at'));
  if (into.repaired !== undefined && into.repaired.length > STATUS_BYTES_MAX) {
    into.repaired = Buffer.from(JSON.stringify({ id: into.id, at: into.at }));
  }
  return undefined;
}

function noId(fields: Fields): string {
  return memberOf(fields, 'id') === undefined ? 'id is missing' : `id must be a whole number from 0 to ${SENSOR_ID_MAX}`;
}

/** What is stored if a repair has made the status longer than it may be. */
function knownFieldsOf({ id, at, seq, values, unreadable }: Status, types: TypeSet): Buffer {
  const said = (name: string, value: unknown): (readonly [string, unknown])[] =>
    unreadable.includes(name) ? [[name, null]] : value === undefined || Number.isNaN(value) ? [] : [[name, value]];
  const fields = types.fields.flatMap(({ name, kind }, i) => {
    const value = values[i];
    return said(name, kind === 'boolean' && !Number.isNaN(value) ? value === 1 : value);
  });
  // From entries, since a field may be called `__proto__`.
  return Buffer.from(JSON.stringify(Object.fromEntries([['id', id], ...fields, ...said('at', at), ...said('seq', seq)])));
}

/** Sets `repaired` in `into` if a repair was necessary. */
function parseObject(bytes: Buffer, start: number, end: number, into: { repaired: Buffer | undefined }): Fields | string {
  into.repaired = undefined;
  // isJson checks the depth too.
  const whole = isJson(bytes, start, end);
  if (!whole && isTooDeep(bytes, start, end)) return `nested deeper than ${DEPTH_MAX} levels`;
  const text = whole ? textOf(bytes, start, end) : undefined;
  const json = text ?? repaired(bytes, start, end);
  if (json === undefined) return 'not valid JSON';
  const value = parsed(json);
  if (text === undefined) into.repaired = Buffer.from(json);
  return isObject(value) ? value : 'must be a JSON object';
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Removes a byte order mark, and control characters at either end such as the zero that ends a text in C, then repairs the object. */
function repaired(bytes: Buffer, start: number, end: number): string | undefined {
  let first = start;
  let last = end;
  if (bytes.subarray(start, end).indexOf(BYTE_ORDER_MARK) === 0) first += BYTE_ORDER_MARK.length;
  while (first < last && (bytes[first] as number) <= SPACE) first++;
  while (first < last && (bytes[last - 1] as number) <= SPACE) last--;
  const isWhole = isJson(bytes, first, last);
  if (!isWhole && (bytes[first] !== OPEN_BRACE || bytes[last - 1] !== CLOSE_BRACE)) return undefined;
  // Bytes that aren't UTF-8 are most likely Latin-1, which has a character for every byte, so that none is lost.
  const text = textOf(bytes, first, last) ?? bytes.toString('latin1', first, last);
  return isWhole ? text : repairedObject(text);
}

/** Undefined: it isn't UTF-8. */
function textOf(bytes: Buffer, start: number, end: number): string | undefined {
  const text = bytes.toString('utf8', start, end);
  // Invalid bytes become this character, which may also be part of the text.
  return text.includes('\ufffd') && !Buffer.from(text).equals(bytes.subarray(start, end)) ? undefined : text;
}

/** Undefined: it isn't JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTooDeep(bytes: Buffer, start: number, end: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth > DEPTH_MAX) return true;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
  }
  return false;
}
