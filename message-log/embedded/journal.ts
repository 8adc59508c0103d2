/**
 * Where the small frames of one partition lie until they are merged: a ring of slots that are overwritten, never removed. In the log's own tree each
 * would take new space and later free it; lmdb then hands those pages to large frames and takes others for its tree, and since it reads every page
 * of the tree that it rewrites through the memory map, page after page of the whole file would become resident. A ring stays where it is.
 */
import type { Database } from 'lmdb';
import { isIntact, lastTimeOf, recordsOf } from './frame.ts';

/** A frame in a slot. */
export interface Entry {
  readonly slot: number;
  readonly base: number;
  readonly next: number;
  /** Record time of its last record. */
  readonly at: number;
  readonly bytes: number;
}

/** Larger frames don't fit into a leaf of lmdb's tree. */
const SMALL_BYTES = 1_900;
const SLOTS = 8_192;
/** Key of the offset before which everything lies in the log itself: slots with less are free. */
const MERGED = 0;
/** Key of the first slot. */
const FIRST = 1;

export class Journal {
  readonly #db: Database<Buffer, number>;
  /** Live ones by base, in slots that follow each other. */
  readonly #entries: Entry[] = [];
  #slot = FIRST;
  /** How many slots cannot be read; what they held is unknown. */
  readonly damaged: number = 0;

  constructor(db: Database<Buffer, number>) {
    this.#db = db;
    const merged = db.getBinary(MERGED)?.readDoubleLE(0) ?? 0;
    for (const slot of db.getKeys({ start: FIRST })) {
      const bytes = db.getBinary(slot);
      const base = bytes && bytes.length >= 24 ? bytes.readDoubleLE(16) : Number.NaN;
      if (!bytes || !isIntact(bytes, base)) this.damaged += 1;
      else if (base >= merged) this.#entries.push(entryOf(bytes, slot));
    }
    this.#entries.sort((a, b) => a.base - b.base);
    this.#slot = after(this.#entries.at(-1)?.slot ?? FIRST - 1);
  }

  /** In order; what is appended comes last. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** The slot after `taken` others for a frame of so many bytes; undefined: it belongs into the log itself. */
  slotFor(bytes: number, taken: number): number | undefined {
    if (bytes > SMALL_BYTES || this.#entries.length + taken >= SLOTS) return undefined;
    return FIRST + ((this.#slot - FIRST + taken) % SLOTS);
  }

  /** Call inside a write of the store. */
  put(slot: number, frame: Buffer): void {
    void this.#db.put(slot, frame);
  }

  /** The frame is on disk. */
  added(slot: number, frame: Buffer): void {
    this.#entries.push(entryOf(frame, slot));
    this.#slot = after(slot);
  }

  /** The entry that holds the record at `offset`, or the first one after it. */
  atOrAfter(offset: number): Entry | undefined {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as Entry).next > offset) high = middle;
      else low = middle + 1;
    }
    return this.#entries[low];
  }

  /** Undefined: it is damaged. */
  read({ slot, base }: Entry): Buffer | undefined {
    const bytes = this.#db.getBinary(slot);
    return bytes && isIntact(bytes, base) ? bytes : undefined;
  }

  /** Call inside a write of the store: everything before `offset` is put into the log itself, or given up. */
  putMerged(offset: number): void {
    const value = Buffer.allocUnsafeSlow(8);
    value.writeDoubleLE(offset);
    void this.#db.put(MERGED, value);
  }

  /** The first `count` entries are in the log itself. */
  merged(count: number): void {
    this.#entries.splice(0, count);
  }
}

const after = (slot: number): number => FIRST + ((slot - FIRST + 1) % SLOTS);

function entryOf(frame: Buffer, slot: number): Entry {
  const base = frame.readDoubleLE(16);
  return { slot, base, next: base + recordsOf(frame), at: lastTimeOf(frame), bytes: frame.length };
}
