/**
 * The fast half of decoding: reads a flat JSON object straight from its bytes, without allocating. It answers only where it is certain;
 * whatever it doesn't know for sure (escapes, nesting, exponents, non-ASCII, any fault) it leaves to the slow half, validate.ts.
 */
import { skipSpace } from './bytes.ts';
import { fieldAt, nameLength, word } from './field-names.ts';
import { readNumber, scanned } from './scan-number.ts';
import { parseIsoTime } from './sensor-time.ts';
import type { Status } from './status.ts';

/** What `scan` answers when it isn't certain. */
const NOTHING = 0;
/** No place in the bytes. */
const UNSURE = -1;

// The module's own, since the engine folds no others into its code.
const ID = 1;
const MOTION = 2;
const SMOKE = 4;
const TEMPERATURE = 8;
const MAX_TEMPERATURE = 16;
const AT = 32;
const UNKNOWN = 0;
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
const NULL = word(Buffer.from('null'), 0);

/**
 * Fills `into` and answers which fields were there (bits of field-names.ts), or NOTHING; then `into` holds rubbish, as fields do that were not
 * there.
 */
export function scan(bytes: Buffer, start: number, end: number, into: Status): number {
  into.at = undefined;
  into.seq = undefined;
  let found = 0;
  let i = token(bytes, start, end);
  if (i >= end || bytes[i] !== OPEN_BRACE) return NOTHING;
  for (;;) {
    i = token(bytes, i + 1, end);
    if (i >= end || bytes[i] !== QUOTE) return NOTHING;
    const field = fieldAt(bytes, i + 1);
    i = field === UNKNOWN ? endOfString(bytes, i + 1, end) : i + 1 + nameLength(field);
    if (i < 0) return NOTHING;
    i = token(bytes, i, end);
    if (i >= end || bytes[i] !== COLON) return NOTHING;
    i = token(bytes, i + 1, end);
    if (i >= end) return NOTHING;
    if (field === MOTION || field === SMOKE) i = readBoolean(bytes, i, end, field, into);
    else i = field === UNKNOWN ? endOfValue(bytes, i, end) : readField(bytes, i, end, field, into);
    if (i < 0) return NOTHING;
    found |= field;
    i = token(bytes, i, end);
    if (i >= end) return NOTHING;
    if (bytes[i] === COMMA) continue;
    return bytes[i] === CLOSE_BRACE && token(bytes, i + 1, end) === end ? found : NOTHING;
  }
}

function token(bytes: Buffer, i: number, end: number): number {
  return i < end && (bytes[i] as number) > SPACE ? i : skipSpace(bytes, i, end);
}

/** Reads the value at `i` into its field; answers where it ends, or UNSURE. */
function readField(bytes: Buffer, i: number, end: number, field: number, into: Status): number {
  const quoted = bytes[i] === QUOTE;
  let next = readNumber(bytes, quoted ? i + 1 : i, end);
  if (quoted && next >= 0) next = next < end && bytes[next] === QUOTE ? next + 1 : UNSURE;
  if (next < 0) return field === AT && quoted ? readIsoTime(bytes, i + 1, end, into) : UNSURE;
  const value = scanned[0] as number;
  if (field === TEMPERATURE) into.temperature = value;
  else if (field === MAX_TEMPERATURE) into.maxTemperature = value;
  else if (field === ID) {
    // Zero in place of minus zero; anything else that isn't the same integer is none, or too large.
    into.id = value | 0;
    if (into.id !== value || value < 0) return UNSURE;
  } else return storeOptional(next, field, value, into);
  return next;
}

/** At most 15 digits, so that any time is one that a Date can hold, and any counter exact. */
function storeOptional(next: number, field: number, value: number, into: Status): number {
  if (field === AT) {
    into.at = value;
    return next;
  }
  if (!Number.isInteger(value) || value < 0) return UNSURE;
  into.seq = value + 0;
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

function readBoolean(bytes: Buffer, i: number, end: number, field: number, into: Status): number {
  const quoted = bytes[i] === QUOTE;
  const first = quoted ? i + 1 : i;
  const byte = bytes[first];
  const value = byte === LOWER_T || byte === ONE;
  if (field === MOTION) into.motion = value;
  else into.smoke = value;
  const next = byte === ONE || byte === ZERO ? first + 1 : endOfLiteral(bytes, first);
  if (!quoted || next < 0) return next;
  return next < end && bytes[next] === QUOTE ? next + 1 : UNSURE;
}

/** Where the true or false at `i` ends, or UNSURE. */
function endOfLiteral(bytes: Buffer, i: number): number {
  if (word(bytes, i) === TRUE) return i + 4;
  return bytes[i] === LOWER_F && word(bytes, i + 1) === ALSE ? i + 5 : UNSURE;
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

/** Where the value of an unknown field ends, or UNSURE. */
function endOfValue(bytes: Buffer, i: number, end: number): number {
  if (bytes[i] === QUOTE) return endOfString(bytes, i + 1, end);
  const next = readNumber(bytes, i, end);
  if (next >= 0) return next;
  return word(bytes, i) === NULL ? i + 4 : endOfLiteral(bytes, i);
}
