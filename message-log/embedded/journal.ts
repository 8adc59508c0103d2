/**
 * Where a commit goes before it is in the tree: a file of two areas, which are written in turns. Its space is there before it is used, so that a
 * commit is one write in one place and needs nothing of the file system's own journal. Every owner of the store has a file of its own: one that was
 * taken over while it was stopped cannot spoil its successor's.
 *
 * An entry begins at a multiple of 512, so that no sector with an older one is ever written again. Little-endian:
 *   0 format u32 · 4 crc32 of all that follows u32 · 8 sequence f64 · 16 bytes of the body u32 · 20 identity of the store u32 · 24 body
 * Behind both areas stands the seal, from before the first entry is written: a file without it is cut off, emptied or of something else.
 *   0 format u32 · 4 crc32 of all that follows u32 · 8 identity of the store u32 · 12 reserved · 16 epoch f64
 * Before format 3 of the data folder there was no seal, and no identity.
 */
import { close, constants, fdatasync, open as openFile, write } from 'node:fs';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { damaged } from './faults.ts';
import { freeBytes, RESERVE_BYTES } from './free-space.ts';
import type { HighWater } from './high-water.ts';
import { OwnError } from '../../runtime/errors.ts';

/** Begins with a byte that is in no text: what a sensor sends never looks like an entry. */
const FORMAT = 0x31_4a_54_ff;
const HEADER_BYTES = 24;
const SEAL_FORMAT = 0x31_53_4a_ff;
const SEAL_BYTES = 24;
const UNSEALED = 0;
const SECTOR_BYTES = 512;
const AREA_BYTES = 4 * 1024 ** 2;
const ZEROS = Buffer.alloc(1024 ** 2);
const NAME = /^journal-(\d+)$/;
/** Elsewhere a write with O_DSYNC doesn't exist, or doesn't reach the disk itself. */
const SYNCING = process.platform === 'linux' ? constants.O_DSYNC : undefined;

interface Area {
  readonly start: number;
  used: number;
  /** Sequence of its last entry. */
  last: number;
}

export interface Entry {
  /** Of its owner. */
  readonly epoch: number;
  readonly sequence: number;
  readonly body: Buffer;
}

export interface Recovered {
  /** In order. */
  readonly entries: readonly Entry[];
  /** How many between and after them cannot be read. */
  readonly damaged: number;
  /** What is left of the bodies of some of those. */
  readonly remains: readonly Buffer[];
}

/** A file that an owner has left. */
export interface Left {
  readonly path: string;
  readonly epoch: number;
  /** Whose it is, if its end says so. */
  readonly identity: number | undefined;
  readonly entries: readonly Entry[];
  /** Entries whose head can be read, and whose rest isn't as it was written. */
  readonly broken: readonly Entry[];
}

export interface JournalOptions {
  readonly epoch: number;
  readonly identity: number;
  /** As for the store. */
  readonly durable: boolean;
  /** Not needed where nothing is appended. */
  readonly highWater?: HighWater;
  /** The newest entry that is known to have been written; undefined where that isn't known. */
  readonly known: number | undefined;
}

export class Journal {
  readonly epoch: number;
  readonly #folder: string;
  readonly #options: JournalOptions;
  readonly #areas: readonly [Area, Area] = [
    { start: 0, used: 0, last: 0 },
    { start: AREA_BYTES, used: 0, last: 0 },
  ];
  #active = 0;
  #left: readonly Left[];
  #sequence = 0;
  #freed = 0;
  #file: number | undefined;
  #creating: Promise<void> = Promise.resolve();
  #entry = Buffer.alloc(64 * 1024);

  private constructor(folder: string, options: JournalOptions, left: readonly Left[]) {
    this.#folder = folder;
    this.epoch = options.epoch;
    this.#options = options;
    this.#left = left;
  }

  /** Reads what owners before have left. */
  static async open(folder: string, options: JournalOptions): Promise<Journal> {
    return new Journal(folder, options, await leftIn(folder));
  }

  /** Sequence of the newest entry, perhaps of one that failed. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Whether owners before have left anything, be it nothing new. */
  get hasPredecessors(): boolean {
    return this.#left.length > 0;
  }

  /**
   * What owners from `since` on have left, after `applied`. What an earlier owner wrote late, once it was no longer the owner, was never acknowledged
   * and doesn't count. `expected` is the owner whose file there must be, 0 for none; undefined: written before that was told.
   * Throws PermanentError `store-damaged` where it isn't there, is not as it was left, or ends before what is known to have been written.
   */
  recovered(applied: number, since: number, expected: number | undefined): Recovered {
    const problem = expected ? problemWith(this.#left, this.#folder, expected, this.#options.identity) : undefined;
    if (problem !== undefined) throw damaged(problem);
    const own = expected === undefined ? UNSEALED : this.#options.identity;
    const left = this.#left.filter(({ epoch, identity }) => epoch >= since && (identity ?? UNSEALED) === own);
    const entries = inOrder(left.flatMap((file) => file.entries).filter(({ sequence }) => sequence > applied));
    const whole = entries.at(-1)?.sequence ?? applied;
    const last = Math.max(whole, this.#options.known ?? 0);
    const broken = left.flatMap((file) => file.broken).filter(({ sequence }) => sequence > applied && sequence <= last);
    if (last - whole > new Set(broken.map(({ sequence }) => sequence).filter((sequence) => sequence > whole)).size)
      throw damaged(
        `the journal in ${this.#folder} ends with entry ${whole}, and ${last} have been written: it is an older copy, or was emptied`,
      );
    this.#sequence = Math.max(this.#sequence, last);
    return { entries, damaged: last - applied - entries.length, remains: broken.map(({ body }) => body) };
  }

  /**
   * Everything so far is in the tree: the files of owners before go, and there will be one of our own. Until it is there, nothing fits. `expect` writes to
   * the tree that from now on there is one.
   */
  begin(expect: () => Promise<void>): void {
    this.free(this.#sequence);
    if (this.#file !== undefined) return;
    const old = this.#left.map(({ path }) => path);
    this.#left = [];
    // Without a file every commit goes into the tree.
    this.#creating = this.#create(old, expect).catch(() => undefined);
  }

  /** Resolves when there is a file, or there will be none. */
  async ready(): Promise<void> {
    await this.#creating;
  }

  /** Whether `append` has room for a body of `bytes` bytes. */
  fits(bytes: number): boolean {
    return this.#file !== undefined && this.#areaFor(sizeOf(bytes)) !== undefined;
  }

  /**
   * Resolves with the entry's sequence once it is on disk; one at a time. `fill` writes the whole body. Where it rejects, the entry may be on disk all
   * the same: its sequence counts as used.
   */
  async append(bytes: number, fill: (body: Buffer) => void): Promise<number> {
    const size = sizeOf(bytes);
    const area = this.#areaFor(size);
    if (area === undefined || this.#file === undefined) throw new OwnError('the journal has no room');
    if (area !== this.#areas[this.#active]) {
      this.#active = 1 - this.#active;
      area.used = 0;
    }
    this.#sequence += 1;
    if (this.#entry.length < size) this.#entry = Buffer.alloc(size);
    const entry = this.#entry.subarray(0, size);
    fill(entry.subarray(HEADER_BYTES, HEADER_BYTES + bytes));
    entry.fill(0, HEADER_BYTES + bytes);
    entry.writeUInt32LE(FORMAT, 0);
    entry.writeDoubleLE(this.#sequence, 8);
    entry.writeUInt32LE(bytes, 16);
    entry.writeUInt32LE(this.#options.identity, 20);
    entry.writeUInt32LE(crc32(entry.subarray(8, HEADER_BYTES + bytes)), 4);
    const at = area.start + area.used;
    area.used += size;
    area.last = this.#sequence;
    await this.#write(this.#file, entry, at);
    return this.#sequence;
  }

  /** The entry was told to those who wait for it. */
  acknowledged(sequence: number): void {
    this.#options.highWater?.journal(sequence);
  }

  /** Entries up to this sequence are in the tree, their place may be used again. */
  free(sequence: number): void {
    this.#freed = Math.max(this.#freed, sequence);
  }

  /** Where everything is in the tree, no file stays behind. */
  async close(): Promise<void> {
    await this.#creating;
    if (this.#file === undefined) return;
    await promisify(close)(this.#file);
    this.#file = undefined;
    if (this.#freed >= this.#sequence) await rm(this.#path, { force: true });
  }

  get #path(): string {
    return join(this.#folder, `journal-${this.epoch}`);
  }

  #areaFor(size: number): Area | undefined {
    const active = this.#areas[this.#active] as Area;
    const other = this.#areas[1 - this.#active] as Area;
    if (active.used + size <= AREA_BYTES) return active;
    return other.last <= this.#freed && size <= AREA_BYTES ? other : undefined;
  }

  async #create(old: readonly string[], expect: () => Promise<void>): Promise<void> {
    for (const path of old) await rm(path, { force: true });
    if (freeBytes(this.#folder) < RESERVE_BYTES + 2 * AREA_BYTES) return;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | (this.#options.durable ? (SYNCING ?? 0) : 0);
    const file = await promisify(openFile)(this.#path, flags, 0o600);
    try {
      for (let at = 0; at < 2 * AREA_BYTES; at += ZEROS.length) await this.#write(file, ZEROS, at);
      await this.#write(file, this.#seal(), 2 * AREA_BYTES);
      if (process.platform !== 'win32') await syncFolder(this.#folder);
      await expect();
    } catch (error) {
      await promisify(close)(file);
      throw error;
    }
    this.#file = file;
  }

  #seal(): Buffer {
    const seal = Buffer.alloc(SEAL_BYTES);
    seal.writeUInt32LE(SEAL_FORMAT, 0);
    seal.writeUInt32LE(this.#options.identity, 8);
    seal.writeDoubleLE(this.epoch, 16);
    seal.writeUInt32LE(crc32(seal.subarray(8)), 4);
    return seal;
  }

  #write(file: number, bytes: Buffer, at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (from: number): void => {
        write(file, bytes, from, bytes.length - from, at + from, (error, written) => {
          if (error) reject(error);
          else if (from + written < bytes.length) step(from + written);
          else if (SYNCING !== undefined || !this.#options.durable) resolve();
          else fdatasync(file, (fault) => (fault ? reject(fault) : resolve()));
        });
      };
      step(0);
    });
  }
}

/** All files of owners in a folder. */
export async function leftIn(folder: string): Promise<Left[]> {
  const left: Left[] = [];
  for (const name of await readdir(folder)) {
    const owner = NAME.exec(name)?.[1];
    if (owner === undefined) continue;
    const path = join(folder, name);
    left.push(readLeft(path, Number(owner), await readFile(path)));
  }
  return left;
}

/** In words, why the file that an owner must have left isn't the one. */
export function problemWith(left: readonly Left[], folder: string, expected: number, identity: number): string | undefined {
  const file = left.find(({ epoch }) => epoch === expected);
  const name = join(folder, `journal-${expected}`);
  if (!file) return `${name}, with what was received last, is missing`;
  if (file.identity === undefined) return `${name}, with what was received last, is cut off or was emptied`;
  return file.identity === identity ? undefined : `${name} is of another store than the tree beside it`;
}

/** Entries in order, and without what an owner wrote when its successor had begun: it was never acknowledged. */
export function inOrder(entries: readonly Entry[]): Entry[] {
  const ordered: Entry[] = [];
  for (const entry of entries.toSorted((a, b) => a.epoch - b.epoch || a.sequence - b.sequence)) {
    while ((ordered.at(-1)?.sequence ?? 0) >= entry.sequence) ordered.pop();
    ordered.push(entry);
  }
  return ordered;
}

/** Whole entries, old ones that were not written over included; what lies between them is passed over. */
function readLeft(path: string, epoch: number, file: Buffer): Left {
  const [entries, broken]: [Entry[], Entry[]] = [[], []];
  const identity = identityIn(file.subarray(2 * AREA_BYTES), epoch);
  for (const area of [file.subarray(0, AREA_BYTES), file.subarray(AREA_BYTES, 2 * AREA_BYTES)])
    for (let at = 0; at + HEADER_BYTES <= area.length; ) {
      const bytes = area.readUInt32LE(at + 16);
      const end = at + HEADER_BYTES + bytes;
      const isEntry = area.readUInt32LE(at) === FORMAT && area.readUInt32LE(at + 20) === (identity ?? UNSEALED);
      const whole = isEntry && end <= area.length && area.readUInt32LE(at + 4) === crc32(area.subarray(at + 8, end));
      const entry = { epoch, sequence: area.readDoubleLE(at + 8), body: area.subarray(at + HEADER_BYTES, end) };
      if (whole) entries.push(entry);
      else if (isEntry) broken.push(entry);
      at += whole ? sizeOf(bytes) : SECTOR_BYTES;
    }
  return { path, epoch, identity, entries, broken };
}

/** Undefined where the seal isn't there, or of another owner. */
function identityIn(seal: Buffer, epoch: number): number | undefined {
  const isWhole =
    seal.length === SEAL_BYTES &&
    seal.readUInt32LE(0) === SEAL_FORMAT &&
    seal.readUInt32LE(4) === crc32(seal.subarray(8)) &&
    seal.readDoubleLE(16) === epoch;
  return isWhole ? seal.readUInt32LE(8) : undefined;
}

/** Of an entry with such a body, in the file. */
function sizeOf(bytes: number): number {
  return Math.ceil((HEADER_BYTES + bytes) / SECTOR_BYTES) * SECTOR_BYTES;
}

/** So that the file is found under its name after a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
