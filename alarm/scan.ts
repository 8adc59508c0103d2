/**
 * The fast half of decoding: reads a flat JSON object straight from its bytes, without allocating. It answers only where it is certain;
 * whatever it doesn't know for sure (escapes, nesting, exponents, non-ASCII, any fault) it leaves to the slow half, validate.ts.
 */
import { BACKSLASH, CLOSE_BRACE, COLON, COMMA, DOT, MINUS, NINE, OPEN_BRACE, QUOTE, SPACE, skipSpace, ZERO } from './bytes.ts';
import { parseIsoTime, TIME_MAX } from './sensor-time.ts';
import { SENSOR_ID_MAX, type Status } from './status.ts';

/** What `scan` answers when it isn't certain. */
export const UNSURE = -1;

/** Bits of what `scan` answers: which fields it found. */
export const ID = 1;
const MOTION = 2;
const SMOKE = 4;
const TEMPERATURE = 8;
const MAX_TEMPERATURE = 16;
const AT = 32;
const SEQ = 64;
const UNKNOWN = 0;
export const REQUIRED = ID | MOTION | SMOKE | TEMPERATURE | MAX_TEMPERATURE;

const keyOf = (name: string) => Buffer.from(`${name}"`, 'latin1');
const KEY_ID = keyOf('id');
const KEY_MOTION = keyOf('motion');
const KEY_SMOKE = keyOf('smoke');
const KEY_TEMPERATURE = keyOf('temperature');
const KEY_MAX_TEMPERATURE = keyOf('maxTemperature');
const KEY_AT = keyOf('at');
const KEY_SEQ = keyOf('seq');

const TRUE = Buffer.from('true', 'latin1');
const FALSE = Buffer.from('false', 'latin1');
const NULL = Buffer.from('null', 'latin1');

/** Up to this many digits a number is exact as an integer, and dividing it by its power of ten rounds once, as it must. */
const DIGITS_MAX = 15;
const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, i) => 10 ** i);

/** The number last read: a typed array, since a returned double would be boxed. */
const number = new Float64Array(1);

/** Fills `into` and answers which fields were there (bits), or UNSURE; then `into` holds rubbish. */
export function scan(bytes: Buffer, start: number, end: number, into: Status): number {
  into.at = undefined;
  into.seq = undefined;
  let found = 0;
  let i = skipSpace(bytes, start, end);
  if (i >= end || bytes[i] !== OPEN_BRACE) return UNSURE;
  for (;;) {
    i = token(bytes, i + 1, end);
    if (i >= end || bytes[i] !== QUOTE) return UNSURE;
    const field = fieldAt(bytes, i + 1, end);
    i = field === UNKNOWN ? endOfString(bytes, i + 1, end) : i + 1 + keyLength(field);
    if (i < 0) return UNSURE;
    i = token(bytes, i, end);
    if (i >= end || bytes[i] !== COLON) return UNSURE;
    i = token(bytes, i + 1, end);
    i = readField(bytes, i, end, field, into);
    if (i < 0) return UNSURE;
    found |= field;
    i = token(bytes, i, end);
    if (i >= end) return UNSURE;
    const byte = bytes[i];
    if (byte === COMMA) continue;
    return byte === CLOSE_BRACE && skipSpace(bytes, i + 1, end) === end ? found : UNSURE;
  }
}

function token(bytes: Buffer, i: number, end: number): number {
  return i < end && (bytes[i] as number) > SPACE ? i : skipSpace(bytes, i, end);
}

/** The field whose key begins at `i`, past its opening quote. */
function fieldAt(bytes: Buffer, i: number, end: number): number {
  switch (bytes[i]) {
    case 0x69: // i
      return matches(bytes, i, end, KEY_ID) ? ID : UNKNOWN;
    case 0x6d: // m
      if (bytes[i + 1] === 0x6f) return matches(bytes, i, end, KEY_MOTION) ? MOTION : UNKNOWN;
      return matches(bytes, i, end, KEY_MAX_TEMPERATURE) ? MAX_TEMPERATURE : UNKNOWN;
    case 0x73: // s
      if (bytes[i + 1] === 0x6d) return matches(bytes, i, end, KEY_SMOKE) ? SMOKE : UNKNOWN;
      return matches(bytes, i, end, KEY_SEQ) ? SEQ : UNKNOWN;
    case 0x74: // t
      return matches(bytes, i, end, KEY_TEMPERATURE) ? TEMPERATURE : UNKNOWN;
    case 0x61: // a
      return matches(bytes, i, end, KEY_AT) ? AT : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

/** Length of a known key with its closing quote. */
function keyLength(field: number): number {
  switch (field) {
    case ID:
    case AT:
      return 3;
    case SEQ:
      return 4;
    case SMOKE:
      return 6;
    case MOTION:
      return 7;
    case TEMPERATURE:
      return 12;
    default:
      return 15;
  }
}

function matches(bytes: Buffer, i: number, end: number, text: Buffer): boolean {
  const { length } = text;
  if (i + length > end) return false;
  for (let k = 1; k < length; k++) if (bytes[i + k] !== text[k]) return false;
  return true;
}

/** Reads the value at `i` into its field; answers where it ends, or UNSURE. */
function readField(bytes: Buffer, i: number, end: number, field: number, into: Status): number {
  if (i >= end) return UNSURE;
  if (field === UNKNOWN) return skipValue(bytes, i, end);
  if (field === MOTION || field === SMOKE) return readBoolean(bytes, i, end, field, into);
  const quoted = bytes[i] === QUOTE;
  let next = readNumber(bytes, quoted ? i + 1 : i, end);
  if (quoted && next >= 0) next = next < end && bytes[next] === QUOTE ? next + 1 : UNSURE;
  if (next < 0) return field === AT && quoted ? readIsoTime(bytes, i + 1, end, into) : UNSURE;
  switch (field) {
    case ID:
      return storeId(next, into);
    case TEMPERATURE:
      into.temperature = number[0] as number;
      return next;
    case MAX_TEMPERATURE:
      into.maxTemperature = number[0] as number;
      return next;
    default:
      return storeOptional(next, field, into);
  }
}

function storeId(next: number, into: Status): number {
  const value = number[0] as number;
  if (!(value >= 0 && value <= SENSOR_ID_MAX) || value % 1 !== 0) return UNSURE;
  into.id = value | 0;
  return next;
}

function storeOptional(next: number, field: number, into: Status): number {
  const value = number[0] as number;
  if (field === AT) {
    if (value > TIME_MAX || value < -TIME_MAX) return UNSURE;
    into.at = value;
    return next;
  }
  if (!Number.isSafeInteger(value) || value < 0) return UNSURE;
  into.seq = value + 0;
  return next;
}

function readBoolean(bytes: Buffer, i: number, end: number, field: number, into: Status): number {
  const quoted = bytes[i] === QUOTE;
  const at = quoted ? i + 1 : i;
  const value = bytes[at] === 0x74;
  let next = literal(bytes, at, end, value ? TRUE : FALSE);
  if (quoted && next >= 0) next = next < end && bytes[next] === QUOTE ? next + 1 : UNSURE;
  if (field === MOTION) into.motion = value;
  else into.smoke = value;
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

function literal(bytes: Buffer, i: number, end: number, text: Buffer): number {
  return bytes[i] === text[0] && matches(bytes, i, end, text) ? i + text.length : UNSURE;
}

/**
 * Reads a JSON number of at most 15 digits into `number`; answers where it ends, or UNSURE. It stops before an exponent, where no caller
 * finds what it expects next.
 */
function readNumber(bytes: Buffer, start: number, end: number): number {
  const negative = start < end && bytes[start] === MINUS;
  const first = negative ? start + 1 : start;
  let value = 0;
  let dot = -1;
  let i = first;
  for (; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= ZERO && byte <= NINE) value = value * 10 + (byte - ZERO);
    else if (byte === DOT && dot < 0) dot = i;
    else break;
  }
  const whole = (dot < 0 ? i : dot) - first;
  const decimals = dot < 0 ? 0 : i - dot - 1;
  if (whole === 0 || (whole > 1 && bytes[first] === ZERO) || (dot >= 0 && decimals === 0) || whole + decimals > DIGITS_MAX) return UNSURE;
  if (decimals > 0) value /= POWERS_OF_TEN[decimals] as number;
  number[0] = negative ? -value : value;
  return i;
}

/** Where the string whose content begins at `i` ends, past its closing quote; UNSURE unless it is plain ASCII. */
function endOfString(bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) return i + 1;
    if (byte === BACKSLASH || byte < SPACE || byte >= 0x80) return UNSURE;
  }
  return UNSURE;
}

function skipValue(bytes: Buffer, i: number, end: number): number {
  switch (bytes[i]) {
    case QUOTE:
      return endOfString(bytes, i + 1, end);
    case 0x74: // t
      return literal(bytes, i, end, TRUE);
    case 0x66: // f
      return literal(bytes, i, end, FALSE);
    case 0x6e: // n
      return literal(bytes, i, end, NULL);
    default:
      return readNumber(bytes, i, end);
  }
}
