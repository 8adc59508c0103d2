/**
 * Where a commit goes before it is in the tree: a file of two areas that are written alternately. Its space is allocated in advance, so that a commit is
 * one write in one place and needs nothing from the file system's own journal. Every owner of the store has its own file, so that one that lost the store
 * while it was stopped cannot spoil its successor's.
 *
 * An entry begins at a multiple of 512, so that no sector holding an earlier entry is ever rewritten. Little-endian:
 *   0 format u32 · 4 crc32 of all that follows u32 · 8 sequence f64 · 16 bytes of the body u32 · 20 identity of the store u32 · 24 body
 * The seal follows both areas and is written before the first entry: a file without it was truncated, emptied or is no journal.
 *   0 format u32 · 4 crc32 of all that follows u32 · 8 identity of the store u32 · 12 reserved · 16 epoch f64
 * Before format 3 of the data folder there was neither seal nor identity.
 */
import { close, constants, fdatasync, open as openFile, readdirSync, readFileSync, write } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { damaged } from './faults.ts';
import { FileInPlace } from '../../runtime/file-in-place.ts';
import { freeBytes, RESERVE_BYTES } from './free-space.ts';
import type { HighWater } from './high-water.ts';
import { OwnError } from '../../runtime/errors.ts';

/** Begins with a byte that occurs in no text, so that what a sensor sends never looks like an entry. */
const FORMAT = 0x31_4a_54_ff;
const HEADER_BYTES = 24;
const SEAL_FORMAT = 0x31_53_4a_ff;
const SEAL_BYTES = 24;
const UNSEALED = 0;
const SECTOR_BYTES = 512;
const AREA_BYTES = 4 * 1024 ** 2;
const ZEROS = Buffer.alloc(1024 ** 2);
const NAME = /^journal-(\d+)$/;
/** On other systems O_DSYNC doesn't exist, or doesn't reach the disk itself. */
const SYNCING = process.platform === 'linux' ? constants.O_DSYNC : undefined;

interface Area {
  readonly start: number;
  used: number;
  /** Sequence of its last entry. */
  last: number;
}

export interface Entry {
  /** Epoch of the owner that wrote it. */
  readonly epoch: number;
  readonly sequence: number;
  readonly body: Buffer;
}

export interface Recovered {
  /** In order of sequence. */
  readonly entries: readonly Entry[];
  /** How many entries between and after these cannot be read. */
  readonly damaged: number;
  /** What is left of the bodies of some of the unreadable entries. */
  readonly remains: readonly Buffer[];
}

/** A file that an earlier owner left. */
export interface Left {
  readonly path: string;
  readonly epoch: number;
  /** The store's identity from the seal; undefined if there is none. */
  readonly identity: number | undefined;
  readonly entries: readonly Entry[];
  /** Entries with a readable head and a damaged body. */
  readonly broken: readonly Entry[];
}

export interface JournalOptions {
  readonly epoch: number;
  readonly identity: number;
  /** As in the options of the store. */
  readonly durable: boolean;
  /** Needed only for appending. */
  readonly highWater?: HighWater;
  /** Sequence of the newest entry known to have been written; undefined if unknown. */
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
  #place: FileInPlace | undefined;
  #creating: Promise<void> = Promise.resolve();
  #entry = Buffer.alloc(64 * 1024);

  private constructor(folder: string, options: JournalOptions, left: readonly Left[]) {
    this.#folder = folder;
    this.epoch = options.epoch;
    this.#options = options;
    this.#left = left;
  }

  /** Reads what earlier owners left. */
  static async open(folder: string, options: JournalOptions): Promise<Journal> {
    return new Journal(folder, options, leftIn(folder));
  }

  /** Sequence of the newest entry, even if its write failed. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Sequence of the newest intact entry of this store that earlier owners left; 0: none. */
  get newestLeft(): number {
    const own = this.#left.filter(({ identity }) => identity === this.#options.identity);
    return own.flatMap(({ entries }) => entries).reduce((newest, { sequence }) => Math.max(newest, sequence), 0);
  }

  /** Whether earlier owners left any file, even one with nothing new. */
  get hasPredecessors(): boolean {
    return this.#left.length > 0;
  }

  /**
   * The entries after `applied` that owners from epoch `since` on left. What an owner wrote after losing the store was never acknowledged and is left
   * out. `expected` is the epoch of the owner whose file must exist, 0 for none, undefined for a store from before this was recorded.
   * Throws PermanentError `store-damaged` if that file is missing or not as it was left, or ends before what is known to have been written.
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
        `the journal in ${this.#folder} ends with entry ${whole}, but entry ${last} was written: it is an older copy, or was emptied`,
      );
    this.#sequence = Math.max(this.#sequence, last);
    return { entries, damaged: last - applied - entries.length, remains: broken.map(({ body }) => body) };
  }

  /**
   * Call once everything so far is in the tree: removes the files of earlier owners and creates our own. Until that exists, nothing fits. `expect`
   * records in the tree that the file must exist from now on.
   */
  begin(expect: () => Promise<void>): void {
    this.free(this.#sequence);
    if (this.#file !== undefined) return;
    const old = this.#left.map(({ path }) => path);
    this.#left = [];
    // Without a journal file, every commit goes into the tree.
    this.#creating = this.#create(old, expect).catch(() => undefined);
  }

  /** Resolves once the file exists, or could not be created. */
  async ready(): Promise<void> {
    await this.#creating;
  }

  /** False once its file was removed, moved or replaced: what is written to it then is gone with this process. */
  get isInPlace(): boolean {
    return this.#place?.isThere === true;
  }

  /** Whether `append` has room for a body of `bytes` bytes. */
  fits(bytes: number): boolean {
    return this.#file !== undefined && this.#areaFor(sizeOf(bytes)) !== undefined;
  }

  /**
   * Resolves with the entry's sequence once it is on disk; call one at a time. `fill` writes the whole body. If this rejects, the entry may still be on
   * disk, so its sequence counts as used.
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

  /** Call once the entry has been acknowledged. */
  acknowledged(sequence: number): void {
    this.#options.highWater?.journal(sequence);
  }

  /** Entries up to this sequence are in the tree; their space may be reused. */
  free(sequence: number): void {
    this.#freed = Math.max(this.#freed, sequence);
    this.#options.highWater?.journal(sequence);
  }

  /** Closes the file, and removes it if everything is in the tree. */
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
    this.#place = new FileInPlace(this.#path, file);
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

export interface JournalFile {
  readonly path: string;
  readonly epoch: number;
  readonly bytes: Buffer;
}

/** The journal files of all owners in a folder. Read at once: a running system may write on right after. */
export function journalFilesIn(folder: string): readonly JournalFile[] {
  return readdirSync(folder).flatMap((name) => {
    const owner = NAME.exec(name)?.[1];
    const path = join(folder, name);
    return owner === undefined ? [] : [{ path, epoch: Number(owner), bytes: readFileSync(path) }];
  });
}

export function leftIn(folder: string): Left[] {
  return journalFilesIn(folder).map(({ path, epoch, bytes }) => readLeft(path, epoch, bytes));
}

/** A journal file with its seal and only these of its entries: whatever else lies in it is older, or was not written to its end. */
export function withOnly(entries: readonly Entry[], { bytes }: JournalFile): Buffer {
  const kept = Buffer.alloc(bytes.length);
  bytes.copy(kept, 2 * AREA_BYTES, 2 * AREA_BYTES);
  for (const { body } of entries) {
    const end = body.byteOffset - bytes.byteOffset + body.length;
    const start = end - body.length - HEADER_BYTES;
    bytes.copy(kept, start, start, end);
  }
  return kept;
}

/** Why the file that the expected owner must have left cannot be used, as a clause; undefined: it can. */
export function problemWith(left: readonly Left[], folder: string, expected: number, identity: number): string | undefined {
  const file = left.find(({ epoch }) => epoch === expected);
  const name = join(folder, `journal-${expected}`);
  if (!file) return `${name}, which holds what was received last, is missing`;
  if (file.identity === undefined) return `${name}, which holds what was received last, is cut off or was emptied`;
  return file.identity === identity ? undefined : `${name} belongs to another store than the tree beside it`;
}

/** Entries in order, without what an owner wrote after its successor had begun, which was never acknowledged. */
export function inOrder(entries: readonly Entry[]): Entry[] {
  const ordered: Entry[] = [];
  for (const entry of entries.toSorted((a, b) => a.epoch - b.epoch || a.sequence - b.sequence)) {
    while ((ordered.at(-1)?.sequence ?? 0) >= entry.sequence) ordered.pop();
    ordered.push(entry);
  }
  return ordered;
}

/** Intact entries, including old ones that were not overwritten; whatever lies between them is skipped. */
export function readLeft(path: string, epoch: number, file: Buffer): Left {
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

/** The identity in the seal; undefined if there is no seal or it is another owner's. */
function identityIn(seal: Buffer, epoch: number): number | undefined {
  const isWhole =
    seal.length === SEAL_BYTES &&
    seal.readUInt32LE(0) === SEAL_FORMAT &&
    seal.readUInt32LE(4) === crc32(seal.subarray(8)) &&
    seal.readDoubleLE(16) === epoch;
  return isWhole ? seal.readUInt32LE(8) : undefined;
}

/** Bytes that an entry with such a body takes in the file. */
function sizeOf(bytes: number): number {
  return Math.ceil((HEADER_BYTES + bytes) / SECTOR_BYTES) * SECTOR_BYTES;
}

/** Syncs the folder, so that the file is found under its name after a power cut. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
