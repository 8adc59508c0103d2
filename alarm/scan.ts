/**
 * Reads a JSON object straight from its bytes, without building anything from it, so that it costs little whatever it is: a sender must not be able to make
 * its statuses dear. The usual values are read at once, all others (escapes, nesting, exponents, unreadable ones) by a longer way.
 */
import { skipSpace } from './bytes.ts';
import { MEMBER_BYTES_MAX, word } from './field-table.ts';
import { afterString, textsHave } from './json-syntax.ts';
import { readNumber, scanned } from './scan-number.ts';
import type { Status } from './status.ts';
import type { TypeSet } from './type-set.ts';
import { beginObject, patches, readDecimals, readUnusual } from './unusual-value.ts';
import { endOfBoolean, endOfShortNumber, viewOf } from './usual-form.ts';
import { isUtf8 } from './utf8.ts';

/** With this many bytes left, neither a name nor a short value after it is read past the end of the buffer. */
const ROOM = MEMBER_BYTES_MAX + 8;
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
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER_F = 0x66;
const LOWER_T = 0x74;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const TRUE = word(Buffer.from('true'), 0);
const ALSE = word(Buffer.from('alse'), 0);

/** The field that was read last, by its place in the TypeSet; UNKNOWN at the beginning, and after an unknown field. */
let field = UNKNOWN;
/** Whether the object has no white space between its tokens, so that patches alone repair it. */
let isCompact = true;

/**
 * Reads the members of an object into `into`, from the brace or comma at `start` on. Returns false if it is no JSON in UTF-8 even with `patches`, or nested too
 * deep; then `into` is unusable. Absent fields are left as they were; `settle` has to be called next. `previous`: the field before `start`.
 */
export function scan(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status, previous = UNKNOWN): boolean {
  field = previous;
  isCompact = true;
  beginObject();
  textsHave.beyondAscii = false;
  let i = start;
  do {
    i = scanExpected(bytes, i, end, types, into);
    if (i >= 0) i = scanMember(bytes, i, end, types, into);
  } while (i >= 0);
  return i === DONE && (isCompact || patches.length === 0) && (!textsHave.beyondAscii || isUtf8(bytes, start, end));
}

/** Reads members as long as they follow each other as they did last time, without white space. Returns where the first other one begins, DONE or UNSURE. */
function scanExpected(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status): number {
  const { table, areBoolean, id } = types;
  const { values } = into;
  const roomUpTo = bytes.length - ROOM;
  if (start > roomUpTo) return start;
  const view = viewOf(bytes);
  let i = start;
  let expected = bytes[i] === OPEN_BRACE ? table.firstAt(bytes, i) : table.expectedAt(view, i, field);
  while (expected !== UNKNOWN) {
    const value = i + (table.memberLengths[expected] as number);
    let next = UNSURE;
    if (expected >= id) next = readOwn(bytes, value, end, expected - id, into);
    else if (areBoolean[expected] === 1) {
      next = endOfBoolean(view, value);
      if (next < 0) next = readBoolean(bytes, value, end, expected, values);
      else values[expected] = next === value + 4 ? 1 : 0;
    } else {
      next = endOfShortNumber(view, value, values, expected);
      if (next < 0 || view.getUint8(next) !== COMMA) {
        next = endOfNumber(bytes, value, end);
        values[expected] = scanned[0] as number;
      }
    }
    if (next < 0 || next >= end || bytes[next] !== COMMA) {
      if (next >= 0 && next + 1 === end && bytes[next] === CLOSE_BRACE) return DONE;
      if (isSpaced(bytes, value, end) || isSpaced(bytes, next, end)) break;
      next = afterMember(bytes, readUnusual(bytes, value, end, expected, types, into), end);
      if (next < 0) return next;
    }
    field = expected;
    i = next;
    if (i > roomUpTo) break;
    expected = table.expectedAt(view, i, field);
  }
  return i;
}

/** Whether something that isn't to be seen is at `i`, if that is in the object. */
function isSpaced(bytes: Buffer, i: number, end: number): boolean {
  return i >= 0 && i < end && (bytes[i] as number) <= SPACE;
}

/** Reads the member after the brace or comma at `start`. Returns where the comma after it is, DONE or UNSURE. */
function scanMember(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status): number {
  const { table, areBoolean, id } = types;
  let i = token(bytes, start + 1, end);
  if (i >= end || bytes[i] !== QUOTE) {
    if (bytes[start] === OPEN_BRACE) return endOfObject(bytes, i, end);
    return afterMember(bytes, readDecimals(bytes, start, end, field, types, into), end);
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
    return afterMember(bytes, readUnusual(bytes, value, end, field, types, into), end);
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
