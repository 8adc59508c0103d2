import type { Database } from 'lmdb';
import type { Topic } from '../topics.ts';
import { baseOf, FrameBatch, isIntact, lastTimeOf, MAX_FRAME_BYTES, MAX_FRAME_RECORDS, recordsOf, SMALL_FRAME_BYTES } from './frame.ts';
import { type Entry, Journal } from './journal.ts';
import { Stage } from './stage.ts';

/** What is newest stays in memory until local readers have it, up to this: they need not read it back, and no page of it becomes resident. */
const TAIL_BYTES = 4 * 1024 * 1024;

/** A commit of no more than this is cut into frames that fit into the journal: a large one between small ones would keep them from being merged. */
const SLICED_BYTES = 4 * 1024;

export interface Frame {
  readonly base: number;
  readonly next: number;
  readonly bytes: Buffer;
}

/** Where a reader of this process stands; told as soon as there is more. */
export interface Follower {
  readonly position: number;
  /** Reads what is sealed, though it is not on disk yet. */
  readonly ahead: boolean;
  wake(): void;
}

export interface Read {
  /** Undefined: there is nothing at or after the place asked for, or only what is damaged. */
  readonly batch: FrameBatch | undefined;
  /** Where to go on; greater than the place asked for without a batch where damaged records were passed over. */
  readonly next: number;
}

/** Databases of one partition. */
export interface PartitionDatabases {
  readonly frames: Database<Buffer, number>;
  readonly journal: Database<Buffer, number>;
}

/** One partition of one topic: frames in lmdb by their base offset, small ones in a journal before; the newest of all in memory too. */
export class PartitionLog {
  readonly topic: Topic;
  readonly partition: number;
  readonly stage = new Stage();
  readonly followers = new Set<Follower>();
  readonly journal: Journal;
  readonly #db: Database<Buffer, number>;
  readonly #journalDb: Database<Buffer, number>;
  readonly #onCorrupt: (topic: Topic, partition: number, offset: number) => void;
  /** Slots of the frames that the commit under way has put into the journal. */
  readonly #placed = new Map<Buffer, number>();
  #tail: Frame[] = [];
  #tailBytes = 0;
  #earliest: number;
  #next: number;
  #sealed: number;
  #losses = 0;
  #lastTime = 0;
  /** The frame whose time was asked for last: it is asked for again and again until it goes. */
  #asked = { base: -1, at: 0 };

  constructor(
    topic: Topic,
    partition: number,
    { frames, journal }: PartitionDatabases,
    onCorrupt: (topic: Topic, partition: number, offset: number) => void,
  ) {
    this.topic = topic;
    this.partition = partition;
    this.#db = frames;
    this.#journalDb = journal;
    this.journal = new Journal(journal);
    this.#onCorrupt = onCorrupt;
    this.#next = this.#findEnd();
    this.#sealed = this.#next;
    this.#earliest = this.#startAfter(-1);
  }

  /** First offset that is held. */
  get earliest(): number {
    return this.#earliest;
  }

  /** Next offset to be written; everything before it is on disk. */
  get next(): number {
    return this.#next;
  }

  /** Next offset to be sealed; what is between `next` and this is on its way to the disk. */
  get sealed(): number {
    return this.#sealed;
  }

  /** How often sealed records were lost because their commit failed: others then get their offsets. */
  get losses(): number {
    return this.#losses;
  }

  /** Whether anybody reads what is sealed. */
  get isReadAhead(): boolean {
    for (const { ahead } of this.followers) if (ahead) return true;
    return false;
  }

  get sizeBytes(): number {
    return sizeOf(this.#db) + sizeOf(this.#journalDb);
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

  /** What is staged, as frames to put. Those who read ahead may have them. */
  seal(): Buffer[] {
    const frames = this.stage.seal(this.#sealed, this.stage.bytes <= SLICED_BYTES ? SMALL_FRAME_BYTES : MAX_FRAME_BYTES);
    for (const bytes of frames) {
      const base = baseOf(bytes);
      this.#sealed = base + recordsOf(bytes);
      this.#tail.push({ base, next: this.#sealed, bytes });
      this.#tailBytes += bytes.length;
    }
    this.#wake(true);
    return frames;
  }

  /** Call inside a write of the store. */
  put(frames: readonly Buffer[]): void {
    // Still there if the commit before has failed.
    for (const slot of this.#placed.values()) this.journal.giveBack(slot);
    this.#placed.clear();
    for (const frame of frames) {
      const slot = this.journal.take(frame.length);
      if (slot === undefined) this.#putFrame(frame);
      else {
        this.journal.put(slot, frame);
        this.#placed.set(frame, slot);
      }
    }
  }

  /** All that was sealed is on disk: every reader may have it. */
  publish(frames: readonly Buffer[]): void {
    for (const bytes of frames) {
      const slot = this.#placed.get(bytes);
      if (slot !== undefined) this.journal.added(slot, bytes);
    }
    this.#placed.clear();
    this.#next = this.#sealed;
    this.#trimTail();
    this.#wake(false);
  }

  /** All that was sealed is lost. */
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

  /** The records from `from` on that lie in one frame; from `end` on there are none. */
  read(from: number, end = this.#next): Read {
    if (from >= end) return { batch: undefined, next: from };
    const recent = this.#inTail(from);
    if (recent) return this.#batch(recent.bytes, from);
    const entry = this.journal.atOrAfter(from);
    if (entry && entry.base <= from) {
      const bytes = this.readEntry(entry);
      if (bytes) return this.#batch(bytes, from);
    } else {
      const base = firstOf(this.#db.getKeys({ start: from, reverse: true, limit: 1 }));
      const bytes = base === undefined ? undefined : this.#db.getBinary(base);
      if (base !== undefined && !(bytes && isIntact(bytes, base))) this.#onCorrupt(this.topic, this.partition, base);
      // A frame ends before `from` only where the one that followed it is gone.
      else if (base !== undefined && bytes && base + recordsOf(bytes) > from) return this.#batch(bytes, from);
    }
    return { batch: undefined, next: this.#startAfter(from) };
  }

  /** A frame of the journal; undefined where it is damaged. */
  readEntry(entry: Entry): Buffer | undefined {
    const bytes = this.journal.read(entry);
    if (!bytes) this.#onCorrupt(this.topic, this.partition, entry.base);
    return bytes;
  }

  /**
   * Bases of the oldest frames that end at or before `end`, at most `limit`; none of the journal's. The newest frame of all is never among
   * them: it holds the offsets.
   */
  oldest(end: number, limit: number): number[] {
    const first = this.journal.entries[0]?.base;
    const keys = [...this.#db.getKeys({ limit: limit + 1, ...(first === undefined ? {} : { end: first }) })];
    if (keys.length <= limit && first !== undefined) keys.push(first);
    let count = 0;
    while (count + 1 < keys.length && (keys[count + 1] as number) <= end) count += 1;
    return keys.slice(0, count);
  }

  /** Record time of the last record of the frame at `base`; for a damaged frame 0, so that age takes it. */
  lastTimeAt(base: number): number {
    if (this.#asked.base === base) return this.#asked.at;
    const bytes = this.#db.getBinary(base);
    const at = bytes && isIntact(bytes, base) ? lastTimeOf(bytes) : 0;
    this.#asked = { base, at };
    return at;
  }

  /** Call inside a write of the store. What was in the journal before `end` is now in these frames. */
  putMerged(frames: readonly Buffer[], end: number): void {
    for (const frame of frames) this.#putFrame(frame);
    this.journal.putMerged(end);
  }

  /** The first `count` entries of the journal are in the log itself. */
  merged(count: number): void {
    this.journal.merged(count);
    this.removed();
  }

  /** Call inside a write of the store. */
  remove(bases: readonly number[]): void {
    for (const base of bases) void this.#db.remove(base);
  }

  /** Frames were removed. */
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
      if (frame.next > needed && this.#tailBytes <= TAIL_BYTES) break;
      this.#tailBytes -= frame.bytes.length;
      gone += 1;
    }
    if (gone > 0) this.#tail.splice(0, gone);
  }

  #putFrame(frame: Buffer): void {
    void this.#db.put(baseOf(frame), frame);
  }

  /** Base of the first frame after `offset`; the end of the log if there is none. */
  #startAfter(offset: number): number {
    const base = firstOf(this.#db.getKeys({ start: offset + 0.5, limit: 1 })) ?? this.#next;
    const entry = this.journal.entries.find((candidate) => candidate.base > offset);
    return Math.min(base, entry?.base ?? base);
  }

  #findEnd(): number {
    const entry = this.journal.entries.at(-1);
    const base = firstOf(this.#db.getKeys({ reverse: true, limit: 1 }));
    const bytes = base === undefined ? undefined : this.#db.getBinary(base);
    const intact = base !== undefined && bytes && isIntact(bytes, base) ? bytes : undefined;
    this.#lastTime = Math.max(entry?.at ?? 0, intact ? lastTimeOf(intact) : 0);
    let end = Math.max(entry?.next ?? 0, base === undefined ? 0 : base + (intact ? recordsOf(intact) : 0));
    if (base !== undefined && !intact) {
      this.#onCorrupt(this.topic, this.partition, base);
      end = Math.max(end, base + MAX_FRAME_RECORDS);
    }
    if (this.journal.damaged === 0) return end;
    // How many records they held is unknown; offsets may have gaps but must never be used twice.
    this.#onCorrupt(this.topic, this.partition, end);
    return end + this.journal.damaged * MAX_FRAME_RECORDS;
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
