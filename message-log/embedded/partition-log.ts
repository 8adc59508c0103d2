import type { Database } from 'lmdb';
import type { Topic } from '../../records/topics.ts';
import { baseOf, FrameBatch, isIntact, lastTimeOf, MAX_FRAME_RECORDS, recordsOf } from './frame.ts';
import type { Span } from './left-out.ts';
import { Stage } from './stage.ts';

/**
 * The newest frames stay in memory until they are in the tree, and beyond that, up to this many bytes, until local readers have them: nothing is read
 * back from the tree, and none of its pages become resident.
 */
const TAIL_BYTES = 4 * 1024 * 1024;

export interface Frame {
  readonly base: number;
  readonly next: number;
  readonly bytes: Buffer;
}

/** The position of a reader in this process, which is notified as soon as there is more to read. */
export interface Follower {
  readonly position: number;
  /** Also reads records that are sealed but not on disk yet. */
  readonly ahead: boolean;
  wake(): void;
}

export interface Read {
  /** Undefined: there is nothing at or after the requested offset, or only damaged records. */
  readonly batch: FrameBatch | undefined;
  /** The offset to continue at; without a batch, greater than the requested one if damaged records were skipped. */
  readonly next: number;
}

/** One partition of one topic: frames in the store's tree by their base offset, the newest in memory. */
export class PartitionLog {
  readonly topic: Topic;
  readonly partition: number;
  readonly stage = new Stage();
  readonly followers = new Set<Follower>();
  /** Where no record is missing although there is none. */
  readonly leftOut: readonly Span[];
  readonly #db: Database<Buffer, number>;
  readonly #onCorrupt: (topic: Topic, partition: number, offset: number) => void;
  #tail: Frame[] = [];
  #tailBytes = 0;
  #earliest: number;
  #next: number;
  #sealed: number;
  /** Everything before it is in the tree. */
  #moved: number;
  #losses = 0;
  #lastTime = 0;
  /** Cache of the last frame time that was read: retention asks for the same one until that frame is removed. */
  #asked = { base: -1, at: 0 };

  constructor(
    topic: Topic,
    partition: number,
    frames: Database<Buffer, number>,
    onCorrupt: (topic: Topic, partition: number, offset: number) => void,
    leftOut: readonly Span[] = [],
  ) {
    this.topic = topic;
    this.partition = partition;
    this.#db = frames;
    this.#onCorrupt = onCorrupt;
    this.leftOut = leftOut;
    this.#next = this.#findEnd();
    this.#sealed = this.#next;
    this.#moved = this.#next;
    this.#earliest = this.#startAfter(-1);
  }

  /** The first offset that is still held. */
  get earliest(): number {
    return this.#earliest;
  }

  /** Next offset to be written; everything before it is on disk. */
  get next(): number {
    return this.#next;
  }

  /** Next offset to be sealed; records from `next` up to this are being written to disk. */
  get sealed(): number {
    return this.#sealed;
  }

  /** How often sealed records were lost because their commit failed; their offsets are then given to other records. */
  get losses(): number {
    return this.#losses;
  }

  /** Whether any cursor reads records before they are on disk. */
  get isReadAhead(): boolean {
    for (const { ahead } of this.followers) if (ahead) return true;
    return false;
  }

  get sizeBytes(): number {
    return sizeOf(this.#db);
  }

  /** Time of the newest record, epoch ms; 0 if there has been none. */
  get lastTime(): number {
    return this.#lastTime;
  }

  /** Record times never run backwards within a partition, even if the clock does. */
  monotone(at: number): number {
    this.#lastTime = Math.max(this.#lastTime, at);
    return this.#lastTime;
  }

  /**
   * Continues at `offset`, beyond the end, because records before it have been read and are gone. Reusing their offsets would hide new records from every
   * consumer that has read past them.
   */
  skipTo(offset: number): void {
    this.#next = offset;
    this.#sealed = offset;
    this.#moved = offset;
    this.#earliest = this.#startAfter(-1);
  }

  /** Seals what is staged and returns the frames to store. Readers that read ahead may have them. */
  seal(): Buffer[] {
    const frames = this.stage.seal(this.#sealed);
    for (const bytes of frames) {
      const base = baseOf(bytes);
      this.#sealed = base + recordsOf(bytes);
      this.#tail.push({ base, next: this.#sealed, bytes });
      this.#tailBytes += bytes.length;
    }
    this.#wake(true);
    return frames;
  }

  /** Call when everything sealed is on disk: every reader may have it. */
  publish(): void {
    this.#next = this.#sealed;
    this.#trimTail();
    this.#wake(false);
  }

  /** Call when everything before `next` is in the tree. */
  moved(next: number): void {
    this.#moved = next;
    this.#trimTail();
  }

  /** Call when everything sealed is lost. */
  discard(): void {
    if (this.#sealed === this.#next) return;
    for (let frame = this.#tail.at(-1); frame && frame.base >= this.#next; frame = this.#tail.at(-1)) {
      this.#tail.pop();
      this.#tailBytes -= frame.bytes.length;
    }
    this.#sealed = this.#next;
    this.#losses += 1;
    this.#wake(true);
  }

  /** The records from `from` on that are in one frame, up to but excluding `end`. */
  read(from: number, end = this.#next): Read {
    if (from >= end) return { batch: undefined, next: from };
    const recent = this.#inTail(from);
    if (recent) return this.#batch(recent.bytes, from);
    const base = firstOf(this.#db.getKeys({ start: from, reverse: true, limit: 1 }));
    const bytes = base === undefined ? undefined : this.#db.getBinary(base);
    if (base !== undefined && !(bytes && isIntact(bytes, base))) this.#onCorrupt(this.topic, this.partition, base);
    // A frame ends before `from` only if the frame that followed it is gone.
    else if (base !== undefined && bytes && base + recordsOf(bytes) > from) return this.#batch(bytes, from);
    return { batch: undefined, next: this.#startAfter(from) };
  }

  /** The first offset whose record is of time `at` or later; the end of the log if there is none. What is damaged or gone counts as earlier. */
  offsetAt(at: number): number {
    let low = this.#earliest;
    let high = this.#next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const batch = this.#firstIn(middle, high);
      if (!batch || batch.time(0) >= at) high = middle;
      else low = batch.offset(0) + 1;
    }
    return low;
  }

  /** The first records that can be read in [from, end). */
  #firstIn(from: number, end: number): FrameBatch | undefined {
    for (let offset = from; offset < end; ) {
      const { batch, next } = this.read(offset, end);
      if (batch) return batch;
      offset = next;
    }
    return undefined;
  }

  /**
   * Base offsets of at most `limit` of the oldest frames in the tree that end at or before `end`. Never includes the newest frame, from which the next
   * offset is derived.
   */
  oldest(end: number, limit: number): number[] {
    const keys = [...this.#db.getKeys({ limit: limit + 1 })];
    if (keys.length <= limit && this.#moved < this.#next) keys.push(this.#moved);
    let count = 0;
    while (count + 1 < keys.length && (keys[count + 1] as number) <= end) count += 1;
    return keys.slice(0, count);
  }

  /** Time of the last record of the frame at `base`, epoch ms; 0 for a damaged frame, so that it is removed by age. */
  lastTimeAt(base: number): number {
    if (this.#asked.base === base) return this.#asked.at;
    const bytes = this.#db.getBinary(base);
    const at = bytes && isIntact(bytes, base) ? lastTimeOf(bytes) : 0;
    this.#asked = { base, at };
    return at;
  }

  /** Call only inside a write of the store. */
  remove(bases: readonly number[]): void {
    for (const base of bases) void this.#db.remove(base);
  }

  /** Call once frames have been removed. */
  removed(): void {
    this.#earliest = this.#startAfter(-1);
  }

  #batch(frame: Buffer, from: number): Read {
    const batch = new FrameBatch(this.topic, this.partition, frame, from);
    return { batch, next: batch.nextOffset };
  }

  #wake(ahead: boolean): void {
    for (const follower of this.followers) if (follower.ahead === ahead) follower.wake();
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
      if (frame.next > this.#moved || (frame.next > needed && this.#tailBytes <= TAIL_BYTES)) break;
      this.#tailBytes -= frame.bytes.length;
      gone += 1;
    }
    if (gone > 0) this.#tail.splice(0, gone);
  }

  /** Base offset of the first frame after `offset`; the end of the log if there is none. */
  #startAfter(offset: number): number {
    const base = this.#keyAfter(offset);
    return base ?? this.#tail.find((frame) => frame.base > offset && frame.next > this.#moved)?.base ?? this.#next;
  }

  /** Bits of a key may have changed: then it is no offset, and the records are there, but at no place where anybody looks for them. */
  #keyAfter(offset: number): number | undefined {
    for (const key of this.#db.getKeys(offset < 0 ? {} : { start: offset })) {
      if (key === offset) continue;
      if (Number.isInteger(key)) return key;
      this.#onCorrupt(this.topic, this.partition, Math.max(0, Math.floor(Number(key)) || 0));
    }
    return undefined;
  }

  #findEnd(): number {
    const base = firstOf(this.#db.getKeys({ reverse: true, limit: 1 }));
    if (base === undefined) return 0;
    const bytes = this.#db.getBinary(base);
    if (bytes && isIntact(bytes, base)) {
      this.#lastTime = lastTimeOf(bytes);
      return base + recordsOf(bytes);
    }
    // How many records it held is unknown; offsets may have gaps, but must never be reused.
    this.#onCorrupt(this.topic, this.partition, base);
    return Math.ceil(base) + MAX_FRAME_RECORDS;
  }
}

function sizeOf(db: Database<Buffer, number>): number {
  const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = db.getStats() as Record<string, number>;
  return ((treeBranchPageCount ?? 0) + (treeLeafPageCount ?? 0) + (overflowPages ?? 0)) * (pageSize ?? 0);
}

function firstOf(keys: Iterable<number>): number | undefined {
  for (const key of keys) return key;
  return undefined;
}
