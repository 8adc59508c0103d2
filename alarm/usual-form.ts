/**
 * The usual form of a status, as nearly all sensors send it: the fields in the order of the contract's example as JSON literals, perhaps `seq` or other
 * fields after them, and no white space. The text between the values is known, so it is compared up to eight bytes at a time. Eight bytes are read as a
 * double: no text is NaN or zero, so two doubles are equal exactly if their bytes are.
 */
import type { Status } from './status.ts';

const UNSURE = -1;

/** The longest text has 106 bytes; with this many bytes left, no read of up to eight bytes goes past the end of the buffer. */
const ROOM = 128;

const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const LOWER_E = 0x65;
const CLOSE_BRACE = 0x7d;
const TRUE = four('true');
const FALS = four('fals');
const QUOTE_COLON = two('":');
const BEGIN_ID = four('{"id');
const MOTION = eight(',"motion');
const SMOKE = eight(',"smoke"');
const TEMPERATURE = eight(',"temper');
const RATURE = eight('rature":');
const MAX_TEMPERATURE = eight(',"maxTem');
const PERATURE = eight('perature');
const SEQ = four(',"se');
const EQ = four('eq":');

/** The buffer that was read last, and a view of it: most buffers hold many statuses. */
let viewed: Buffer | undefined;
let view: DataView = new DataView(new ArrayBuffer(0));

/** The bytes as a view that reads several at a time. */
export function viewOf(bytes: Buffer): DataView {
  if (bytes !== viewed) turnTo(bytes);
  return view;
}

function turnTo(bytes: Buffer): void {
  viewed = bytes;
  view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The values that were read last. Temperatures are in a typed array, since doubles anywhere else would be boxed. */
let integer = 0;
const temperatures = new Float64Array(2);

/**
 * Reads the status that begins at `start` into `into`; `hits` are those of the reference system's types. Returns one of:
 * - the index after its closing brace, which may be beyond the caller's range. `values` is not filled, since few callers need it: see `spreadValues`;
 * - UNSURE: it isn't in usual form, or is too near the end of the buffer. `into` is unusable;
 * - less than UNSURE: it is in usual form up to the comma at minus this index, and `values` has its fields so far.
 */
export function readUsualForm(bytes: Buffer, start: number, into: Status): number {
  if (start + ROOM > bytes.length) return UNSURE;
  if (bytes !== viewed) turnTo(bytes);
  const text = view;

  if (text.getUint32(start, true) !== BEGIN_ID || text.getUint16(start + 4, true) !== QUOTE_COLON) return UNSURE;
  let i = endOfInteger(text, start + 6);
  if (i === UNSURE) return UNSURE;
  into.id = integer;

  if (text.getFloat64(i, true) !== MOTION || text.getUint16(i + 8, true) !== QUOTE_COLON) return UNSURE;
  const motion = i + 10;
  i = endOfBoolean(text, motion);
  if (i === UNSURE) return UNSURE;
  const moves = i === motion + 4 ? 1 : 0;

  if (text.getFloat64(i, true) !== SMOKE || text.getUint8(i + 8) !== COLON) return UNSURE;
  const smoke = i + 9;
  i = endOfBoolean(text, smoke);
  if (i === UNSURE) return UNSURE;
  const smokes = i === smoke + 4 ? 2 : 0;

  if (text.getFloat64(i, true) !== TEMPERATURE || text.getFloat64(i + 7, true) !== RATURE) return UNSURE;
  i = endOfShortNumber(text, i + 15, temperatures, 0);
  if (i === UNSURE) return UNSURE;

  if (text.getFloat64(i, true) !== MAX_TEMPERATURE || text.getFloat64(i + 8, true) !== PERATURE) return UNSURE;
  if (text.getUint16(i + 16, true) !== QUOTE_COLON) return UNSURE;
  i = endOfShortNumber(text, i + 18, temperatures, 1);
  if (i === UNSURE) return UNSURE;

  into.at = undefined;
  into.seq = undefined;
  into.hits = moves | smokes | ((temperatures[0] as number) > (temperatures[1] as number) ? 4 : 0);
  if (text.getUint8(i) === CLOSE_BRACE) return i + 1;
  return readSeq(text, i, into);
}

/** Reads `seq` and the end of the status after it. Returns the same as `readUsualForm`. */
function readSeq(text: DataView, comma: number, into: Status): number {
  if (text.getUint8(comma) !== COMMA) return UNSURE;
  if (text.getUint32(comma, true) === SEQ && text.getUint32(comma + 3, true) === EQ) {
    const i = endOfInteger(text, comma + 7);
    if (i !== UNSURE && text.getUint8(i) === CLOSE_BRACE) {
      into.seq = integer;
      return i + 1;
    }
  }
  spreadValues(into);
  return -comma;
}

/** Fills `values` with the four fields of the usual form; only right after `readUsualForm`. */
export function spreadValues({ values, hits }: Status): void {
  values[0] = hits & 1;
  values[1] = (hits >> 1) & 1;
  values[2] = temperatures[0] as number;
  values[3] = temperatures[1] as number;
}

/** Where the true or false at `i` ends, or UNSURE. There must be five bytes. */
export function endOfBoolean(text: DataView, i: number): number {
  const word = text.getUint32(i, true);
  if (word === TRUE) return i + 4;
  return word === FALS && text.getUint8(i + 4) === LOWER_E ? i + 5 : UNSURE;
}

/** Reads a whole number of one to nine digits into `integer`; returns where it ends, or UNSURE. Stops before a tenth digit, which the caller doesn't expect. */
function endOfInteger(text: DataView, start: number): number {
  let i = start;
  let value = 0;
  for (; i < start + 9; i++) {
    const digit = text.getUint8(i) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (i === start || (i > start + 1 && text.getUint8(start) === ZERO)) return UNSURE;
  integer = value;
  return i;
}

/**
 * Reads one to three digits and perhaps one decimal into `values[place]`; returns where they end, or UNSURE. There must be six bytes; the number may have
 * more digits after that.
 */
export function endOfShortNumber(text: DataView, start: number, values: Float64Array, place: number): number {
  const first = text.getUint8(start) === MINUS ? start + 1 : start;
  let i = first;
  let value = 0;
  for (; i < first + 3; i++) {
    const digit = text.getUint8(i) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (i === first || (i > first + 1 && text.getUint8(first) === ZERO)) return UNSURE;
  // A whole number of tenths, so that dividing rounds only once, as it must.
  let parts = 1;
  if (text.getUint8(i) === DOT) {
    const digit = text.getUint8(i + 1) - ZERO;
    if (digit < 0 || digit > 9) return UNSURE;
    value = value * 10 + digit;
    parts = 10;
    i += 2;
  }
  values[place] = (first > start ? -value : value) / parts;
  return i;
}

function two(text: string): number {
  return Buffer.from(text, 'latin1').readUInt16LE();
}

function four(text: string): number {
  return Buffer.from(text, 'latin1').readUInt32LE();
}

function eight(text: string): number {
  return Buffer.from(text, 'latin1').readDoubleLE();
}
