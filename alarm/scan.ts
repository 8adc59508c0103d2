/**
 * The fast half of decoding: reads a flat JSON object straight from its bytes, without allocating. It gives a result only if it is certain, and leaves
 * everything else (escapes, nesting, exponents, non-ASCII, any fault) to the slow half, validate.ts.
 */
import { skipSpace } from './bytes.ts';
import { MEMBER_BYTES_MAX, word } from './field-table.ts';
import { readNumber, scanned } from './scan-number.ts';
import { parseIsoTime } from './sensor-time.ts';
import type { Status } from './status.ts';
import type { TypeSet } from './type-set.ts';
import { endOfBoolean, endOfShortNumber, viewOf } from './usual-form.ts';

/** With this many bytes left, neither a name nor a short value after it is read past the end of the buffer. */
const ROOM = MEMBER_BYTES_MAX + 8;
/** Not certain; the result is no index. */
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
const CLOSE_BRACE = 0x7d;
const TRUE = word(Buffer.from('true'), 0);
const ALSE = word(Buffer.from('alse'), 0);
const NULL = word(Buffer.from('null'), 0);

/** The field that was read last, by its place in the TypeSet; UNKNOWN at the beginning, and after an unknown field. */
let field = UNKNOWN;

/**
 * Reads the members of an object into `into`, from the brace or comma at `start` on, and returns whether it is certain of all of them. If not, `into` is
 * unusable. Absent fields are left as they were. `previous`: the field before `start`.
 */
export function scan(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status, previous = UNKNOWN): boolean {
  field = previous;
  let i = start;
  do {
    i = scanExpected(bytes, i, end, types, into);
    if (i !== DONE) i = scanMember(bytes, i, end, types, into);
  } while (i >= 0);
  return i === DONE;
}

/** Reads members as long as they follow each other as they did last time, without white space. Returns where the first other one begins, or DONE. */
function scanExpected(bytes: Buffer, start: number, end: number, types: TypeSet, into: Status): number {
  const { table, areBoolean, id } = types;
  const { values } = into;
  const view = viewOf(bytes);
  const roomUpTo = bytes.length - ROOM;
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
  if (i >= end || bytes[i] !== QUOTE) return UNSURE;
  field = table.at(bytes, i + 1, field);
  i = field === UNKNOWN ? endOfString(bytes, i + 1, end) : i + 1 + (table.lengths[field] as number);
  if (i < 0) return UNSURE;
  i = token(bytes, i, end);
  if (i >= end || bytes[i] !== COLON) return UNSURE;
  i = token(bytes, i + 1, end);
  if (i >= end) return UNSURE;
  if (field === UNKNOWN) i = endOfValue(bytes, i, end);
  else if (field >= id) i = readOwn(bytes, i, end, field - id, into);
  else if (areBoolean[field] === 1) i = readBoolean(bytes, i, end, field, into.values);
  else {
    i = endOfNumber(bytes, i, end);
    into.values[field] = scanned[0] as number;
  }
  if (i < 0) return UNSURE;
  i = token(bytes, i, end);
  if (i >= end) return UNSURE;
  if (bytes[i] === COMMA) return i;
  return bytes[i] === CLOSE_BRACE && token(bytes, i + 1, end) === end ? DONE : UNSURE;
}

function token(bytes: Buffer, i: number, end: number): number {
  return i < end && (bytes[i] as number) > SPACE ? i : skipSpace(bytes, i, end);
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
  if (next < 0) return own === AT && bytes[i] === QUOTE ? readIsoTime(bytes, i + 1, end, into) : UNSURE;
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

function readIsoTime(bytes: Buffer, i: number, end: number, into: Status): number {
  const next = endOfString(bytes, i, end);
  if (next < 0) return UNSURE;
  const time = parseIsoTime(bytes.toString('latin1', i, next - 1));
  if (time === undefined) return UNSURE;
  into.at = time;
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

/** The index after the closing quote of the string whose content begins at `start`; UNSURE unless it is plain ASCII. */
function endOfString(bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH || byte < SPACE || byte >= 0x80) return UNSURE;
  }
  return UNSURE;
}

/** Where the value of an unknown field ends, or UNSURE. */
function endOfValue(bytes: Buffer, i: number, end: number): number {
  if (bytes[i] === QUOTE) return endOfString(bytes, i + 1, end);
  const next = readNumber(bytes, i, end);
  if (next >= 0) return next;
  return word(bytes, i) === NULL ? i + 4 : endOfLiteral(bytes, i);
}
