/**
 * Turns what sensors send instead of JSON into JSON: bare `nan` (DHT22 and printf), `True` and `None` (Python), a decimal comma (locale), an empty value
 * (templates), a trailing comma, raw control characters, and quotes within texts. One such value must not hide the others. Every byte is looked at a few
 * times at most, whatever the others are: a sender must not be able to make a repair dear.
 */
import { GROWTH_MAX, JsonWriter } from './json-writer.ts';
import { afterText, isBracket, NONE, putText, putValue } from './repair-value.ts';
import { skipSpaceAndCommas, skipWideSpace, trimWideEnd } from './wide-space.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** Each array that isn't closed is searched for its end up to the end of the object. */
const UNCLOSED_MAX = 8;

const writer = new JsonWriter();
/** Where the name is that was found last, where it ends, and where its value begins: the next member, most often. */
let nameStart = NONE;
let nameEnd = NONE;
let valueStart = NONE;
/** The brackets that will close those that are open; and how many searches for one have failed in this object. */
let closing: Uint8Array = new Uint8Array(0);
let unclosed = 0;

/** What stands in braces at the ends of bytes[start, end), which are UTF-8, as JSON, with everything that can be kept. Undefined: it isn't a whole object. */
export function repairedObject(bytes: Buffer, start: number, end: number): Buffer | undefined {
  if (closing.length < end - start) closing = new Uint8Array(end - start);
  unclosed = 0;
  nameStart = NONE;
  writer.begin(GROWTH_MAX * (end - start));
  writer.put(OPEN_BRACE);
  for (let i = start + 1; ; ) {
    i = skipSpaceAndCommas(bytes, i, end);
    if (i === end - 1) {
      writer.put(CLOSE_BRACE);
      return writer.written();
    }
    if (!isName(bytes, i, end)) return undefined;
    const value = valueStart;
    if (writer.length > 1) writer.put(COMMA);
    putText(writer, bytes, i, nameEnd);
    writer.put(COLON);
    const valueEnd = endOfValue(bytes, value, end);
    if (valueEnd === NONE || unclosed > UNCLOSED_MAX) return undefined;
    putValue(writer, bytes, value, trimWideEnd(bytes, value, valueEnd));
    i = valueEnd;
  }
}

/** Where the value begins after a colon, with white space around it; NONE: there is no colon. */
function afterColon(bytes: Buffer, start: number, end: number): number {
  const i = skipWideSpace(bytes, start, end);
  return i < end && bytes[i] === COLON ? skipWideSpace(bytes, i + 1, end) : NONE;
}

/**
 * The end of the value at `start`. One that doesn't end where it should (`21,5`, `"a"b"`) reaches to the next name, or to the end of the object. NONE if
 * there is a brace before that: the next name may be another sensor's.
 */
function endOfValue(bytes: Buffer, start: number, end: number): number {
  const valueEnd = endByForm(bytes, start, end);
  if (valueEnd !== NONE && isEnd(bytes, valueEnd, end)) return valueEnd;
  const from = valueEnd !== NONE && isBracket(bytes[start]) ? valueEnd : start;
  const next = commaBeforeName(bytes, from, end);
  if (next < from) return NONE;
  for (let i = from; i < next; i += 1) if (bytes[i] === OPEN_BRACE || bytes[i] === CLOSE_BRACE) return NONE;
  return next;
}

/** Where the value at `start` ends by its brackets, its quotes, or what follows values; NONE: brackets or quotes don't match. */
function endByForm(bytes: Buffer, start: number, end: number): number {
  if (isBracket(bytes[start])) {
    const found = afterNested(bytes, start, end);
    if (found === NONE) unclosed += 1;
    return found;
  }
  if (bytes[start] === QUOTE) return afterText(bytes, start, end);
  let i = start;
  while (i < end && bytes[i] !== COMMA && bytes[i] !== CLOSE_BRACE && bytes[i] !== CLOSE_BRACKET) i += 1;
  return i;
}

/** Where the bracket at `start` has been closed; NONE: nowhere. */
function afterNested(bytes: Buffer, start: number, end: number): number {
  let depth = 0;
  let mayBeText = true;
  for (let i = start; i < end; ) {
    const byte = bytes[i] as number;
    if (byte < OPEN_BRACKET && byte !== QUOTE) {
      i += 1;
      continue;
    }
    if (byte === QUOTE && mayBeText) {
      const after = afterText(bytes, i, end);
      // Then none of the quotes behind it begins a text either.
      mayBeText = after !== NONE;
      i = mayBeText ? after : i + 1;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      // The closing bracket is two characters behind the opening one.
      closing[depth] = byte + 2;
      depth += 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (closing[depth] !== byte) return NONE;
      if (depth === 0) return i + 1;
    }
    i += 1;
  }
  return NONE;
}

/** Whether a value may end at `i`: the object ends, or another name follows. */
function isEnd(bytes: Buffer, at: number, end: number): boolean {
  const i = skipWideSpace(bytes, at, end);
  if (i >= end) return false;
  if (bytes[i] !== COMMA) return bytes[i] === CLOSE_BRACE;
  const next = skipSpaceAndCommas(bytes, i, end);
  return next < end && (bytes[next] === CLOSE_BRACE || isName(bytes, next, end));
}

function isName(bytes: Buffer, i: number, end: number): boolean {
  if (i === nameStart) return true;
  const after = afterText(bytes, i, end);
  const value = after === NONE ? NONE : afterColon(bytes, after, end);
  if (value === NONE) return false;
  nameStart = i;
  nameEnd = after;
  valueStart = value;
  return true;
}

/** The next comma from `from` on with a name behind it, else the end of the object. */
function commaBeforeName(bytes: Buffer, from: number, end: number): number {
  for (let i = from; i < end; i += 1) {
    if (bytes[i] !== COMMA) continue;
    const name = skipWideSpace(bytes, i + 1, end);
    if (name >= end || bytes[name] !== QUOTE) continue;
    if (isName(bytes, name, end)) return i;
    // Then none of the quotes behind it begins a text either.
    if (afterText(bytes, name, end) === NONE) break;
  }
  return end - 1;
}
