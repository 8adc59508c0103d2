import type { Topic } from '../../records/topics.ts';
import { unavailable } from '../../kafka/faults.ts';
import { BATCH_BYTES } from './topics.ts';
import { BatchWriter, type ProducerIdentity } from '../../kafka/wire/batch-writer.ts';

/** After a refusal, one append may try again this often. */
const PAUSE_MS = 2_000;
const SEQUENCE_MODULUS = 2 ** 31;

/** Records that go out as one batch; settles for everybody who waits for it. */
export class PendingBatch {
  readonly writer: BatchWriter;
  /** When its first record came, ms of the monotonic clock. */
  readonly since: number;
  /** Resolves with the offset of the batch's first record. */
  readonly acknowledged: Promise<number>;
  sealed: Buffer | undefined;
  #resolve: (base: number) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor(writer: BatchWriter, since: number) {
    this.writer = writer;
    this.since = since;
    this.acknowledged = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Appends that wait get the rejection; without any it would count as unhandled.
    this.acknowledged.catch(() => undefined);
  }

  resolve(base: number): void {
    this.#resolve(base);
  }

  reject(error: unknown): void {
    this.#reject(error);
  }
}

/** Records waiting for one partition, in order. At most one batch is under way, with the next sequence number of its producer. */
export class PartitionQueue {
  readonly topic: Topic;
  /** The topic's name in Kafka. */
  readonly name: string;
  readonly partition: number;
  identity: ProducerIdentity | undefined;
  /** The batch that was sent and isn't settled yet; it is sent again unchanged. */
  current: PendingBatch | undefined;
  /** Whether `current` is on its way to a broker. */
  sending = false;
  attempts = 0;
  /** Not sent again before this, ms of the monotonic clock. */
  notBefore = 0;
  /** Time of the newest record, epoch ms; later records get at least this. */
  lastTime = 0;
  /** Why brokers did not take the batch under way at the last attempt. */
  reason: string | undefined;
  #sequence = 0;
  #waiting: PendingBatch[] = [];
  #spare: BatchWriter | undefined;
  #trouble: { readonly error: Error; readonly since: number } | undefined;

  constructor(topic: Topic, name: string, partition: number) {
    this.topic = topic;
    this.name = name;
    this.partition = partition;
  }

  get idle(): boolean {
    return this.current === undefined && this.#waiting.length === 0;
  }

  get place(): string {
    return `${this.name}/${this.partition}`;
  }

  /** Why no records are taken now; undefined: they are. */
  refusal(now: number): Error | undefined {
    return this.#trouble && (now < this.#trouble.since + PAUSE_MS || !this.idle) ? this.#trouble.error : undefined;
  }

  /** Since when records have been refused, ms of the monotonic clock. */
  get troubledSince(): number | undefined {
    return this.#trouble?.since;
  }

  /** The brokers have reported that all is well again. */
  calm(): void {
    this.#trouble = undefined;
  }

  /** The waiting batch that a record of `size` bytes goes into. */
  open(size: number, now: number): PendingBatch {
    const last = this.#waiting.at(-1);
    if (last && last.writer.size + size <= BATCH_BYTES) return last;
    const writer = this.#spare ?? new BatchWriter();
    this.#spare = undefined;
    const pending = new PendingBatch(writer, now);
    this.#waiting.push(pending);
    return pending;
  }

  /** The batch to send now, sealed; the same one until it is settled. Undefined: nothing, or the producer isn't known yet. */
  next(): Buffer | undefined {
    if (!this.identity) return undefined;
    this.current ??= this.#waiting.shift();
    const { current } = this;
    if (!current) return undefined;
    current.sealed ??= current.writer.seal(this.identity, this.#sequence, false);
    return current.sealed;
  }

  acknowledge(base: number): void {
    const { current } = this;
    if (!current) return;
    this.#sequence = (this.#sequence + current.writer.count) % SEQUENCE_MODULUS;
    this.#settled();
    this.#trouble = undefined;
    current.resolve(base);
    current.writer.reset();
    this.#spare ??= current.writer;
  }

  /** Gives up the batch under way. The broker may have it, so its sequence can't be continued: the partition needs another producer id. */
  abandon(error: Error): void {
    this.current?.reject(error);
    this.#settled();
    this.identity = undefined;
    this.#sequence = 0;
  }

  /** Gives up batches that have waited since `deadline` or longer. Returns why; undefined: there were none. */
  expire(deadline: number, now: number): Error | undefined {
    const late = (pending: PendingBatch | undefined): boolean => pending !== undefined && pending.since <= deadline;
    if (!late(this.current) && !late(this.#waiting[0])) return undefined;
    const error = unavailable(`${this.place} took no records in time: ${this.reason ?? 'brokers did not answer'}`);
    this.#trouble = { error, since: now };
    if (late(this.current)) this.abandon(error);
    while (late(this.#waiting[0])) this.#waiting.shift()?.reject(error);
    return error;
  }

  #settled(): void {
    this.current = undefined;
    this.attempts = 0;
    this.notBefore = 0;
    this.reason = undefined;
  }
}
