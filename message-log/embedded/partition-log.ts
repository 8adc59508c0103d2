import type { Database } from 'lmdb';
import type { Topic } from '../topics.ts';
import { FrameBatch, isIntact, lastTimeOf, MAX_FRAME_RECORDS, recordsOf } from './frame.ts';
import { Stage } from './stage.ts';

/** What is newest stays in memory until local readers have it, up to this: they need not read it back, and no page of it becomes resident. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** Frames below this lie in the leaves of lmdb's tree. */
const SMALL_BYTES = 4 * 1024;
/** More than these are never kept for merging, should it not keep up. */
const MAX_SMALL = 8_192;

export interface Frame {
  readonly base: number;
  readonly next: number;
  readonly bytes: Buffer;
}

/** Where a reader of this process stands; told as soon as there is more. */
export interface Follower {
  readonly position: number;
  wake(): void;
}

export interface Read {
  /** Undefined: there is nothing at or after the place asked for, or only what is damaged. */
  readonly batch: FrameBatch | undefined;
  /** Where to go on; greater than the place asked for without a batch where damaged records were passed over. */
  readonly next: number;
}

/** One partition of one topic: frames in lmdb by their base offset, the newest of them in memory too. */
export class PartitionLog {
  readonly topic: Topic;
  readonly partition: number;
  readonly stage = new Stage();
  readonly followers = new Set<Follower>();
  /** Small frames in order, not merged yet. */
  readonly small: Frame[] = [];
  readonly #db: Database<Buffer, number>;
  readonly #onCorrupt: (topic: Topic, partition: number, offset: number) => void;
  #tail: Frame[] = [];
  #tailBytes = 0;
  #earliest: number;
  #next: number;
  #lastTime = 0;

  constructor(
    topic: Topic,
    partition: number,
    db: Database<Buffer, number>,
    onCorrupt: (topic: Topic, partition: number, offset: number) => void,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.#db = db;
    this.#onCorrupt = onCorrupt;
    this.#earliest = firstOf(db.getKeys({ limit: 1 })) ?? 0;
    this.#next = this.#findEnd();
  }

  /** First offset that is held. */
  get earliest(): number {
    return this.#earliest;
  }

  /** Next offset to be written; everything before it is on disk. */
  get next(): number {
    return this.#next;
  }

  get sizeBytes(): number {
    const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = this.#db.getStats() as Record<string, number>;
    return ((treeBranchPageCount ?? 0) + (treeLeafPageCount ?? 0) + (overflowPages ?? 0)) * (pageSize ?? 0);
  }

  /** Time of the newest record, epoch ms; 0: there has been none. */
  get lastTime(): number {
    return this.#lastTime;
  }

  /** Record times never run backwards within a partition, even if the clock does. */
  monotone(at: number): number {
    this.#lastTime = Math.max(this.#lastTime, at);
    return this.#lastTime;
  }

  /** Call inside a write of the store. */
  put(frames: readonly Buffer[]): void {
    for (const frame of frames) void this.#db.put(frame.readDoubleLE(16), frame);
  }

  /** The frames are on disk: readers may have them. */
  publish(frames: readonly Buffer[]): void {
    for (const bytes of frames) {
      const base = bytes.readDoubleLE(16);
      this.#next = base + recordsOf(bytes);
      const frame = { base, next: this.#next, bytes };
      this.#tail.push(frame);
      this.#tailBytes += bytes.length;
      if (bytes.length < SMALL_BYTES && this.small.length < MAX_SMALL) this.small.push(frame);
    }
    this.#trimTail();
    for (const follower of this.followers) follower.wake();
  }

  /** The records from `from` on that lie in one frame. */
  read(from: number): Read {
    if (from >= this.#next) return { batch: undefined, next: from };
    const recent = this.#inTail(from);
    if (recent) return this.#batch(recent.bytes, from);
    const base = this.#baseAtOrAfter(from);
    if (base === undefined || base >= this.#next) return { batch: undefined, next: this.#next };
    const bytes = this.#db.getBinary(base);
    if (bytes && isIntact(bytes, base)) {
      // A frame ends before `from` only where the one that followed it is gone.
      if (base + recordsOf(bytes) > from) return this.#batch(bytes, from);
    } else this.#onCorrupt(this.topic, this.partition, base);
    return { batch: undefined, next: firstOf(this.#db.getKeys({ start: base + 0.5, limit: 1 })) ?? this.#next };
  }

  /** Bases of the oldest frames that end at or before `end`, at most `limit`; the newest frame of all is never among them: it holds the offsets. */
  oldest(end: number, limit: number): number[] {
    const keys = [...this.#db.getKeys({ limit: limit + 1 })];
    let count = 0;
    while (count + 1 < keys.length && (keys[count + 1] as number) <= end) count += 1;
    return keys.slice(0, count);
  }

  /** Record time of the last record of the frame at `base`; for a damaged frame 0, so that age takes it. */
  lastTimeAt(base: number): number {
    const bytes = this.#db.getBinary(base);
    return bytes && isIntact(bytes, base) ? lastTimeOf(bytes) : 0;
  }

  /** Call inside a write of the store. */
  remove(bases: readonly number[]): void {
    for (const base of bases) void this.#db.remove(base);
  }

  /** Frames were removed. */
  removed(): void {
    this.#earliest = firstOf(this.#db.getKeys({ limit: 1 })) ?? this.#next;
  }

  #batch(frame: Buffer, from: number): Read {
    const batch = new FrameBatch(this.topic, this.partition, frame, from);
    return { batch, next: batch.nextOffset };
  }

  #inTail(offset: number): Frame | undefined {
    const tail = this.#tail;
    if (tail.length === 0 || offset < (tail[0] as Frame).base) return undefined;
    let low = 0;
    let high = tail.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((tail[middle] as Frame).base <= offset) low = middle;
      else high = middle - 1;
    }
    return tail[low];
  }

  #trimTail(): void {
    let needed = Number.POSITIVE_INFINITY;
    for (const { position } of this.followers) needed = Math.min(needed, position);
    let gone = 0;
    for (const frame of this.#tail) {
      if (frame.next > needed && this.#tailBytes <= TAIL_BYTES) break;
      this.#tailBytes -= frame.bytes.length;
      gone += 1;
    }
    if (gone > 0) this.#tail.splice(0, gone);
  }

  #baseAtOrAfter(offset: number): number | undefined {
    if (this.#db.doesExist(offset)) return offset;
    const before = firstOf(this.#db.getKeys({ start: offset, reverse: true, limit: 1 }));
    return before ?? firstOf(this.#db.getKeys({ start: offset, limit: 1 }));
  }

  #findEnd(): number {
    const base = firstOf(this.#db.getKeys({ reverse: true, limit: 1 }));
    if (base === undefined) return 0;
    const bytes = this.#db.getBinary(base);
    if (!bytes || !isIntact(bytes, base)) {
      // How many records it held is unknown; offsets may have gaps but must never be used twice.
      this.#onCorrupt(this.topic, this.partition, base);
      return base + MAX_FRAME_RECORDS;
    }
    this.#lastTime = lastTimeOf(bytes);
    return base + recordsOf(bytes);
  }
}

function firstOf(keys: Iterable<number>): number | undefined {
  for (const key of keys) return key;
  return undefined;
}
