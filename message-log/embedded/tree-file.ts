/**
 * Reads the start of the tree's file, as lmdb does: two meta pages, of which the one with the later transaction counts. Uses plain reads: lmdb maps the
 * file and trusts its contents, so damage would crash the process with a signal.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Where one of the trees in the file begins, and the counts that it must have. */
export interface Root {
  /** Undefined: the tree is empty. */
  readonly page: number | undefined;
  readonly depth: number;
  readonly branches: number;
  readonly leaves: number;
  readonly overflows: number;
  readonly entries: number;
  /** Keys are native integers; otherwise they are compared byte by byte. */
  readonly hasIntegerKeys: boolean;
  /** Each value is preceded by a version. */
  readonly hasVersions: boolean;
}

export interface Head {
  readonly pageBytes: number;
  /** Number of the newest transaction. */
  readonly transaction: number;
  readonly lastPage: number;
  readonly free: Root;
  /** The tree that holds the roots of all databases. */
  readonly main: Root;
}

export const PAGE_HEADER_BYTES = 24;
export const FLAGS_AT = 18;
export const ROOT_BYTES = 48;

const MAGIC = 0xbe_ef_c0_de;
const VERSION = 2;
const META = 0x08;
const INTEGER_KEYS = 0x08;
const VERSIONS = 0x1_00;
const NO_PAGE = 2n ** 64n - 1n;
const META_BYTES = 168;
const PAGE_BYTES_MIN = 512;
const PAGE_BYTES_MAX = 65_536;
const AT = { version: 4, mapBytes: 16, free: 24, main: 72, lastPage: 120, transaction: 128 };

/** An open file that holds a tree; the caller closes it. The methods and the constructor throw the file system's errors. */
export class TreeFile {
  readonly bytes: number;
  /** Bytes read so far. */
  readBytes = 0;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.bytes = fstatSync(this.#file).size;
  }

  /** Up to `length` bytes at offset `at`, in `bytes` if it is given: fewer only at the end of the file. */
  read(at: number, length: number, bytes: Buffer = Buffer.allocUnsafe(length)): Buffer {
    let done = 0;
    for (let read = 1; done < length && read > 0; done += read) read = readSync(this.#file, bytes, done, length - done, at + done);
    this.readBytes += done;
    return bytes.subarray(0, done);
  }

  /** Once; the file must not be read afterwards. */
  close(): void {
    closeSync(this.#file);
  }
}

/** The newer head, or why neither can be trusted, as a clause for people. */
export function headOf(file: TreeFile): Head | string {
  const first = metaOf(file.read(0, META_BYTES), 0);
  if (typeof first === 'string') return first;
  const second = metaOf(file.read(first.pageBytes, META_BYTES), 1);
  if (typeof second === 'string') return second;
  if (second.pageBytes !== first.pageBytes) return 'its two heads do not agree';
  const [newer, older] = second.transaction > first.transaction ? [second, first] : [first, second];
  // Each transaction overwrites the older head.
  if (newer.transaction - older.transaction > 1) return 'its two heads do not follow each other';
  return newer;
}

/** All heads that are readable on their own, newest first: for salvaging a damaged tree. */
export function headsOf(file: TreeFile, pageBytes: number): readonly Head[] {
  const heads = [0, 1].map((page) => metaOf(file.read(page * pageBytes, META_BYTES), page));
  return heads.filter((head) => typeof head !== 'string').sort((a, b) => b.transaction - a.transaction);
}

function metaOf(page: Buffer, number: number): Head | string {
  if (page.length < META_BYTES) return 'it is cut off';
  const meta = page.subarray(PAGE_HEADER_BYTES);
  if (page.readBigUInt64LE(0) !== BigInt(number) || page.readUInt16LE(FLAGS_AT) !== META || meta.readUInt32LE(0) !== MAGIC)
    return 'one of its two heads is damaged, or it is not a store of Tocsin';
  const pageBytes = meta.readUInt32LE(AT.free);
  const [lastPage, transaction] = [numberAt(meta, AT.lastPage), numberAt(meta, AT.transaction)];
  const [free, main] = [rootOf(meta.subarray(AT.free)), rootOf(meta.subarray(AT.main))];
  const isRight =
    meta.readUInt32LE(AT.version) === VERSION &&
    pageBytes >= PAGE_BYTES_MIN &&
    pageBytes <= PAGE_BYTES_MAX &&
    (pageBytes & (pageBytes - 1)) === 0 &&
    (transaction === 0 || transaction % 2 === number) &&
    lastPage * pageBytes < numberAt(meta, AT.mapBytes) &&
    free?.hasIntegerKeys === true &&
    main?.hasIntegerKeys === false;
  return isRight ? { pageBytes, transaction, lastPage, free, main } : 'one of its two heads is damaged';
}

/** Undefined if the bytes are not a root. */
export function rootOf(bytes: Buffer): Root | undefined {
  const flags = bytes.readUInt16LE(4);
  if ((flags & ~(INTEGER_KEYS | VERSIONS)) !== 0) return undefined;
  return {
    page: bytes.readBigUInt64LE(40) === NO_PAGE ? undefined : numberAt(bytes, 40),
    depth: bytes.readUInt16LE(6),
    branches: numberAt(bytes, 8),
    leaves: numberAt(bytes, 16),
    overflows: numberAt(bytes, 24),
    entries: numberAt(bytes, 32),
    hasIntegerKeys: (flags & INTEGER_KEYS) !== 0,
    hasVersions: (flags & VERSIONS) !== 0,
  };
}

/** An unsigned 64-bit number. One too large to be exact is neither a valid page nor a valid count anyway. */
export function numberAt(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}
