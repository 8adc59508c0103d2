/**
 * Reads the value of a field from its bytes, which are JSON: what field-values.ts makes of it, without building it first. Whatever isn't plain (escapes,
 * characters beyond ASCII, exponents, many digits) is left to field-values.ts.
 */
import { bitOf, booleanIn, numberIn, timeIn } from './field-values.ts';
import { readNumber, scanned } from './scan-number.ts';

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
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const OPEN_BRACE = 0x7b;
const LOWER = 0x20;
const UNSURE = -1;
const DIGITS_MAX = 15;
const POWERS_OF_TEN = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, i) => 10 ** i);
/** The shortest is `2026-03-01T12:00Z`; the hyphen is after the year. */
const ISO_BYTES_MIN = 17;
const ISO_HYPHEN = 4;

/** What the text that was read last says between its quotes, without spaces around it. */
let textStart = 0;
let textEnd = 0;

/** As numberIn. */
export function numberAt(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start] as number;
  if (first === QUOTE) return isPlain(bytes, start + 1, end - 1) ? numberInText(bytes) : numberIn(built(bytes, start, end));
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
      if (!isPlain(bytes, start + 1, end - 1)) return Number(booleanIn(built(bytes, start, end)) ?? Number.NaN);
      if (isWord(bytes, 'true')) return 1;
      if (isWord(bytes, 'false')) return 0;
      return bitOf(numberInText(bytes));
    default:
      return bitOf(numberAt(bytes, start, end));
  }
}

/** As timeIn. */
export function timeAt(bytes: Buffer, start: number, end: number): number | undefined {
  if (bytes[start] !== QUOTE) return timeIn(numberAt(bytes, start, end));
  if (!isPlain(bytes, start + 1, end - 1)) return timeIn(built(bytes, start, end));
  if (textEnd - textStart < ISO_BYTES_MIN || bytes[textStart + ISO_HYPHEN] !== MINUS) return timeIn(numberInText(bytes));
  return timeIn(bytes.toString('latin1', textStart, textEnd));
}

function built(bytes: Buffer, start: number, end: number): unknown {
  return JSON.parse(bytes.toString('utf8', start, end));
}

/** Whether the text in bytes[start, end) is what it says, letter by letter; sets where it begins and ends. */
function isPlain(bytes: Buffer, start: number, end: number): boolean {
  textStart = start;
  textEnd = end;
  while (textStart < textEnd && bytes[textStart] === SPACE) textStart += 1;
  while (textEnd > textStart && bytes[textEnd - 1] === SPACE) textEnd -= 1;
  for (let i = textStart; i < textEnd; i += 1) if (bytes[i] === BACKSLASH || (bytes[i] as number) >= 0x80) return false;
  return true;
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
