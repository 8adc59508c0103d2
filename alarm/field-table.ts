/**
 * Recognises fields by their names. Sensors send their fields in the same order again and again, without white space, so the first guess is the field that
 * followed last time: everything from the comma before its name to the colon after it is compared, eight bytes at a time. Eight bytes are read as a double:
 * no text is NaN or zero, so two doubles are equal exactly if their bytes are.
 */

/** A name that no type reads. */
export const UNKNOWN = -1;

/** Size of the hash table of names. */
const BUCKETS = 128;
const NONE = -1;
/** The longest name, with its closing quote. */
const NAME_BYTES_MAX = 48;
export const MEMBER_BYTES_MAX = NAME_BYTES_MAX + 3;
const QUOTE = 0x22;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
/** Bytes of an escape such as \u0069. */
const ESCAPE_BYTES = 6;

/** Finds the number of a field by its name. */
export class FieldTable {
  readonly names: readonly string[];
  /** Bytes of each name with its closing quote. */
  readonly lengths: Uint8Array;
  /** Bytes of `,"name":`. */
  readonly memberLengths: Uint8Array;
  /** The first and the last eight bytes of `,"name":`; four bytes if it has less than eight. */
  readonly #firsts: Float64Array;
  readonly #lasts: Float64Array;
  /** All bytes of `,"name":`, used for those with more than sixteen. */
  readonly #members: readonly Buffer[];
  /** The words of all names; a name of four bytes or more ends with a word that overlaps the one before. */
  readonly #words: Int32Array;
  readonly #firstWord: Uint16Array;
  readonly #masks: Int32Array;
  readonly #buckets = new Int8Array(BUCKETS).fill(NONE);
  /** The next name in the same bucket. */
  readonly #chain: Int8Array;
  /** Which field followed each one last time; the last item is for the beginning and for unknown fields. */
  readonly #followers: Int8Array;
  /** A name whose escapes are resolved, with its closing quote. */
  readonly #resolved = Buffer.alloc(NAME_BYTES_MAX);

  constructor(names: readonly string[]) {
    this.names = names;
    this.lengths = Uint8Array.from(names, (name) => name.length + 1);
    this.memberLengths = Uint8Array.from(names, (name) => name.length + 4);
    this.#members = names.map((name) => Buffer.from(`,"${name}":`, 'latin1'));
    this.#firsts = Float64Array.from(this.#members, (bytes) => (bytes.length < 8 ? bytes.readInt32LE(0) : bytes.readDoubleLE(0)));
    this.#lasts = Float64Array.from(this.#members, (bytes) => {
      const { length } = bytes;
      return length < 8 ? bytes.readInt32LE(length - 4) : bytes.readDoubleLE(length - 8);
    });
    const words = names.map(wordsOf);
    this.#words = Int32Array.from(words.flat());
    this.#firstWord = Uint16Array.from([0, ...words.map(({ length }) => length)]).map(runningSum());
    this.#masks = Int32Array.from(names, (name) => 2 ** (8 * Math.min(4, name.length + 1)) - 1);
    this.#chain = new Int8Array(names.length).fill(NONE);
    names.forEach((name, i) => {
      const bucket = bucketOf(name.charCodeAt(0), `${name}"`.charCodeAt(1));
      this.#chain[i] = this.#buckets[bucket] as number;
      this.#buckets[bucket] = i;
    });
    this.#followers = Int8Array.from({ length: names.length + 1 }, (_, i) => i + 1).fill(0, names.length - 1);
  }

  /** The field that followed `previous` (or UNKNOWN) last time, if its `,"name":` is at `i`, else UNKNOWN. There must be MEMBER_BYTES_MAX bytes. */
  expectedAt(view: DataView, i: number, previous: number): number {
    const field = this.#followers[previous === UNKNOWN ? this.names.length : previous] as number;
    const length = this.memberLengths[field] as number;
    if (length < 8) {
      const isExpected = view.getInt32(i, true) === this.#firsts[field] && view.getInt32(i + length - 4, true) === this.#lasts[field];
      return isExpected ? field : UNKNOWN;
    }
    if (view.getFloat64(i, true) !== this.#firsts[field] || view.getFloat64(i + length - 8, true) !== this.#lasts[field]) return UNKNOWN;
    return length <= 16 || this.#isMember(field, view, i) ? field : UNKNOWN;
  }

  #isMember(field: number, view: DataView, i: number): boolean {
    const member = this.#members[field];
    for (let at = 8; member !== undefined && at < member.length - 8; at += 1) if (view.getUint8(i + at) !== member[at]) return false;
    return true;
  }

  /** The field whose `{"name":` is at `i`, else UNKNOWN. There must be MEMBER_BYTES_MAX bytes. */
  firstAt(bytes: Buffer, i: number): number {
    if (bytes[i + 1] !== QUOTE) return UNKNOWN;
    const field = this.at(bytes, i + 2, UNKNOWN);
    return field !== UNKNOWN && bytes[i + 2 + (this.lengths[field] as number)] === COLON ? field : UNKNOWN;
  }

  /** The field whose name, closing quote included, begins at `i`, or UNKNOWN. `previous`: the field before it, or UNKNOWN. */
  at(bytes: Buffer, i: number, previous: number): number {
    const place = previous === UNKNOWN ? this.names.length : previous;
    const expected = this.#followers[place] as number;
    if (this.#matches(expected, bytes, i)) return expected;
    let field = this.#buckets[bucketOf(bytes[i] as number, bytes[i + 1] as number)] as number;
    while (field !== NONE && !this.#matches(field, bytes, i)) field = this.#chain[field] as number;
    if (field === NONE) return UNKNOWN;
    this.#followers[place] = field;
    return field;
  }

  /** The field whose name is bytes[start, end), with escapes in it. Names have letters, digits and _ only, so that no other escape than \u is in one. */
  ofEscaped(bytes: Buffer, start: number, end: number): number {
    let length = 0;
    for (let i = start; i < end; length += 1) {
      let code = bytes[i] as number;
      if (code !== BACKSLASH) i += 1;
      else if (bytes[i + 1] === LOWER_U) {
        code = hexAt(bytes, i + 2);
        i += ESCAPE_BYTES;
      } else return UNKNOWN;
      if (code === QUOTE || code >= 0x80 || length >= NAME_BYTES_MAX - 1) return UNKNOWN;
      this.#resolved[length] = code;
    }
    this.#resolved[length] = QUOTE;
    return this.at(this.#resolved, 0, UNKNOWN);
  }

  #matches(field: number, bytes: Buffer, i: number): boolean {
    const length = this.lengths[field] as number;
    let place = this.#firstWord[field] as number;
    if (((word(bytes, i) ^ (this.#words[place] as number)) & (this.#masks[field] as number)) !== 0) return false;
    for (let at = 4; at < length; at += 4) {
      place += 1;
      if (word(bytes, i + Math.min(at, length - 4)) !== this.#words[place]) return false;
    }
    return true;
  }
}

/** The four hexadecimal digits at `i`. */
export function hexAt(bytes: Buffer, i: number): number {
  let value = 0;
  for (let at = i; at < i + 4; at += 1) {
    const byte = bytes[at] as number;
    value = value * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
  }
  return value;
}

function wordsOf(name: string): number[] {
  if (name.length + 1 > NAME_BYTES_MAX) throw new RangeError(`field ${name}: the name is too long`);
  const bytes = Buffer.from(`${name}"`, 'latin1');
  const words = [word(bytes, 0)];
  for (let at = 4; at < bytes.length; at += 4) words.push(word(bytes, Math.min(at, bytes.length - 4)));
  return words;
}

function bucketOf(first: number, second: number): number {
  return (first * 7 + second) & (BUCKETS - 1);
}

function runningSum(): (value: number) => number {
  let sum = 0;
  return (value) => (sum += value);
}

/** Four bytes as one integer. Beyond the buffer they count as zero. */
export function word(bytes: Buffer, i: number): number {
  return (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24);
}
