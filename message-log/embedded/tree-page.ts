/** A page of a tree's rows, read in place: at each start of a process there may be millions of rows to check. */
import { FLAGS_AT, numberAt, PAGE_HEADER_BYTES } from './tree-file.ts';

/** A row. */
export interface Node {
  readonly key: Buffer;
  readonly flags: number;
  /** Length of the value. */
  readonly bytes: number;
  /** In a branch, the child; in a leaf with a large value, the first page of that. */
  readonly page: number;
  /** The value as stored in the page itself. */
  readonly value: Buffer;
}

/** Flag of a row whose value has pages of its own. */
export const BIG = 0x01;
/** Size of the reference to a large value: its first page, the transaction that wrote it, its number of pages. */
const LARGE_BYTES = 24;

const [BRANCH, LEAF] = [0x01, 0x02];
/** Before each key: length of the value or number of the child u32, flags u16, length of the key u16. */
const NODE_BYTES = 8;

export class Page {
  readonly length: number;
  readonly #bytes: Buffer;
  readonly #isLeaf: boolean;

  private constructor(bytes: Buffer, isLeaf: boolean, length: number) {
    this.#bytes = bytes;
    this.#isLeaf = isLeaf;
    this.length = length;
  }

  /** Undefined if the rows don't lie within the page, one beside the other. */
  static of(bytes: Buffer, isLeaf: boolean): Page | undefined {
    if (bytes.readUInt16LE(FLAGS_AT) !== (isLeaf ? LEAF : BRANCH)) return undefined;
    const [lower, upper] = [bytes.readUInt16LE(20), bytes.readUInt16LE(22) + PAGE_HEADER_BYTES];
    if (lower % 2 !== 0 || lower < (isLeaf ? 2 : 4) || lower + PAGE_HEADER_BYTES > upper || upper > bytes.length) return undefined;
    const length = lower / 2;
    let taken = 0;
    for (let i = 0; i < length; i += 1) {
      const at = u16(bytes, PAGE_HEADER_BYTES + 2 * i) + PAGE_HEADER_BYTES;
      if (at < upper || at + NODE_BYTES > bytes.length) return undefined;
      const keyEnd = at + NODE_BYTES + u16(bytes, at + 6);
      const isBig = isLeaf && ((bytes[at + 4] as number) & BIG) !== 0;
      const end = isLeaf ? keyEnd + (isBig ? LARGE_BYTES : u32(bytes, at)) : keyEnd;
      if (end > bytes.length) return undefined;
      taken += end - at + ((end - at) % 2);
    }
    // Rows are adjacent, so a wrong length changes the sum.
    return taken === bytes.length - upper ? new Page(bytes, isLeaf, length) : undefined;
  }

  flags(i: number): number {
    // In a branch, the child's page number extends into the flags.
    return this.#isLeaf ? u16(this.#bytes, this.#at(i) + 4) : 0;
  }

  node(i: number): Node {
    const bytes = this.#bytes;
    const at = this.#at(i);
    const low = bytes.readUInt32LE(at);
    const flags = bytes.readUInt16LE(at + 4);
    const keyEnd = this.#keyEnd(i);
    const key = bytes.subarray(at + NODE_BYTES, keyEnd);
    if (!this.#isLeaf) return { key, flags: 0, bytes: 0, page: low + flags * 0x1_00_00_00_00, value: bytes.subarray(keyEnd, keyEnd) };
    const value = bytes.subarray(keyEnd, this.#end(i));
    return { key, flags, bytes: low, page: (flags & BIG) !== 0 ? numberAt(value, 0) : 0, value };
  }

  /** Whether keys rise, from `from` on and before `to`. The first child of a branch has no key of its own: it holds everything before the second. */
  isInOrder(from: Buffer | undefined, to: Buffer | undefined, hasIntegerKeys: boolean): boolean {
    const first = this.#isLeaf ? 0 : 1;
    const bytes = this.#bytes;
    let [keyBefore, endBefore] = [0, 0];
    for (let i = first; i < this.length; i += 1) {
      const [key, end] = [this.#keyAt(i), this.#keyEnd(i)];
      const size = end - key;
      if (hasIntegerKeys && size !== 4 && size !== 8) return false;
      const isRising =
        i > first
          ? compared(bytes, keyBefore, endBefore, bytes, key, end, hasIntegerKeys) < 0
          : !from || this.#comparedTo(from, i, hasIntegerKeys) <= 0;
      if (!isRising) return false;
      [keyBefore, endBefore] = [key, end];
    }
    return !to || this.length <= first || this.#comparedTo(to, this.length - 1, hasIntegerKeys) > 0;
  }

  #at(i: number): number {
    return u16(this.#bytes, PAGE_HEADER_BYTES + 2 * i) + PAGE_HEADER_BYTES;
  }

  #keyAt(i: number): number {
    return this.#at(i) + NODE_BYTES;
  }

  #keyEnd(i: number): number {
    const at = this.#at(i);
    return at + NODE_BYTES + u16(this.#bytes, at + 6);
  }

  #end(i: number): number {
    const keyEnd = this.#keyEnd(i);
    if (!this.#isLeaf) return keyEnd;
    return keyEnd + ((this.flags(i) & BIG) !== 0 ? LARGE_BYTES : this.#bytes.readUInt32LE(this.#at(i)));
  }

  #comparedTo(key: Buffer, i: number, areIntegers: boolean): number {
    return compared(key, 0, key.length, this.#bytes, this.#keyAt(i), this.#keyEnd(i), areIntegers);
  }
}

/** Without a check of the place, which `of` has made. */
function u16(bytes: Buffer, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function u32(bytes: Buffer, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;
}

/** Compares a[from, to) with b[start, end), integers from their last byte on. */
function compared(a: Buffer, from: number, to: number, b: Buffer, start: number, end: number, areIntegers: boolean): number {
  const [sizeOfA, sizeOfB] = [to - from, end - start];
  const shared = Math.min(sizeOfA, sizeOfB);
  for (let i = 0; i < shared; i += 1) {
    const difference = areIntegers
      ? (a[to - 1 - i] as number) - (b[end - 1 - i] as number)
      : (a[from + i] as number) - (b[start + i] as number);
    if (difference !== 0) return difference;
  }
  return sizeOfA - sizeOfB;
}
