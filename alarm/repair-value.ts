/** Turns one value into JSON; whatever can't be understood becomes a text. */
import { isHexDigit, isJson } from './json-syntax.ts';
import type { JsonWriter } from './json-writer.ts';
import { skipSpaceAndCommas, skipWideSpace, spaceAt } from './wide-space.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_A = 0x61;
const LOWER_E = 0x65;
const LOWER_U = 0x75;
const LOWER_Z = 0x7a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const LOWER = 0x20;
const UNICODE_BYTES = 6;

export const NONE = -1;

/** What stands for no value, in any case; and what may stand for no number, perhaps with a sign before it and something in parentheses behind. */
const NOTHING = ['null', 'none', 'nil', 'undefined'].map((word) => Buffer.from(word));
const NAN = Buffer.from('nan');
const INF = Buffer.from('inf');
const INFINITY = Buffer.from('infinity');
/** What Windows prints: 1.#QNAN, 1.#INF. */
const OF_WINDOWS = Buffer.from('1.#');
export const TRUE = Buffer.from('true');
export const FALSE = Buffer.from('false');
export const NULL = Buffer.from('null');
/** With which bytes something may begin that stands for no value. */
const BEGINS_NOTHING = new Uint8Array(256);
for (const byte of Buffer.from('+-1nNiIuU')) BEGINS_NOTHING[byte] = 1;
const ESCAPED = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) ESCAPED[byte] = 1;

/** Writes the value in bytes[start, end), which has no white space around it. */
export function putValue(writer: JsonWriter, bytes: Buffer, start: number, end: number): void {
  if (start < end && isBracket(bytes[start])) putNested(writer, bytes, start, end);
  else if (afterText(bytes, start, end) === end) putText(writer, bytes, start, end);
  else putBare(writer, bytes, start, end);
}

export function isBracket(byte: number | undefined): boolean {
  return byte === OPEN_BRACE || byte === OPEN_BRACKET;
}

/** Where the text that begins at `i` with a quote has been closed by another; NONE: nowhere, or there is no text. */
export function afterText(bytes: Buffer, i: number, end: number): number {
  if (i >= end || bytes[i] !== QUOTE) return NONE;
  for (let at = i + 1; at < end; at += 1) {
    if (bytes[at] === QUOTE) return at + 1;
    if (bytes[at] === BACKSLASH) at += 1;
  }
  return NONE;
}

/** Escapes raw control characters, and backslashes that escape nothing, in a JSON string with its quotes. */
export function putText(writer: JsonWriter, bytes: Buffer, start: number, end: number): void {
  for (let i = start; i < end; ) {
    const plain = i;
    while (i < end && bytes[i] !== BACKSLASH && (bytes[i] as number) >= SPACE) i += 1;
    writer.copy(bytes, plain, i);
    if (i === end) return;
    const byte = bytes[i] as number;
    if (byte === BACKSLASH) {
      const length = lengthOfEscape(bytes, i, end);
      if (length === 1) writer.put(BACKSLASH);
      writer.copy(bytes, i, i + length);
      i += length;
    } else {
      writer.putControl(byte);
      i += 1;
    }
  }
}

/** 1: it escapes nothing. */
function lengthOfEscape(bytes: Buffer, i: number, end: number): number {
  if (i + 1 >= end) return 1;
  if (ESCAPED[bytes[i + 1] as number] === 1) return 2;
  if (bytes[i + 1] !== LOWER_U || i + UNICODE_BYTES > end) return 1;
  for (let at = i + 2; at < i + UNICODE_BYTES; at += 1) if (!isHexDigit(bytes[at] as number)) return 1;
  return UNICODE_BYTES;
}

function putBare(writer: JsonWriter, bytes: Buffer, start: number, end: number): void {
  if (isWord(bytes, start, end, TRUE)) writer.copy(TRUE, 0, TRUE.length);
  else if (isWord(bytes, start, end, FALSE)) writer.copy(FALSE, 0, FALSE.length);
  else if (isNothing(bytes, start, end)) writer.copy(NULL, 0, NULL.length);
  else if (!putsNumber(writer, bytes, start, end)) writer.putQuoted(bytes, start, end);
}

/** Whether what stands there without quotes stands for no value, as `nan` and nothing at all do. */
export function isNothing(bytes: Buffer, start: number, end: number): boolean {
  if (start === end) return true;
  if (BEGINS_NOTHING[bytes[start] as number] === 0) return false;
  const first = bytes[start] === PLUS || bytes[start] === MINUS ? start + 1 : start;
  const after = afterNoNumber(bytes, first, end);
  if (after === end) return true;
  if (after === NONE) {
    for (const word of NOTHING) if (isWord(bytes, start, end, word)) return true;
    return false;
  }
  if (bytes[after] !== OPEN_PARENTHESIS) return false;
  let i = after + 1;
  while (i < end && bytes[i] !== CLOSE_PARENTHESIS) i += 1;
  return i === end - 1;
}

/** Where the word that is no number ends; NONE: there is none. */
function afterNoNumber(bytes: Buffer, start: number, end: number): number {
  if (begins(bytes, start, end, NAN)) return start + NAN.length;
  if (begins(bytes, start, end, INF)) return start + (begins(bytes, start, end, INFINITY) ? INFINITY : INF).length;
  if (!begins(bytes, start, end, OF_WINDOWS)) return NONE;
  let i = start + OF_WINDOWS.length;
  while (i < end && isLetter(bytes[i] as number)) i += 1;
  return i === start + OF_WINDOWS.length ? NONE : i;
}

/** Whether bytes[start, end) begin with the word. */
function begins(bytes: Buffer, start: number, end: number, word: Buffer): boolean {
  return start + word.length <= end && isWord(bytes, start, start + word.length, word);
}

function isLetter(byte: number): boolean {
  const small = byte | LOWER;
  return small >= LOWER_A && small <= LOWER_Z;
}

/** Whether bytes[start, end) are the word, in capital or small letters. */
export function isWord(bytes: Buffer, start: number, end: number, word: Buffer): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i += 1) {
    const byte = bytes[start + i] as number;
    if ((isLetter(byte) ? byte | LOWER : byte) !== word[i]) return false;
  }
  return true;
}

/** Writes a number as JSON: `.5`, `5.`, `+21.5`, `007.0` and `21,5` are understood too. False: it is none. */
function putsNumber(writer: JsonWriter, bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start] === PLUS || bytes[start] === MINUS ? start + 1 : start;
  const point = afterDigits(bytes, first, end);
  const hasPoint = point < end && (bytes[point] === DOT || bytes[point] === COMMA);
  const decimals = hasPoint ? point + 1 : point;
  const exponent = hasPoint ? afterDigits(bytes, decimals, end) : point;
  if ((point === first && exponent === decimals) || (exponent < end && !isExponent(bytes, exponent, end))) return false;
  let whole = first;
  while (whole < point && bytes[whole] === ZERO) whole += 1;
  if (bytes[start] === MINUS) writer.put(MINUS);
  if (whole === point) writer.put(ZERO);
  writer.copy(bytes, whole, point);
  if (exponent > decimals) writer.put(DOT);
  writer.copy(bytes, decimals, end);
  return true;
}

function isExponent(bytes: Buffer, i: number, end: number): boolean {
  if (((bytes[i] as number) | LOWER) !== LOWER_E) return false;
  const first = bytes[i + 1] === PLUS || bytes[i + 1] === MINUS ? i + 2 : i + 1;
  return first < end && afterDigits(bytes, first, end) === end;
}

export function afterDigits(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && (bytes[i] as number) >= ZERO && (bytes[i] as number) <= NINE) i += 1;
  return i;
}

/** An object or array whose members are repaired one by one; a text if that makes no JSON. */
function putNested(writer: JsonWriter, bytes: Buffer, start: number, end: number): void {
  const before = writer.length;
  if (putsMembers(writer, bytes, start, end) && isJson(writer.bytes, before, writer.length)) return;
  writer.length = before;
  writer.putQuoted(bytes, start, end);
}

/** False: it makes no JSON, since a text doesn't end, a value stands right behind another, or there is none before a comma. */
function putsMembers(writer: JsonWriter, bytes: Buffer, start: number, end: number): boolean {
  let commasEnd = start;
  let isDropped = false;
  let isBehindValue = false;
  for (let i = start; i < end; ) {
    const byte = bytes[i] as number;
    if (byte === COMMA) {
      if (i >= commasEnd) {
        commasEnd = skipSpaceAndCommas(bytes, i, end);
        isDropped = commasEnd < end && isClosing(bytes[commasEnd]);
      }
      if (!isDropped && !putsComma(writer, isBehindValue)) return false;
      i += 1;
      isBehindValue = false;
      continue;
    }
    const space = spaceAt(bytes, i, end);
    if (space > 0) {
      writer.copy(bytes, i, i + space);
      i += space;
      continue;
    }
    if (byte === COLON || isClosing(byte)) {
      writer.put(byte);
      i += 1;
      isBehindValue = byte !== COLON || putsMissing(writer, bytes, i, end);
      continue;
    }
    if (isBehindValue) return false;
    if (isBracket(byte)) {
      writer.put(byte);
      i += 1;
      continue;
    }
    const after: number = byte === QUOTE ? afterText(bytes, i, end) : endOfToken(bytes, i, end);
    if (after === NONE) return false;
    if (byte === QUOTE) putText(writer, bytes, i, after);
    else putBare(writer, bytes, i, after);
    i = after;
    isBehindValue = true;
  }
  return true;
}

/** False: no value stands before it. */
function putsComma(writer: JsonWriter, isBehindValue: boolean): boolean {
  if (isBehindValue) writer.put(COMMA);
  return isBehindValue;
}

/** Writes null if the value after a colon is missing; returns whether it is. */
function putsMissing(writer: JsonWriter, bytes: Buffer, start: number, end: number): boolean {
  const i = skipWideSpace(bytes, start, end);
  if (i >= end || (bytes[i] !== COMMA && bytes[i] !== CLOSE_BRACE)) return false;
  writer.copy(NULL, 0, NULL.length);
  return true;
}

function isClosing(byte: number | undefined): boolean {
  return byte === CLOSE_BRACE || byte === CLOSE_BRACKET;
}

function isPunctuation(byte: number): boolean {
  return isBracket(byte) || isClosing(byte) || byte === COLON;
}

function endOfToken(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && !isPunctuation(bytes[i] as number) && bytes[i] !== COMMA && bytes[i] !== QUOTE && spaceAt(bytes, i, end) === 0) i += 1;
  return i;
}
