import { skipSpace } from './bytes.ts';

// Not imported: the engine inlines only constants of the same module.
const SPACE = 0x20;
const QUOTE = 0x22;
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
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const LOWER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** This bit turns a capital letter into a small one. */
const LOWER = 0x20;
/** This bit is set in every byte beyond ASCII. */
const BEYOND_ASCII = 0x80;

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');
/** By byte: 1 if a backslash before it escapes it. */
const ESCAPED = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) ESCAPED[byte] = 1;

export const WRONG = -1;

/** Deeper nesting is refused. */
export const DEPTH_MAX = 32;

/**
 * Whether bytes[start, end) are one JSON value, nested at most DEPTH_MAX deep; bytes beyond ASCII count as text. JSON.parse takes many times longer to
 * reject a text than to accept it, which would make invalid input expensive.
 */
export function isJson(bytes: Buffer, start: number, end: number): boolean {
  const after = afterValue(bytes, skipSpace(bytes, start, end), end, DEPTH_MAX);
  return after !== WRONG && skipSpace(bytes, after, end) === end;
}

/** Where the value at `i` ends, or WRONG. `levels`: how many brackets it may open. */
export function afterValue(bytes: Buffer, i: number, end: number, levels: number): number {
  if (i >= end) return WRONG;
  switch (bytes[i]) {
    case OPEN_BRACE:
      return levels === 0 ? WRONG : afterMembers(bytes, i + 1, end, levels - 1, CLOSE_BRACE);
    case OPEN_BRACKET:
      return levels === 0 ? WRONG : afterMembers(bytes, i + 1, end, levels - 1, CLOSE_BRACKET);
    case QUOTE:
      return afterString(bytes, i + 1, end);
    case LOWER_T:
      return afterWord(bytes, i, end, TRUE);
    case LOWER_F:
      return afterWord(bytes, i, end, FALSE);
    case LOWER_N:
      return afterWord(bytes, i, end, NULL);
    default:
      return afterNumber(bytes, i, end);
  }
}

/** Where the object or array ends whose content begins at `start`, or WRONG. */
function afterMembers(bytes: Buffer, start: number, end: number, levels: number, closing: number): number {
  let i = skipSpace(bytes, start, end);
  if (i < end && bytes[i] === closing) return i + 1;
  for (;;) {
    if (closing === CLOSE_BRACE) i = afterName(bytes, i, end);
    if (i !== WRONG) i = afterValue(bytes, i, end, levels);
    if (i === WRONG) return WRONG;
    i = skipSpace(bytes, i, end);
    if (i >= end) return WRONG;
    if (bytes[i] === closing) return i + 1;
    if (bytes[i] !== COMMA) return WRONG;
    i = skipSpace(bytes, i + 1, end);
  }
}

/** Where the value after the name at `start` begins, or WRONG. */
function afterName(bytes: Buffer, start: number, end: number): number {
  if (start >= end || bytes[start] !== QUOTE) return WRONG;
  const after = afterString(bytes, start + 1, end);
  return after === WRONG ? WRONG : afterColon(bytes, after, end);
}

/** Where the value begins if a colon is next, perhaps after white space; or WRONG. */
export function afterColon(bytes: Buffer, start: number, end: number): number {
  const i = skipSpace(bytes, start, end);
  return i < end && bytes[i] === COLON ? skipSpace(bytes, i + 1, end) : WRONG;
}

/** Where the string ends whose content begins at `start`, or WRONG. Adds to `textsHave`. */
export function afterString(bytes: Buffer, start: number, end: number): number {
  let all = 0;
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] as number;
    if (byte === QUOTE) {
      if ((all & BEYOND_ASCII) !== 0) textsHave.beyondAscii = true;
      return i + 1;
    }
    if (byte < SPACE) return WRONG;
    all |= byte;
    if (byte !== BACKSLASH) continue;
    textsHave.escapes = true;
    i += 1;
    if (i >= end) return WRONG;
    if (bytes[i] === LOWER_U) {
      for (let digit = 0; digit < 4; digit += 1) if (++i >= end || !isHexDigit(bytes[i] as number)) return WRONG;
    } else if (ESCAPED[bytes[i] as number] === 0) return WRONG;
  }
  return WRONG;
}

/** What strings had that were read since a caller last set it to false. */
export const textsHave = { beyondAscii: false, escapes: false };

function afterWord(bytes: Buffer, start: number, end: number, word: Buffer): number {
  if (start + word.length > end) return WRONG;
  for (let i = 0; i < word.length; i += 1) if (bytes[start + i] !== word[i]) return WRONG;
  return start + word.length;
}

function afterNumber(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start] === MINUS ? start + 1 : start;
  let i = first < end && bytes[first] === ZERO ? first + 1 : afterDigits(bytes, first, end);
  if (i !== WRONG && i < end && bytes[i] === DOT) i = afterDigits(bytes, i + 1, end);
  if (i === WRONG || i >= end || ((bytes[i] as number) | LOWER) !== LOWER_E) return i;
  const sign = bytes[i + 1];
  return afterDigits(bytes, sign === PLUS || sign === MINUS ? i + 2 : i + 1, end);
}

/** Where the digits at `start` end, or WRONG if there are none. */
function afterDigits(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && isDigit(bytes[i] as number)) i += 1;
  return i > start ? i : WRONG;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

export function isHexDigit(byte: number): boolean {
  const small = byte | LOWER;
  return isDigit(byte) || (small >= 0x61 && small <= 0x66);
}
