/**
 * Reads the value of a field from its bytes, which are JSON: what field-values.ts makes of it, without building it first. Whatever isn't plain (control
 * characters, characters beyond ASCII, exponents, many digits) is left to field-values.ts.
 */
import { hexAt } from './field-table.ts';
import { bitOf, booleanIn, numberIn, timeIn } from './field-values.ts';
import { readNumber, scanned } from './scan-number.ts';
import { STATUS_BYTES_MAX } from './status.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const LOWER_A = 0x61;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const LOWER_U = 0x75;
const UNICODE_DIGITS = 4;
const OPEN_BRACE = 0x7b;
const LOWER = 0x20;
const UNSURE = -1;
const DIGITS_MAX = 15;
const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, i) => 10 ** i);
/** The shortest is `2026-03-01T12:00Z`; the hyphen is after the year. */
const ISO_BYTES_MIN = 17;
const ISO_HYPHEN = 4;

/** What the text that was read last says between its quotes, without spaces around it: bytes[textStart, textEnd) of what `plain` returned. */
let textStart = 0;
let textEnd = 0;
/** A text whose escapes are resolved. */
const resolved = Buffer.alloc(STATUS_BYTES_MAX);

/** As numberIn. */
export function numberAt(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start] as number;
  if (first === QUOTE) {
    const text = plain(bytes, start + 1, end - 1);
    return text === undefined ? numberIn(built(bytes, start, end)) : numberInText(text);
  }
  if (first !== MINUS && !isDigit(first)) return Number.NaN;
  return readNumber(bytes, start, end) === end ? (scanned[0] as number) : numberIn(built(bytes, start, end));
}

/** As numberIn for bytes[start, end), digits with perhaps a sign, a decimal comma or point. */
export function decimalAt(bytes: Buffer, start: number, end: number): number {
  textStart = start;
  textEnd = end;
  return numberInText(bytes);
}

/** As booleanIn: 1, 0, or NaN if it is neither true nor false. */
export function booleanAt(bytes: Buffer, start: number, end: number): number {
  switch (bytes[start]) {
    case LOWER_T:
      return 1;
    case LOWER_F:
      return 0;
    case LOWER_N:
    case OPEN_BRACE:
    case OPEN_BRACKET:
      return Number.NaN;
    case QUOTE:
      return booleanInText(bytes, start, end);
    default:
      return bitOf(numberAt(bytes, start, end));
  }
}

function booleanInText(bytes: Buffer, start: number, end: number): number {
  const text = plain(bytes, start + 1, end - 1);
  if (text === undefined) return Number(booleanIn(built(bytes, start, end)) ?? Number.NaN);
  if (isWord(text, 'true')) return 1;
  return isWord(text, 'false') ? 0 : bitOf(numberInText(text));
}

/** As timeIn. */
export function timeAt(bytes: Buffer, start: number, end: number): number | undefined {
  if (bytes[start] !== QUOTE) return timeIn(numberAt(bytes, start, end));
  const text = plain(bytes, start + 1, end - 1);
  if (text === undefined) return timeIn(built(bytes, start, end));
  if (textEnd - textStart < ISO_BYTES_MIN || text[textStart + ISO_HYPHEN] !== MINUS) return timeIn(numberInText(text));
  return timeIn(text.toString('latin1', textStart, textEnd));
}

function built(bytes: Buffer, start: number, end: number): unknown {
  return JSON.parse(bytes.toString('utf8', start, end));
}

/** Where the text in bytes[start, end) stands letter by letter, in ASCII: there, or with its escapes resolved. Sets where it begins and ends. */
function plain(bytes: Buffer, start: number, end: number): Buffer | undefined {
  for (let i = start; i < end; i += 1) {
    if ((bytes[i] as number) >= 0x80) return undefined;
    if (bytes[i] === BACKSLASH) return resolvedFrom(bytes, start, end);
  }
  trim(bytes, start, end);
  return bytes;
}

/** Undefined: it is too long, or has characters beyond ASCII or that can't be seen. */
function resolvedFrom(bytes: Buffer, start: number, end: number): Buffer | undefined {
  if (end - start > resolved.length) return undefined;
  let length = 0;
  for (let i = start; i < end; i += 1) {
    let code = bytes[i] as number;
    if (code === BACKSLASH) {
      i += 1;
      code = bytes[i] as number;
      if (code === LOWER_U) {
        code = hexAt(bytes, i + 1);
        i += UNICODE_DIGITS;
      } else if (code >= LOWER_A) return undefined;
    }
    if (code < SPACE || code >= 0x80) return undefined;
    resolved[length++] = code;
  }
  trim(resolved, 0, length);
  return resolved;
}

function trim(bytes: Buffer, start: number, end: number): void {
  textStart = start;
  textEnd = end;
  while (textStart < textEnd && bytes[textStart] === SPACE) textStart += 1;
  while (textEnd > textStart && bytes[textEnd - 1] === SPACE) textEnd -= 1;
}

function isWord(bytes: Buffer, word: string): boolean {
  if (textEnd - textStart !== word.length) return false;
  for (let i = 0; i < word.length; i += 1) if (((bytes[textStart + i] as number) | LOWER) !== word.charCodeAt(i)) return false;
  return true;
}

/** The number in the plain text that was read last, or NaN. */
function numberInText(bytes: Buffer): number {
  const sign = bytes[textStart];
  const first = sign === MINUS || sign === PLUS ? textStart + 1 : textStart;
  let value = 0;
  let digits = 0;
  let point = UNSURE;
  for (let i = first; i < textEnd; i += 1) {
    const byte = bytes[i] as number;
    if (isDigit(byte)) {
      value = value * 10 + byte - ZERO;
      digits += 1;
    } else if ((byte === DOT || byte === COMMA) && point === UNSURE) point = i;
    else if ((byte | LOWER) === LOWER_E && digits > 0) return numberIn(bytes.toString('latin1', textStart, textEnd));
    else return Number.NaN;
  }
  if (digits === 0) return Number.NaN;
  if (digits > DIGITS_MAX) return numberIn(bytes.toString('latin1', textStart, textEnd));
  if (point !== UNSURE) value /= POWERS_OF_TEN[textEnd - point - 1] as number;
  return sign === MINUS ? -value : value;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
