/** What is done with input that isn't JSON in UTF-8: refused, or repaired as a whole. */
import { DEPTH_MAX, isJson } from './json-syntax.ts';
import { repairedObject } from './repair.ts';
import { isUtf8 } from './utf8.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

export const NO_OBJECT = 'must be a JSON object';

/** JSON in UTF-8 in place of bytes[start, end), which are no object in this form; or why they can't be accepted. */
export function repairedJson(bytes: Buffer, start: number, end: number): Buffer | string {
  const isWhole = isJson(bytes, start, end);
  if (!isWhole && isTooDeep(bytes, start, end)) return `nested deeper than ${DEPTH_MAX} levels`;
  if (isWhole && isUtf8(bytes, start, end)) return NO_OBJECT;
  return repaired(bytes, start, end, isWhole) ?? 'not valid JSON';
}

/** Removes a byte order mark, and control characters at either end such as the zero that ends a text in C, then repairs the object. */
function repaired(bytes: Buffer, start: number, end: number, isAllJson: boolean): Buffer | undefined {
  let first = start;
  let last = end;
  if (hasMark(bytes, start, end)) first += BYTE_ORDER_MARK.length;
  while (first < last && (bytes[first] as number) <= SPACE) first++;
  while (first < last && (bytes[last - 1] as number) <= SPACE) last--;
  const isWhole = isAllJson || ((first > start || last < end) && isJson(bytes, first, last));
  if (!isWhole && (bytes[first] !== OPEN_BRACE || bytes[last - 1] !== CLOSE_BRACE)) return undefined;
  // Bytes that aren't UTF-8 are most likely Latin-1, which has a character for every byte, so that none is lost.
  const text = isUtf8(bytes, first, last) ? undefined : Buffer.from(bytes.toString('latin1', first, last));
  if (text !== undefined) return isWhole ? text : repairedObject(text, 0, text.length);
  return isWhole ? Buffer.from(bytes.subarray(first, last)) : repairedObject(bytes, first, last);
}

function hasMark(bytes: Buffer, start: number, end: number): boolean {
  for (let i = 0; i < BYTE_ORDER_MARK.length; i += 1) if (start + i >= end || bytes[start + i] !== BYTE_ORDER_MARK[i]) return false;
  return true;
}

function isTooDeep(bytes: Buffer, start: number, end: number): boolean {
  let depth = 0;
  let inString = false;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte < OPEN_BRACKET && byte !== QUOTE) continue;
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
