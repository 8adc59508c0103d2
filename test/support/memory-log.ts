/** A MessageLog in memory; a test can hold back its appends, or let them fail. */
import type {
  From,
  InputProgress,
  InputPositions,
  MessageLog,
  OutgoingRecord,
  Reader,
  RecordBatch,
  Records,
  StateDelta,
  Subscription,
  TaskLog,
  TaskOwner,
} from '../../message-log/port.ts';
import { partitionOf } from '../../message-log/partitioning.ts';
import { SENSOR_INPUTS, type Topic } from '../../records/topics.ts';
import { PermanentError, TransientError } from '../../runtime/errors.ts';
import { batchOf, type TestRecord } from './batches.ts';

const BATCH_RECORDS_MAX = 5_000;

interface Held {
  readonly run: () => void;
}

export class MemoryLog implements MessageLog {
  readonly partitions: number;
  /** The arguments of every append of records. */
  readonly appends: { readonly topic: Topic; readonly records: number; readonly at: number }[] = [];
  /** Number of outputs in each commit of a task. */
  readonly commits: number[] = [];
  /** While set, appends and commits are rejected with it. */
  fault: Error | undefined;
  /** If set, only appends to this topic are rejected with it. */
  faulty: Topic | undefined;
  /** While set, only commits of tasks are rejected with it. */
  commitFault: Error | undefined;
  readonly #records = new Map<string, TestRecord[]>();
  readonly #committed = new Map<string, number>();
  readonly #groups = new Map<string, MemorySubscription[]>();
  readonly #state = new Map<number, Map<number, Buffer>>();
  readonly #positions = new Map<number, InputPositions>();
  readonly #epochs = new Map<number, number>();
  #held: Held[] | undefined;
  #waiting: (() => void)[] = [];
  #closed = false;

  constructor(partitions = 1) {
    this.partitions = partitions;
  }

  /** From now on appends wait for `release`. */
  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const { run } of held) run();
  }

  /** The records of a topic, over all partitions. */
  all(topic: Topic): TestRecord[] {
    return Array.from({ length: this.partitions }, (_, partition) => this.#of(topic, partition)).flat();
  }

  /** The state that a task has stored for each sensor. */
  states(partition = 0): ReadonlyMap<number, Buffer> {
    return this.#state.get(partition) ?? new Map();
  }

  async append(topic: Topic, records: Records, at: number): Promise<{ readonly partition: number; readonly offset: number }> {
    if (records.length > 0) this.appends.push({ topic, records: records.length, at });
    const copies: TestRecord[] = [];
    const { bytes } = records;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let i = 0; i < records.length; i += 1)
      copies.push({ key: records.keys[i] ?? 0, at, value: view.toString('utf8', records.starts[i], records.ends[i]) });
    if (this.#held) await new Promise<void>((run) => this.#held?.push({ run }));
    if (this.#closed) throw new TransientError('log-closed', 'the log is closed');
    if (this.fault && (this.faulty === undefined || this.faulty === topic)) throw this.fault;
    const first = copies[0] === undefined ? 0 : partitionOf(copies[0].key, this.partitions);
    const place = { partition: first, offset: this.#of(topic, first).length };
    for (const record of copies) this.#put(topic, record);
    return place;
  }

  async reader(topic: Topic, partition: number, from: From): Promise<Reader> {
    return new MemoryReader(this, topic, partition, from === 'earliest' ? 0 : from === 'latest' ? this.#of(topic, partition).length : from);
  }

  async subscribe(group: string, topics: readonly Topic[]): Promise<Subscription> {
    const members = this.#groups.get(group) ?? [];
    this.#groups.set(group, members);
    const member = new MemorySubscription(this, group, topics, () => {
      members.splice(members.indexOf(member), 1);
      this.#shareOut(members);
    });
    members.push(member);
    this.#shareOut(members);
    return member;
  }

  /** Assigns partitions in turn to the members of a group, in the order in which they joined. */
  #shareOut(members: readonly MemorySubscription[]): void {
    for (const [i, member] of members.entries()) {
      const all = Array.from({ length: this.partitions }, (_, partition) => partition);
      member.take(new Set(all.filter((partition) => partition % members.length === i)));
    }
    this.wake();
  }

  async own(owner: TaskOwner): Promise<() => Promise<void>> {
    for (let partition = 0; partition < this.partitions; partition += 1) await owner.assigned(this.#taskLog(partition));
    return async () => {
      for (let partition = 0; partition < this.partitions; partition += 1) await owner.revoked(partition);
    };
  }

  async bounds(topic: Topic, partition: number): Promise<{ readonly earliest: number; readonly next: number }> {
    return { earliest: 0, next: this.#of(topic, partition).length };
  }

  async offsetAt(topic: Topic, partition: number, at: number): Promise<number> {
    const records = this.#of(topic, partition);
    const index = records.findIndex((record) => record.at >= at);
    return index < 0 ? records.length : index;
  }

  async progress(): Promise<readonly InputProgress[]> {
    if (this.fault && this.faulty === undefined) throw this.fault;
    return SENSOR_INPUTS.flatMap((topic) =>
      Array.from({ length: this.partitions }, (_, partition) => ({
        topic,
        partition,
        decided: this.#positions.get(partition)?.[topic],
        next: this.#of(topic, partition).length,
      })),
    );
  }

  async committed(group: string, topic: Topic, partition: number): Promise<number | undefined> {
    return this.committedNow(group, topic, partition);
  }

  /** For members of groups. */
  committedNow(group: string, topic: Topic, partition: number): number | undefined {
    return this.#committed.get(`${group} ${topic} ${partition}`);
  }

  /** For members of groups. */
  commitNow(group: string, topic: Topic, partition: number, next: number): void {
    if (this.fault && this.faulty === undefined) throw this.fault;
    this.#committed.set(`${group} ${topic} ${partition}`, Math.max(next, this.committedNow(group, topic, partition) ?? 0));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.wake();
  }

  /** For readers: resolves when something was written, or after `waitMs`. */
  async more(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** For readers: the records from a position on. */
  batch(topic: Topic, partition: number, from: number): RecordBatch | undefined {
    const records = this.#of(topic, partition).slice(from, from + BATCH_RECORDS_MAX);
    return records.length === 0 ? undefined : batchOf(topic, from, records, partition);
  }

  #taskLog(partition: number): TaskLog {
    const epoch = (this.#epochs.get(partition) ?? 0) + 1;
    this.#epochs.set(partition, epoch);
    return {
      partition,
      restore: async (visit) => {
        for (const [key, value] of this.#stateOf(partition)) visit(key, value);
        return this.#positions.get(partition) ?? { ENTRY: 0, OK: 0, ACTION: 0 };
      },
      reader: (topic, from) => this.reader(topic, partition, from),
      commit: async (outputs: readonly OutgoingRecord[], state: readonly StateDelta[], positions: InputPositions) => {
        this.commits.push(outputs.length);
        if (this.#epochs.get(partition) !== epoch) throw new PermanentError('fenced', 'another owner has taken over');
        const fault = (this.faulty === undefined ? this.fault : undefined) ?? this.commitFault;
        if (fault) throw fault;
        for (const { topic, key, at, value } of outputs) this.#put(topic, { key, at, value: Buffer.from(value).toString() });
        for (const { key, value } of state) {
          if (value === null) this.#stateOf(partition).delete(key);
          else this.#stateOf(partition).set(key, Buffer.from(value));
        }
        this.#positions.set(partition, positions);
      },
    };
  }

  #stateOf(partition: number): Map<number, Buffer> {
    const state = this.#state.get(partition) ?? new Map<number, Buffer>();
    this.#state.set(partition, state);
    return state;
  }

  #put(topic: Topic, record: TestRecord): void {
    this.#of(topic, partitionOf(record.key, this.partitions)).push(record);
    this.wake();
  }

  /** For readers that close: ends every wait. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #of(topic: Topic, partition: number): TestRecord[] {
    const name = `${topic} ${partition}`;
    const records = this.#records.get(name) ?? [];
    this.#records.set(name, records);
    return records;
  }
}

/** A member of a group; partitions are assigned again whenever members come or go. */
class MemorySubscription implements Subscription {
  onGap: undefined;
  readonly #log: MemoryLog;
  readonly #group: string;
  readonly #topics: readonly Topic[];
  readonly #onClose: () => void;
  #held = new Map<number, { readonly term: number; readonly readers: readonly MemoryReader[] }>();
  #term = 0;
  #closed = false;

  constructor(log: MemoryLog, group: string, topics: readonly Topic[], onClose: () => void) {
    this.#log = log;
    this.#group = group;
    this.#topics = topics;
    this.#onClose = onClose;
  }

  get assigned(): ReadonlyMap<number, number> {
    return new Map([...this.#held].map(([partition, { term }]) => [partition, term]));
  }

  take(partitions: ReadonlySet<number>): void {
    this.#term += 1;
    const begin = (topic: Topic, partition: number): MemoryReader =>
      new MemoryReader(this.#log, topic, partition, this.#log.committedNow(this.#group, topic, partition) ?? 0);
    this.#held = new Map(
      [...partitions].map((partition) => [
        partition,
        this.#held.get(partition) ?? { term: this.#term, readers: this.#topics.map((topic) => begin(topic, partition)) },
      ]),
    );
  }

  async poll(waitMs: number): Promise<readonly RecordBatch[]> {
    const poll = async (): Promise<RecordBatch[]> =>
      (await Promise.all([...this.#held.values()].flatMap(({ readers }) => readers.map((reader) => reader.poll(0))))).flat();
    const batches = await poll();
    if (batches.length > 0 || waitMs === 0) return batches;
    await this.#log.more(waitMs);
    return poll();
  }

  async commit(topic: Topic, partition: number, nextOffset: number): Promise<void> {
    if (this.#held.has(partition)) this.#log.commitNow(this.#group, topic, partition, nextOffset);
  }

  async close(): Promise<void> {
    if (!this.#closed) this.#onClose();
    this.#closed = true;
    this.#held.clear();
    this.#log.wake();
  }
}

class MemoryReader implements Reader {
  readonly behind = false;
  onGap: ((from: number, to: number) => void) | undefined;
  position: number;
  readonly #log: MemoryLog;
  readonly #topic: Topic;
  readonly #partition: number;

  constructor(log: MemoryLog, topic: Topic, partition: number, position: number) {
    this.#log = log;
    this.#topic = topic;
    this.#partition = partition;
    this.position = position;
  }

  async poll(waitMs: number): Promise<readonly RecordBatch[]> {
    let batch = this.#log.batch(this.#topic, this.#partition, this.position);
    if (batch === undefined && waitMs > 0) {
      await this.#log.more(waitMs);
      batch = this.#log.batch(this.#topic, this.#partition, this.position);
    }
    if (batch === undefined) return [];
    this.position = batch.nextOffset;
    return [batch];
  }

  async close(): Promise<void> {
    this.#log.wake();
  }
}
