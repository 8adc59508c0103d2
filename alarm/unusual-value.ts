/**
 * The values of fields that aren't in their usual form: escapes, exponents, padding, nesting, and what is no JSON (bare words, decimal commas, raw control
 * characters), for which it notes patches. What can't be read is noted too.
 */
import { bitOf, booleanIn, countOf, numberIn, timeIn } from './field-values.ts';
import { afterValue, DEPTH_MAX, textsHave, WRONG } from './json-syntax.ts';
import { escapeOf } from './json-writer.ts';
import { Patches } from './patches.ts';
import { afterDigits, FALSE, isNothing, isWord, NULL, TRUE } from './repair-value.ts';
import { readNumber } from './scan-number.ts';
import { NO_FIELDS, SENSOR_ID_MAX, type Status } from './status.ts';
import type { TypeSet } from './type-set.ts';
import { booleanAt, decimalAt, numberAt, timeAt } from './value-bytes.ts';

/** The `id` of a status whose id can't be one. */
export const BAD_ID = -2;
/** A field that no type reads. */
const UNKNOWN = -1;
/** Stands for a value that can't be read, until `settle`: no value that can be is infinite. */
const UNREADABLE = Number.NEGATIVE_INFINITY;
/** Not read; the result is no index. */
const UNSURE = -1;

// Not imported: the engine inlines only constants of the same module.
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const QUOTE = 0x22;
const MINUS = 0x2d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER = 0x20;
const LOWER_A = 0x61;
const LOWER_Z = 0x7a;

/** Whether a field of the object that is being read can't be read. */
let isUnreadable = false;
/** What makes the object JSON that was scanned last, if it isn't. */
export const patches = new Patches();
const POINT = Buffer.from('.');
const QUOTE_TEXT = Buffer.from('"');
const BARE = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte > SPACE && byte < 0x7f && !'",:[]{}\\'.includes(String.fromCharCode(byte))),
);

/** To be called before an object is read. */
export function beginObject(): void {
  isUnreadable = false;
  patches.clear();
}

/** Fills `unreadable`, after a scan. */
export function settle(types: TypeSet, into: Status): void {
  into.unreadable = isUnreadable ? unreadableIn(types, into) : NO_FIELDS;
}

function unreadableIn(types: TypeSet, into: Status): readonly string[] {
  let names: readonly string[] = NO_FIELDS;
  for (let i = 0; i < types.id; i += 1) {
    const known = types.fields[i];
    if (known === undefined || into.values[i] !== UNREADABLE) continue;
    into.values[i] = Number.NaN;
    if (known.types !== 0) names = names.length === 0 ? known.alone : [...names, known.name];
  }
  if (into.at === UNREADABLE) {
    into.at = undefined;
    names = [...names, 'at'];
  }
  if (into.seq === UNREADABLE) {
    into.seq = undefined;
    names = [...names, 'seq'];
  }
  return names;
}

/** Reads the value of a field, whatever it is. Returns where it ends, or UNSURE if it is no JSON even with a patch. */
export function readUnusual(bytes: Buffer, i: number, end: number, field: number, types: TypeSet, into: Status): number {
  const next = afterValue(bytes, i, end, DEPTH_MAX - 1);
  if (next === WRONG) return readPatched(bytes, i, end, field, types, into);
  if (field === types.at) into.at = read(timeAt(bytes, i, next));
  else take(types.areBoolean[field] === 1 ? booleanAt(bytes, i, next) : numberAt(bytes, i, next), field, types, into);
  return next;
}

/** Reads what is no JSON in place of a value: a text with raw control characters, or something without quotes. Returns the same as `readUnusual`. */
function readPatched(bytes: Buffer, i: number, end: number, field: number, types: TypeSet, into: Status): number {
  if (bytes[i] === QUOTE) return readRawText(bytes, i, end, field, types, into);
  let next = i;
  while (next < end && isBare(bytes[next] as number)) next += 1;
  const word = wordOf(bytes, i, next);
  if (word === undefined) return readBareWord(bytes, i, next, field, types, into);
  take(types.areBoolean[field] === 1 && word !== NULL ? Number(word === TRUE) : Number.NaN, field, types, into);
  return patches.add(i, next, word) ? next : UNSURE;
}

/** Reads a word that means nothing; it is kept as a text. What may be a number is left to the repair. */
function readBareWord(bytes: Buffer, start: number, end: number, field: number, types: TypeSet, into: Status): number {
  if (!isLetter(bytes[start] as number)) return UNSURE;
  take(Number.NaN, field, types, into);
  return patches.add(start, start, QUOTE_TEXT) && patches.add(end, end, QUOTE_TEXT) ? end : UNSURE;
}

/** Reads a text with raw control characters. One of a known field with escapes too is left to the repair. */
function readRawText(bytes: Buffer, start: number, end: number, field: number, types: TypeSet, into: Status): number {
  let i = start + 1;
  for (; i < end && bytes[i] !== QUOTE; i += 1) {
    const byte = bytes[i] as number;
    if (byte === BACKSLASH) return UNSURE;
    if (byte >= 0x80) textsHave.beyondAscii = true;
    if (byte < SPACE && !patches.add(i, i + 1, escapeOf(byte))) return UNSURE;
  }
  if (i >= end) return UNSURE;
  if (field !== UNKNOWN) takeText(bytes.toString('utf8', start + 1, i), field, types, into);
  return i + 1;
}

function takeText(text: string, field: number, types: TypeSet, into: Status): void {
  if (field === types.at) into.at = read(timeIn(text));
  else take(types.areBoolean[field] === 1 ? Number(booleanIn(text)) : numberIn(text), field, types, into);
}

/** If the comma that ended a value was a decimal one, reads the value again up to the end of its decimals, which it returns; else UNSURE. */
export function readDecimals(bytes: Buffer, comma: number, end: number, field: number, types: TypeSet, into: Status): number {
  let first = comma;
  while (isDigit(bytes[first - 1] as number)) first -= 1;
  if (bytes[first - 1] === MINUS) first -= 1;
  const after = afterDigits(bytes, comma + 1, end);
  if (bytes[first - 1] !== COLON || readNumber(bytes, first, comma) !== comma || after === comma + 1) return UNSURE;
  const number = decimalAt(bytes, first, after);
  take(types.areBoolean[field] === 1 ? bitOf(number) : number, field, types, into);
  return patches.add(comma, comma + 1, POINT) ? after : UNSURE;
}

/** What bytes[start, end) are in JSON if they are a word that stands for it elsewhere. */
function wordOf(bytes: Buffer, start: number, end: number): Buffer | undefined {
  if (isWord(bytes, start, end, TRUE)) return TRUE;
  if (isWord(bytes, start, end, FALSE)) return FALSE;
  return isNothing(bytes, start, end) ? NULL : undefined;
}

/** Gives a field a value; NaN: it can't be read. */
function take(value: number, field: number, types: TypeSet, into: Status): void {
  if (field === UNKNOWN) return;
  if (field === types.id) into.id = countOf(value, SENSOR_ID_MAX) ?? BAD_ID;
  else if (field === types.at) into.at = read(timeIn(value));
  else if (field === types.seq) into.seq = read(countOf(value, Number.MAX_SAFE_INTEGER));
  else into.values[field] = read(value);
}

/** The value, or UNREADABLE. */
function read(value: number | undefined): number {
  if (value !== undefined && !Number.isNaN(value)) return value;
  isUnreadable = true;
  return UNREADABLE;
}

/** Whether the byte may stand in a word without quotes: ASCII without white space and without what has a meaning in JSON. */
function isBare(byte: number): boolean {
  return BARE[byte] === 1;
}

function isLetter(byte: number): boolean {
  const small = byte | LOWER;
  return small >= LOWER_A && small <= LOWER_Z;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
