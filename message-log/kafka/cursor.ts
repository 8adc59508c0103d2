import type { RecordBatch } from '../port.ts';
import type { Topic } from '../../records/topics.ts';
import { checkSet, type Damage } from '../../kafka/wire/check-set.ts';
import type { FetchedSet } from '../../kafka/wire/fetch.ts';
import { Columns, readRecordSet } from './record-set.ts';

const CHUNKS_AHEAD = 2;
const FIRST_FETCH_BYTES = 1024 * 1024;
const MAX_FETCH_BYTES = 64 * 1024 * 1024;
/** Records that can't be understood are asked for again this often: retention may have removed them since. */
const STOPPED_MS = 60_000;
/** Damage in transit is gone with the next answer; records that are damaged in this many answers in a row are skipped. */
const DAMAGED_ANSWERS = 5;

interface Chunk {
  readonly set: FetchedSet;
  readonly next: number;
  /** Why its records are skipped. */
  readonly damaged?: string;
}

/** What an answer brought: records, nothing new, or damage. */
export type Arrival = 'some' | 'none' | Damage;

/** A reading position in one partition: keeps answers as they arrived, and turns them into records when they are taken. */
export class Cursor {
  readonly topic: Topic;
  /** The topic's name in Kafka. */
  readonly name: string;
  readonly partition: number;
  /** Records in [from, to) are gone and were not read. */
  onGap: ((from: number, to: number) => void) | undefined;
  /** Records in [from, to) are damaged and were skipped. */
  onDamaged: ((from: number, to: number, reason: string) => void) | undefined;
  /** Reading can't go on, for this reason; undefined: it can again. */
  onStopped: ((problem: string | undefined) => void) | undefined;
  /** Called once there is something to take. */
  onArrival: (() => void) | undefined;
  /** The topic was deleted and created again; the cursor is at the beginning of the new one. */
  onRecreated: (() => void) | undefined;
  /** Id of the topic that the position belongs to; undefined: not known yet. */
  topicId: string | undefined;
  /** Whether any answer has arrived. */
  asked = false;
  /** No request before this, ms of the monotonic clock. */
  notBefore = 0;
  attempts = 0;
  /** The end of the log as last heard from a broker; Infinity: not known yet. */
  knownEnd = Number.POSITIVE_INFINITY;
  maxBytes = FIRST_FETCH_BYTES;
  #position: number;
  #fetchAt: number;
  #chunks: Chunk[] = [];
  #damagedAnswers = 0;
  #stopped: string | undefined;
  readonly #columns = new Columns();

  constructor(topic: Topic, name: string, partition: number, position: number, topicId?: string) {
    this.topicId = topicId;
    this.topic = topic;
    this.name = name;
    this.partition = partition;
    this.#position = position;
    this.#fetchAt = position;
  }

  /** Next offset to take. */
  get position(): number {
    return this.#position;
  }

  /** Next offset to ask for. */
  get fetchAt(): number {
    return this.#fetchAt;
  }

  /** Whether there are, or may be, records that were not taken yet. */
  get behind(): boolean {
    return this.#position < this.knownEnd;
  }

  /** Why reading can't go on; undefined: it can. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  get hasRoom(): boolean {
    return this.#chunks.length < CHUNKS_AHEAD;
  }

  get hasSome(): boolean {
    return this.#chunks.length > 0;
  }

  /** Keeps the intact part of an answer to a request for `askedAt`; ignores the answer if the cursor has moved meanwhile. */
  arrived(set: FetchedSet, askedAt: number): Arrival {
    this.asked = true;
    if (askedAt !== this.#fetchAt) return 'none';
    this.knownEnd = Number.isFinite(this.knownEnd) ? Math.max(this.knownEnd, set.lastStableOffset) : set.lastStableOffset;
    const { to, next, damage, oldFormat } = checkSet(set, askedAt);
    if (next > askedAt) return this.#keep({ set: { ...set, to }, next });
    if (oldFormat !== undefined) return this.#stop(askedAt, oldFormat);
    if (damage) return this.#damaged(set, damage);
    // Not even one batch fitted into the answer.
    if (set.to > set.from) this.#askForMore();
    return 'none';
  }

  #keep(chunk: Chunk): Arrival {
    this.#damagedAnswers = 0;
    this.maxBytes = FIRST_FETCH_BYTES;
    this.#chunks.push(chunk);
    this.#fetchAt = chunk.next;
    return 'some';
  }

  #damaged(set: FetchedSet, damage: Damage): Arrival {
    this.#damagedAnswers += 1;
    if (this.#damagedAnswers < DAMAGED_ANSWERS) return damage;
    if (damage.resumesAt !== undefined) return this.#keep({ set, next: damage.resumesAt, damaged: damage.reason });
    this.#reportStop(this.#fetchAt, `damaged records, and no intact ones after them yet: ${damage.reason}`);
    this.#askForMore();
    return damage;
  }

  /** Drops everything after `at`, so that nothing is skipped. */
  #stop(at: number, reason: string): 'none' {
    this.#chunks = [];
    this.#fetchAt = at;
    this.notBefore = performance.now() + STOPPED_MS;
    this.#reportStop(at, reason);
    return 'none';
  }

  #reportStop(at: number, reason: string): void {
    this.#report(`${this.name}/${this.partition} cannot be read from ${at} on: ${reason}`);
  }

  #report(problem: string | undefined): void {
    if (problem === this.#stopped) return;
    this.#stopped = problem;
    this.onStopped?.(problem);
  }

  #askForMore(): void {
    this.maxBytes = Math.min(MAX_FETCH_BYTES, this.maxBytes * 2);
  }

  /** Continues at `to`, because the records before it are gone. */
  skip(to: number): void {
    const from = this.#fetchAt;
    this.#fetchAt = to;
    this.knownEnd = Number.POSITIVE_INFINITY;
    this.#report(undefined);
    if (this.#chunks.length === 0) this.#position = to;
    if (to > from) this.onGap?.(from, to);
  }

  /** Starts over in the topic that has this name now. */
  begin(topicId: string): void {
    this.topicId = topicId;
    this.#chunks = [];
    this.#position = 0;
    this.#fetchAt = 0;
    this.knownEnd = Number.POSITIVE_INFINITY;
    this.#report(undefined);
    this.onRecreated?.();
  }

  /** The oldest answer as records, valid until the next call. Empty: there is no answer, or none of its records is visible to readers. */
  take(): readonly RecordBatch[] {
    const chunk = this.#chunks.shift();
    if (!chunk) return [];
    if (chunk.damaged !== undefined) {
      this.onDamaged?.(this.#position, chunk.next, chunk.damaged);
      this.#position = chunk.next;
      this.#report(undefined);
      return [];
    }
    const { batches, unreadable } = readRecordSet(this.topic, this.partition, chunk.set, this.#position, this.#columns);
    const next = unreadable?.from ?? chunk.next;
    const last = batches.at(-1);
    // Past markers and aborted transactions too, so that a reader that has all records is at the end.
    if (last) last.nextOffset = next;
    this.#position = next;
    if (unreadable) this.#stop(next, unreadable.reason);
    else this.#report(undefined);
    return batches;
  }
}
