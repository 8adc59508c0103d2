import type { RecordBatch } from '../port.ts';
import type { Topic } from '../../records/topics.ts';
import { checkSet, type Damage } from './wire/check-set.ts';
import type { FetchedSet } from './wire/fetch.ts';
import { Columns, readRecordSet } from './wire/record-set.ts';

const CHUNKS_AHEAD = 2;
const FIRST_FETCH_BYTES = 1024 * 1024;
const MAX_FETCH_BYTES = 64 * 1024 * 1024;
/** What can't be read is asked for again now and then: another version of this program may take over, or retention. */
const STOPPED_MS = 60_000;
/** What was damaged on its way arrives whole the next time; what stays damaged is passed over after so many answers. */
const DAMAGED_ANSWERS = 5;

interface Chunk {
  readonly set: FetchedSet;
  readonly next: number;
  /** Why nothing in it can be read. */
  readonly damaged?: string;
}

/** Whether an answer brought anything, or what is wrong with it. */
export type Arrival = 'some' | 'none' | Damage;

/** A place in one partition from which is read: answers gather here as they came, and become records when they are taken. */
export class Cursor {
  readonly topic: Topic;
  /** The topic's name in Kafka. */
  readonly name: string;
  readonly partition: number;
  onGap: ((from: number, to: number) => void) | undefined;
  /** Records that are damaged are passed over. */
  onDamaged: ((from: number, to: number, reason: string) => void) | undefined;
  /** It can't be read on, since records that are whole can't be understood; undefined: it can again. */
  onStopped: ((problem: string | undefined) => void) | undefined;
  /** Called once there is something to take. */
  onArrival: (() => void) | undefined;
  /** It is another topic of that name now, which is read from its beginning. */
  onAnew: (() => void) | undefined;
  /** Which topic of that name the position is in; undefined: not known yet. */
  topicId: string | undefined;
  /** Whether a broker has been asked at all. */
  asked = false;
  /** Not asked again before, ms of the monotonic clock. */
  notBefore = 0;
  attempts = 0;
  /** Where the log ends, as far as was heard of it; Infinity: nothing was yet. */
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

  /** After what was taken. */
  get position(): number {
    return this.#position;
  }

  /** After what has arrived. */
  get fetchAt(): number {
    return this.#fetchAt;
  }

  /** Whether there is more than was taken, or may be. */
  get behind(): boolean {
    return this.#position < this.knownEnd;
  }

  /** Why it can't be read on. */
  get stopped(): string | undefined {
    return this.#stopped;
  }

  get hasRoom(): boolean {
    return this.#chunks.length < CHUNKS_AHEAD;
  }

  get hasSome(): boolean {
    return this.#chunks.length > 0;
  }

  /** Keeps what came for `askedAt`, as far as it is intact, unless it has moved on meanwhile. */
  arrived(set: FetchedSet, askedAt: number): Arrival {
    this.asked = true;
    if (askedAt !== this.#fetchAt) return 'none';
    this.knownEnd = Number.isFinite(this.knownEnd) ? Math.max(this.knownEnd, set.lastStableOffset) : set.lastStableOffset;
    const { to, next, damage, oldFormat } = checkSet(set, askedAt);
    if (next > askedAt) return this.#keep({ set: { ...set, to }, next });
    if (oldFormat !== undefined) return this.#stop(askedAt, oldFormat);
    if (damage) return this.#damaged(set, damage);
    // Not even one batch fitted in.
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
    this.#standsStill(this.#fetchAt, `damaged records, and nothing intact behind them yet: ${damage.reason}`);
    this.#askForMore();
    return damage;
  }

  /** Nothing after it is shown, lest something is passed over. */
  #stop(at: number, reason: string): 'none' {
    this.#chunks = [];
    this.#fetchAt = at;
    this.notBefore = performance.now() + STOPPED_MS;
    this.#standsStill(at, reason);
    return 'none';
  }

  #standsStill(at: number, reason: string): void {
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

  /** Goes on from `to`: what lay before it is gone. */
  skip(to: number): void {
    const from = this.#fetchAt;
    this.#fetchAt = to;
    this.knownEnd = Number.POSITIVE_INFINITY;
    this.#report(undefined);
    if (this.#chunks.length === 0) this.#position = to;
    if (to > from) this.onGap?.(from, to);
  }

  /** Goes on in another topic of the same name. */
  begin(topicId: string): void {
    this.topicId = topicId;
    this.#chunks = [];
    this.#position = 0;
    this.#fetchAt = 0;
    this.knownEnd = Number.POSITIVE_INFINITY;
    this.#report(undefined);
    this.onAnew?.();
  }

  /** The oldest answer as records; they are valid until the next call. None: it held only what isn't shown, or there is none. */
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
    // Past what isn't shown, so that whoever has all records is at the end.
    if (last) last.nextOffset = next;
    this.#position = next;
    if (unreadable) this.#stop(next, unreadable.reason);
    else this.#report(undefined);
    return batches;
  }
}
