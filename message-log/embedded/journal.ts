/**
 * Where the small frames of one partition lie until they are merged: slots that are overwritten, never removed. In the log's own tree each would take
 * new space and later free it; lmdb then hands those pages to large frames and takes others for its tree, and since it reads every page of the tree
 * that it rewrites through the memory map, page after page of the whole file would become resident. A few slots stay where they are.
 */
import type { Database } from 'lmdb';
import { BASE_AT, baseOf, isIntact, lastTimeOf, recordsOf, SMALL_FRAME_BYTES } from './frame.ts';

/** A frame in a slot. */
export interface Entry {
  readonly slot: number;
  readonly base: number;
  readonly next: number;
  /** Record time of its last record. */
  readonly at: number;
  readonly bytes: number;
}

const SLOTS = 8_192;
const MAX_BYTES = 4 * 1024 * 1024;
/** Key of the offset before which everything lies in the log itself: slots with less are free. */
const MERGED = 0;
/** Key of the first slot. */
const FIRST = 1;

export class Journal {
  readonly #db: Database<Buffer, number>;
  /** Live ones by base. */
  readonly #entries: Entry[] = [];
  /** The last is used first, so that no more slots come into use than are needed at once. */
  readonly #free: number[] = [];
  #unused = FIRST;
  #bytes = 0;
  /** How many slots cannot be read; what they held is unknown. */
  readonly damaged: number = 0;

  constructor(db: Database<Buffer, number>) {
    this.#db = db;
    const merged = db.getBinary(MERGED)?.readDoubleLE(0) ?? 0;
    for (const slot of db.getKeys({ start: FIRST })) {
      const bytes = db.getBinary(slot);
      const base = bytes && bytes.length > BASE_AT + 8 ? baseOf(bytes) : Number.NaN;
      const intact = bytes && isIntact(bytes, base);
      if (!intact) this.damaged += 1;
      if (intact && base >= merged) this.added(slot, bytes);
      else this.#free.push(slot);
      this.#unused = slot + 1;
    }
    this.#entries.sort((a, b) => a.base - b.base);
    this.#free.reverse();
  }

  /** In order; what is added comes last. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Of what it may hold, 0 to 1. */
  get fill(): number {
    return Math.max(this.#bytes / MAX_BYTES, this.#entries.length / SLOTS);
  }

  /** Takes a slot for a frame of so many bytes; undefined: it belongs into the log itself. */
  take(bytes: number): number | undefined {
    if (bytes > SMALL_FRAME_BYTES || this.#bytes + bytes > MAX_BYTES) return undefined;
    const slot = this.#free.pop();
    if (slot !== undefined) return slot;
    if (this.#unused >= FIRST + SLOTS) return undefined;
    this.#unused += 1;
    return this.#unused - 1;
  }

  /** The slot is not used after all. */
  giveBack(slot: number): void {
    this.#free.push(slot);
  }

  /** Call inside a write of the store. */
  put(slot: number, frame: Buffer): void {
    void this.#db.put(slot, frame);
  }

  /** The frame is on disk. */
  added(slot: number, frame: Buffer): void {
    const base = baseOf(frame);
    this.#entries.push({ slot, base, next: base + recordsOf(frame), at: lastTimeOf(frame), bytes: frame.length });
    this.#bytes += frame.length;
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
    for (const { slot, bytes } of this.#entries.splice(0, count).reverse()) {
      this.#free.push(slot);
      this.#bytes -= bytes;
    }
  }
}
