/**
 * Reads a JSON object straight from its bytes, without building anything from it, so that it costs little whatever it is: a sender must not be able to make
 * its statuses dear. The usual values are read at once, all others (escapes, nesting, exponents, unreadable ones) by a longer way.
 */
import { skipSpace } from './bytes.ts';
import { MEMBER_BYTES_MAX, word } from './field-table.ts';
import { bitOf, booleanIn, countOf, numberIn, timeIn } from './field-values.ts';
import { afterString, afterValue, DEPTH_MAX, textsHave, WRONG } from './json-syntax.ts';
import { escapeOf } from './json-writer.ts';
import { Patches } from './patches.ts';
import { afterDigits, FALSE as FALSE_TEXT, isNothing, isWord, NULL as NULL_TEXT, TRUE as TRUE_TEXT } from './repair-value.ts';
import { readNumber, scanned } from './scan-number.ts';
import { NO_FIELDS, SENSOR_ID_MAX, type Status } from './status.ts';
import type { TypeSet } from './type-set.ts';
import { isUtf8 } from './utf8.ts';
import { endOfBoolean, endOfShortNumber, viewOf } from './usual-form.ts';
import { booleanAt, decimalAt, numberAt, timeAt } from './value-bytes.ts';

/** With this many bytes left, neither a name nor a short value after it is read past the end of the buffer. */
const ROOM = MEMBER_BYTES_MAX + 8;
/** The `id` of a status without one, and of one whose id can't be one. */
export const NO_ID = -1;
export const BAD_ID = -2;
/** Stands for a value that can't be read, until `settle`: no value that can be is infinite. */
const UNREADABLE = Number.NEGATIVE_INFINITY;
/** Not read; the result is no index. */
const UNSURE = -1;
/** The object has ended where it should. */
const DONE = -2;
/** A field that no type reads. */
const UNKNOWN = -1;

// Not imported: the engine inlines only constants of the same module.
const ID = 0;
const AT = 1;
const SPACE = 0x20;
const ZERO = 0x30;
const ONE = 0x31;
const NINE = 0x39;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER = 0x20;
const LOWER_A = 0x61;
const LOWER_F = 0x66;
const LOWER_T = 0x74;
const LOWER_Z = 0x7a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const TRUE = word(Buffer.from('true'), 0);
const ALSE = word(Buffer.from('alse'), 0);

/** The field that was read last, by its place in the TypeSet; UNKNOWN at the beginning, and after an unknown field. */
let field = UNKNOWN;
/** Whether a field of the object that was read last can't be read. */
let isUnreadable = false;
/** Whether the object has no white space between its tokens, so that patches alone repair it. */
let isCompact = true;
/** What makes the object JSON that was scanned last, if it isn't. */
export const patches = new Patches();
const POINT = Buffer.from('.');
const QUOTE_TEXT = Buffer.from('"');
const BARE = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte > SPACE && byte < 0x7f && !'",:[]{}\\'.includes(String.fromCharCode(byte))),
);

/**
 * Reads the members of an object into `into`, from the brace or comma at `start` on. Returns false if it is no JSON in UTF-8 even with `patches`, or nested too
 * deep; then `into` is unusable. Absent fields are left as they were; `settle` has to be called next. `previous`: the field before `start`.
 */
export function scan(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status, previous = UNKNOWN): boolean {
  field = previous;
  isUnreadable = false;
  isCompact = true;
  patches.clear();
  textsHave.beyondAscii = false;
  let i = start;
  do {
    i = scanExpected(bytes, i, end, types, into);
    if (i !== DONE) i = scanMember(bytes, i, end, types, into);
  } while (i >= 0);
  return i === DONE && (isCompact || patches.length === 0) && (!textsHave.beyondAscii || isUtf8(bytes, start, end));
}

/** Fills `unreadable`, after a scan. */
export function settle(types: TypeSet, into: Status): void {
  into.unreadable = isUnreadable ? unreadableIn(types, into) : NO_FIELDS;
}

function unreadableIn(types: TypeSet, into: Status): readonly string[] {
  const names: string[] = [];
  for (let i = 0; i < types.id; i += 1) {
    const known = types.fields[i];
    if (known === undefined || into.values[i] !== UNREADABLE) continue;
    into.values[i] = Number.NaN;
    if (known.types !== 0) names.push(known.name);
  }
  if (into.at === UNREADABLE) {
    into.at = undefined;
    names.push('at');
  }
  if (into.seq === UNREADABLE) {
    into.seq = undefined;
    names.push('seq');
  }
  return names;
}

/** Reads members as long as they follow each other as they did last time, without white space. Returns where the first other one begins, or DONE. */
function scanExpected(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status): number {
  const { table, areBoolean, id } = types;
  const { values } = into;
  const roomUpTo = bytes.length - ROOM;
  if (start > roomUpTo) return start;
  const view = viewOf(bytes);
  let i = start;
  while (i <= roomUpTo) {
    const expected = table.expectedAt(view, i, field);
    if (expected === UNKNOWN) break;
    const value = i + (table.memberLengths[expected] as number);
    let next = UNSURE;
    if (expected >= id) next = readOwn(bytes, value, end, expected - id, into);
    else if (areBoolean[expected] === 1) {
      next = endOfBoolean(view, value);
      values[expected] = next === value + 4 ? 1 : 0;
    } else {
      next = endOfShortNumber(view, value, values, expected);
      if (next < 0 || view.getUint8(next) !== COMMA) {
        next = endOfNumber(bytes, value, end);
        values[expected] = scanned[0] as number;
      }
    }
    if (next < 0 || next >= end) break;
    if (bytes[next] !== COMMA) return bytes[next] === CLOSE_BRACE && next + 1 === end ? DONE : i;
    field = expected;
    i = next;
  }
  return i;
}

/** Reads the member after the brace or comma at `start`. Returns where the comma after it is, DONE or UNSURE. */
function scanMember(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status): number {
  const { table, areBoolean, id } = types;
  let i = token(bytes, start + 1, end);
  if (i >= end || bytes[i] !== QUOTE) {
    if (bytes[start] === OPEN_BRACE) return endOfObject(bytes, i, end);
    return afterMember(bytes, readDecimals(bytes, start, end, types, into), end);
  }
  const name = i + 1;
  field = table.at(bytes, name, field);
  if (field === UNKNOWN) {
    textsHave.escapes = false;
    i = endOfString(bytes, name, end);
    if (i < 0) return UNSURE;
    if (textsHave.escapes) field = table.ofEscaped(bytes, name, i - 1);
  } else i = name + (table.lengths[field] as number);
  i = token(bytes, i, end);
  if (i >= end || bytes[i] !== COLON) return UNSURE;
  const value = token(bytes, i + 1, end);
  if (value >= end) return UNSURE;
  if (field === UNKNOWN) i = endOfValue(bytes, value, end);
  else if (field >= id) i = readOwn(bytes, value, end, field - id, into);
  else if (areBoolean[field] === 1) i = readBoolean(bytes, value, end, field, into.values);
  else {
    i = endOfNumber(bytes, value, end);
    into.values[field] = scanned[0] as number;
  }
  if (i >= 0) i = token(bytes, i, end);
  if (i < 0 || i >= end || (bytes[i] !== COMMA && bytes[i] !== CLOSE_BRACE)) {
    return afterMember(bytes, readUnusual(bytes, value, end, types, into), end);
  }
  return bytes[i] === COMMA ? i : endOfObject(bytes, i, end);
}

/** Returns the same as `scanMember`; `i`: where a member ended, or UNSURE. */
function afterMember(bytes: Buffer, i: number, end: number): number {
  if (i < 0) return UNSURE;
  const next = token(bytes, i, end);
  return next < end && bytes[next] === COMMA ? next : endOfObject(bytes, next, end);
}

/** DONE, if the brace at `i` is all that is left. */
function endOfObject(bytes: Buffer, i: number, end: number): number {
  return i < end && bytes[i] === CLOSE_BRACE && token(bytes, i + 1, end) === end ? DONE : UNSURE;
}

/** Reads the value of the present field, whatever it is. Returns where it ends, or UNSURE if it is no JSON even with a patch. */
function readUnusual(bytes: Buffer, i: number, end: number, types: TypeSet, into: Status): number {
  const next = afterValue(bytes, i, end, DEPTH_MAX - 1);
  if (next === WRONG) return readPatched(bytes, i, end, types, into);
  if (field === types.at) into.at = read(timeAt(bytes, i, next));
  else take(isBoolean(types) ? booleanAt(bytes, i, next) : numberAt(bytes, i, next), types, into);
  return next;
}

/** Reads what is no JSON in place of a value: a text with raw control characters, or something without quotes. Returns the same as `readUnusual`. */
function readPatched(bytes: Buffer, i: number, end: number, types: TypeSet, into: Status): number {
  if (i < end && bytes[i] === QUOTE) return readRawText(bytes, i, end, types, into);
  let next = i;
  while (next < end && isBare(bytes[next] as number)) next += 1;
  const word = wordOf(bytes, i, next);
  if (word === undefined) return readBareWord(bytes, i, next, types, into);
  take(isBoolean(types) && word !== NULL_TEXT ? Number(word === TRUE_TEXT) : Number.NaN, types, into);
  return patches.add(i, next, word) ? next : UNSURE;
}

/** Reads a word that means nothing; it is kept as a text. What may be a number is left to the repair. */
function readBareWord(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status): number {
  if (!isLetter(bytes[start] as number)) return UNSURE;
  take(Number.NaN, types, into);
  return patches.add(start, start, QUOTE_TEXT) && patches.add(end, end, QUOTE_TEXT) ? end : UNSURE;
}

/** Reads a text with raw control characters. One of a known field with escapes too is left to the repair. */
function readRawText(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status): number {
  let i = start + 1;
  for (; i < end && bytes[i] !== QUOTE; i += 1) {
    const byte = bytes[i] as number;
    if (byte === BACKSLASH) return UNSURE;
    if (byte >= 0x80) textsHave.beyondAscii = true;
    if (byte < SPACE && !patches.add(i, i + 1, escapeOf(byte))) return UNSURE;
  }
  if (i >= end) return UNSURE;
  if (field !== UNKNOWN) takeText(bytes.toString('utf8', start + 1, i), types, into);
  return i + 1;
}

function takeText(text: string, types: TypeSet, into: Status): void {
  if (field === types.at) into.at = read(timeIn(text));
  else take(isBoolean(types) ? Number(booleanIn(text) ?? Number.NaN) : numberIn(text), types, into);
}

/** If the comma that ended the present field was a decimal one, reads it again up to the end of its decimals, which it returns; else UNSURE. */
function readDecimals(bytes: Buffer, comma: number, end: number, types: TypeSet, into: Status): number {
  let first = comma;
  while (isDigit(bytes[first - 1] as number)) first -= 1;
  if (bytes[first - 1] === MINUS) first -= 1;
  const after = afterDigits(bytes, comma + 1, end);
  if (bytes[first - 1] !== COLON || readNumber(bytes, first, comma) !== comma || after === comma + 1) return UNSURE;
  const number = decimalAt(bytes, first, after);
  take(isBoolean(types) ? bitOf(number) : number, types, into);
  return patches.add(comma, comma + 1, POINT) ? after : UNSURE;
}

/** What bytes[start, end) are in JSON if they are a word that stands for it elsewhere. */
function wordOf(bytes: Buffer, start: number, end: number): Buffer | undefined {
  if (isWord(bytes, start, end, TRUE_TEXT)) return TRUE_TEXT;
  if (isWord(bytes, start, end, FALSE_TEXT)) return FALSE_TEXT;
  return isNothing(bytes, start, end) ? NULL_TEXT : undefined;
}

function isBoolean({ areBoolean }: TypeSet): boolean {
  return areBoolean[field] === 1;
}

/** Gives the present field a value; NaN: it can't be read. */
function take(value: number, types: TypeSet, into: Status): void {
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

function token(bytes: Buffer, i: number, end: number): number {
  if (i >= end || (bytes[i] as number) > SPACE) return i;
  isCompact = false;
  return skipSpace(bytes, i, end);
}

/** Reads the number at `i`, perhaps in quotes, into `scanned`; returns where it ends, or UNSURE. */
function endOfNumber(bytes: Buffer, i: number, end: number): number {
  if (bytes[i] !== QUOTE) return readNumber(bytes, i, end);
  const next = readNumber(bytes, i + 1, end);
  return next >= 0 && next < end && bytes[next] === QUOTE ? next + 1 : UNSURE;
}

/** Reads `id`, `at` or `seq`, whose numbers follow each other. Returns where it ends, or UNSURE. */
function readOwn(bytes: Buffer, i: number, end: number, own: number, into: Status): number {
  const next = endOfNumber(bytes, i, end);
  if (next < 0) return UNSURE;
  const value = scanned[0] as number;
  if (own === ID) {
    // Turns minus zero into zero. Any other value that changes is not an integer, or too large.
    into.id = value | 0;
    return into.id === value && value >= 0 ? next : UNSURE;
  }
  // The number has at most 15 digits: a Date can hold it as a time, and it is exact as a counter.
  if (own === AT) into.at = value;
  else if (Number.isInteger(value) && value >= 0) into.seq = value + 0;
  else return UNSURE;
  return next;
}

function readBoolean(bytes: Buffer, i: number, end: number, field: number, values: Float64Array): number {
  const quoted = bytes[i] === QUOTE;
  const first = quoted ? i + 1 : i;
  const byte = bytes[first];
  values[field] = byte === LOWER_T || byte === ONE ? 1 : 0;
  const next = byte === ONE || byte === ZERO ? first + 1 : endOfLiteral(bytes, first);
  if (!quoted || next < 0) return next;
  return next < end && bytes[next] === QUOTE ? next + 1 : UNSURE;
}

/** Where the true or false at `i` ends, or UNSURE. */
function endOfLiteral(bytes: Buffer, i: number): number {
  if (word(bytes, i) === TRUE) return i + 4;
  return bytes[i] === LOWER_F && word(bytes, i + 1) === ALSE ? i + 5 : UNSURE;
}

/** The index after the closing quote of the string whose content begins at `start`, or UNSURE. */
function endOfString(bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH || byte < SPACE || byte >= 0x80) return afterString(bytes, i, end);
  }
  return UNSURE;
}

/** Where the value of an unknown field ends, or UNSURE. */
function endOfValue(bytes: Buffer, i: number, end: number): number {
  return bytes[i] === QUOTE ? endOfString(bytes, i + 1, end) : readNumber(bytes, i, end);
}
