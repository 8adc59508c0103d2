/**
 * Where a commit goes before it is in the tree: a file of two areas, which are written in turns. Its space is there before it is used, so that a
 * commit is one write in one place and needs nothing of the file system's own journal. Every owner of the store has a file of its own: one that was
 * taken over while it was stopped cannot spoil its successor's.
 *
 * An entry begins at a multiple of 512, so that no sector with an older one is ever written again. Little-endian:
 *   0 format u32 · 4 crc32 of all that follows u32 · 8 sequence f64 · 16 bytes of the body u32 · 20 reserved · 24 body
 */
import { close, constants, fdatasync, open as openFile, write } from 'node:fs';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { freeBytes, RESERVE_BYTES } from './free-space.ts';
import { OwnError } from '../../runtime/errors.ts';

/** Begins with a byte that is in no text: what a sensor sends never looks like an entry. */
const FORMAT = 0x31_4a_54_ff;
const HEADER_BYTES = 24;
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
  /** How many between them cannot be read. */
  readonly damaged: number;
}

export class Journal {
  readonly epoch: number;
  readonly #folder: string;
  readonly #durable: boolean;
  readonly #areas: readonly [Area, Area] = [
    { start: 0, used: 0, last: 0 },
    { start: AREA_BYTES, used: 0, last: 0 },
  ];
  #active = 0;
  #old: readonly string[];
  #found: readonly Entry[];
  #sequence = 0;
  #freed = 0;
  #file: number | undefined;
  #creating: Promise<void> = Promise.resolve();
  #entry = Buffer.alloc(64 * 1024);

  private constructor(folder: string, epoch: number, durable: boolean, old: readonly string[], found: readonly Entry[]) {
    this.#folder = folder;
    this.epoch = epoch;
    this.#durable = durable;
    this.#old = old;
    this.#found = found;
  }

  /** Reads what owners before have left. `durable`: as for the store. */
  static async open(folder: string, epoch: number, durable: boolean): Promise<Journal> {
    const old: string[] = [];
    const found: Entry[] = [];
    for (const name of await readdir(folder)) {
      const owner = NAME.exec(name)?.[1];
      if (owner === undefined) continue;
      const path = join(folder, name);
      const bytes = await readFile(path);
      old.push(path);
      found.push(...entriesOf(bytes.subarray(0, AREA_BYTES), Number(owner)), ...entriesOf(bytes.subarray(AREA_BYTES), Number(owner)));
    }
    return new Journal(folder, epoch, durable, old, found);
  }

  /** Sequence of the newest entry, perhaps of one that failed. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Whether owners before have left anything, be it nothing new. */
  get hasPredecessors(): boolean {
    return this.#old.length > 0;
  }

  /**
   * What owners from `since` on have left, after `applied`. What an earlier owner wrote late, once it was no longer the owner, was never acknowledged
   * and doesn't count.
   */
  recovered(applied: number, since: number): Recovered {
    const found = this.#found
      .filter(({ epoch, sequence }) => epoch >= since && sequence > applied)
      .sort((a, b) => a.epoch - b.epoch || a.sequence - b.sequence);
    const entries: Entry[] = [];
    for (const entry of found) {
      // Nor what one wrote when its successor had begun.
      while ((entries.at(-1)?.sequence ?? 0) >= entry.sequence) entries.pop();
      entries.push(entry);
    }
    const last = entries.at(-1)?.sequence ?? applied;
    this.#sequence = Math.max(this.#sequence, last);
    return { entries, damaged: last - applied - entries.length };
  }

  /** Everything so far is in the tree: the files of owners before go, and there will be one of our own. Until it is there, nothing fits. */
  begin(): void {
    this.free(this.#sequence);
    const old = this.#old;
    if (this.#file !== undefined) return;
    [this.#old, this.#found] = [[], []];
    // Without a file every commit goes into the tree.
    this.#creating = this.#create(old).catch(() => undefined);
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
    entry.writeUInt32LE(0, 20);
    entry.writeUInt32LE(crc32(entry.subarray(8, HEADER_BYTES + bytes)), 4);
    const at = area.start + area.used;
    area.used += size;
    area.last = this.#sequence;
    await this.#write(this.#file, entry, at);
    return this.#sequence;
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

  async #create(old: readonly string[]): Promise<void> {
    for (const path of old) await rm(path, { force: true });
    if (freeBytes(this.#folder) < RESERVE_BYTES + 2 * AREA_BYTES) return;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | (this.#durable ? (SYNCING ?? 0) : 0);
    const file = await promisify(openFile)(this.#path, flags, 0o600);
    try {
      for (let at = 0; at < 2 * AREA_BYTES; at += ZEROS.length) await this.#write(file, ZEROS, at);
      if (process.platform !== 'win32') await syncFolder(this.#folder);
    } catch (error) {
      await promisify(close)(file);
      throw error;
    }
    this.#file = file;
  }

  #write(file: number, bytes: Buffer, at: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = (from: number): void => {
        write(file, bytes, from, bytes.length - from, at + from, (error, written) => {
          if (error) reject(error);
          else if (from + written < bytes.length) step(from + written);
          else if (SYNCING !== undefined || !this.#durable) resolve();
          else fdatasync(file, (fault) => (fault ? reject(fault) : resolve()));
        });
      };
      step(0);
    });
  }
}

/** Whole entries, old ones that were not written over included; what lies between them is passed over. */
function entriesOf(area: Buffer, epoch: number): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + HEADER_BYTES <= area.length; ) {
    const bytes = area.readUInt32LE(at + 16);
    const end = at + HEADER_BYTES + bytes;
    const whole = area.readUInt32LE(at) === FORMAT && end <= area.length && area.readUInt32LE(at + 4) === crc32(area.subarray(at + 8, end));
    if (whole) entries.push({ epoch, sequence: area.readDoubleLE(at + 8), body: area.subarray(at + HEADER_BYTES, end) });
    at += whole ? sizeOf(bytes) : SECTOR_BYTES;
  }
  return entries;
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
