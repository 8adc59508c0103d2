/**
 * The durable log that every role reads and writes: keyed records in topics, each topic in partitions, each partition in one order. The meaning of
 * values, retries and notifications are the callers' business.
 */
import type { InputTopic, Topic } from '../records/topics.ts';

/** Records to append. Values are ranges of one buffer, so that nothing is allocated per record. */
export interface Records {
  /** Number of records: that many items of the arrays below count. */
  readonly length: number;
  readonly bytes: Uint8Array;
  /** Sensor ids, 0 to 2^31-1; they decide the partition. */
  readonly keys: ArrayLike<number>;
  /** Record i's value is bytes[starts[i], ends[i]). */
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
}

/** Records of one partition in offset order, read in place. Offsets grow, but may have gaps. Valid until the next poll. */
export interface RecordBatch {
  readonly topic: Topic;
  readonly partition: number;
  /** Number of records, at least 1; `i` below is from 0 to length - 1. */
  readonly length: number;
  /** The position after the last record, where reading continues. */
  readonly nextOffset: number;
  /** Holds the values, and perhaps other bytes. */
  readonly bytes: Buffer;
  /** The sensor id; -1: a record of another program whose key is not a sensor id. */
  key(i: number): number;
  /** Record time, epoch ms: for sensors' records, when the proxy received them. */
  time(i: number): number;
  /** The record's place in the partition. */
  offset(i: number): number;
  /** Record i's value is bytes[start(i), end(i)). */
  start(i: number): number;
  end(i: number): number;
}

/** One record that a task writes; there are few of these. */
export interface OutgoingRecord {
  readonly topic: Topic;
  /** Sensor id. */
  readonly key: number;
  /** Record time, epoch ms. */
  readonly at: number;
  readonly value: Uint8Array;
}

/** A change of one sensor's state. */
export interface StateDelta {
  /** Sensor id. */
  readonly key: number;
  /** The new state; null: nothing is left to remember. */
  readonly value: Uint8Array | null;
}

/** Next offset to read, by input topic. */
export type InputPositions = Readonly<Record<InputTopic, number>>;

/** How far one partition of an input is written, and how far its task has decided it. */
export interface InputProgress {
  readonly topic: InputTopic;
  readonly partition: number;
  /** Next offset to be written. */
  readonly next: number;
  /** The results of everything before this offset are committed. May lag some seconds behind the task. Undefined: no task has committed yet. */
  readonly decided: number | undefined;
}

/** Where a reader begins: at this offset, at the first record still held, or with the next one written. */
export type From = number | 'earliest' | 'latest';

/** Topic STATE belongs to the tasks alone (see TaskLog): appending to it or reading it is rejected with PermanentError `no-such-partition`. */
export interface MessageLog {
  /** Number of partitions of every topic. They are numbered from 0, and their number never changes. */
  readonly partitions: number;

  /**
   * Appends records; they are durable once it resolves, with the place of the first one. `at`: their record time, epoch ms. Concurrent calls share
   * commits, and keep their order within each partition. `bytes` may be reused as soon as the call has returned.
   *
   * Within a partition, record times of one process never run backwards: a record with an earlier `at` than the one before gets that one's time. Those of
   * several processes may, by as much as their clocks differ.
   *
   * Rejects with TransientError: `disk-full`, `log-full` (too much waits already), `log-unavailable`, `log-closed`, or `clock-off` (this machine's clock and
   * the log's differ too much for record times to mean anything). Rejects with PermanentError: `record-too-large`, or `fenced` once another process
   * has taken the log over. No record of a rejected call is acknowledged, but some may have been written.
   *
   * An append of no records asks whether the log accepts any: it rejects for the same reasons, a wrong clock included.
   */
  append(topic: Topic, records: Records, at: number): Promise<{ readonly partition: number; readonly offset: number }>;

  /**
   * Opens a reader of one partition; nothing remembers its position. If the topic is deleted and created again, it continues with the first record of the
   * new one, where offsets start from 0. Rejects with TransientError.
   */
  reader(topic: Topic, partition: number, from: From): Promise<Reader>;

  /**
   * Opens a named consumer of whole topics that sees every record at least once. Its committed positions outlive it; a topic that is deleted and created
   * again is read from its beginning. Rejects with TransientError.
   */
  subscribe(group: string, topics: readonly Topic[]): Promise<Subscription>;

  /**
   * Makes this process an owner of tasks: from now on partitions come and go as owners divide them among themselves. If this process has an owner already,
   * that one gives its tasks back first. The returned function gives all back, and resolves once none of them writes. Rejects with TransientError.
   */
  own(owner: TaskOwner): Promise<() => Promise<void>>;

  /** First offset still held, and next offset to be written. Rejects with TransientError. */
  bounds(topic: Topic, partition: number): Promise<{ readonly earliest: number; readonly next: number }>;

  /**
   * Where to begin reading for all records of this time (epoch ms) and later: every record before that offset is earlier. The next offset to be written if
   * there are none. For people who look at a part of the log, since times of several processes may differ. Rejects with TransientError.
   */
  offsetAt(topic: Topic, partition: number, at: number): Promise<number>;

  /**
   * Where `group` will continue reading: everything before it is done. Undefined: it has never committed there. For those who must not overtake a group.
   * Rejects with TransientError.
   */
  committed(group: string, topic: Topic, partition: number): Promise<number | undefined>;

  /**
   * Looks at every partition of ENTRY and OK at once, cheaply enough for once a second. `decided` is read before `next`, so it can be the greater one only if
   * the topic was deleted and created again. Rejects with TransientError.
   */
  progress(): Promise<readonly InputProgress[]>;

  /** Gives tasks back, finishes pending appends, and closes readers and subscriptions. Later calls reject with `log-closed`. */
  close(): Promise<void>;
}

export interface Reader {
  /** Offset after the records that were polled: the next one that `poll` gives is at it or, after a gap, behind it. */
  readonly position: number;
  /**
   * Resolves with the records that are available, in offset order; if there are none, waits up to `waitMs` for some, and then resolves with none. One call at
   * a time. Rejects with TransientError.
   */
  poll(waitMs: number): Promise<readonly RecordBatch[]>;
  /** Whether the log has, or may have, records that `poll` can't give yet because they are still on their way to this process. */
  readonly behind: boolean;
  /** Called when records in [from, to) are gone and were not read: removed by retention, or damaged. */
  onGap: ((from: number, to: number) => void) | undefined;
  /** Ends a waiting poll, which resolves with none. Don't poll afterwards. */
  close(): Promise<void>;
}

export interface Subscription {
  /**
   * As a reader's, for all partitions that belong to this process. Each continues where the group has committed, or begins with the first record held.
   */
  poll(waitMs: number): Promise<readonly RecordBatch[]>;
  /**
   * The partitions that belong to this process, as of the last poll or newer, each with a number. The number changes whenever the partition is assigned
   * again: meanwhile another process may have had it, so what was learnt about the partition is valid for one number only.
   */
  readonly assigned: ReadonlyMap<number, number>;
  /**
   * Everything before `nextOffset` is done; durable once it resolves. Positions never move backwards. No effect if the partition has gone to another process.
   * Rejects with TransientError, or with PermanentError `fenced` once another process has taken the log over.
   */
  commit(topic: Topic, partition: number, nextOffset: number): Promise<void>;
  /** As a reader's, with the topic and partition of the gap. */
  onGap: ((topic: Topic, partition: number, from: number, to: number) => void) | undefined;
  /** Ends a waiting poll, which resolves with none, and gives the partitions back. Don't poll afterwards. */
  close(): Promise<void>;
}

/** Is called with the partitions that this process gets and loses. Neither function may reject. */
export interface TaskOwner {
  /** The partition belongs to this process from now on. */
  assigned(task: TaskLog): Promise<void>;
  /** The partition goes to another process, or is given back: must resolve only when its task no longer writes. */
  revoked(partition: number): Promise<void>;
}

/** The write side of one partition's task. A later owner fences this one: its commits are then rejected with PermanentError `fenced`. */
export interface TaskLog {
  /** From 0; the same number in ENTRY, OK, ACTION and STATE. */
  readonly partition: number;
  /**
   * Visits the latest state of every sensor of the partition (valid during the visit), and resolves with the input positions that belong to it. Before the
   * first commit these are 0, or the first records held. A sensor whose stored state fails its checksum isn't visited: \`damaged\` is called with its key. Rejects with TransientError, or with PermanentError `fenced`, or `data-format` if a newer version
   * has written the state.
   */
  restore(visit: (key: number, value: Buffer) => void, damaged: (key: number) => void): Promise<InputPositions>;
  /**
   * Reads an input of the partition, once the task is restored. It may give records before they are durable: what is committed because of them becomes durable
   * only together with them. If they are lost, so is that: `poll` and `commit` then reject with TransientError until the task is restored.
   */
  reader(topic: InputTopic, from: number): Promise<Reader>;
  /**
   * Writes outputs (into the task's own partition of their topics), state and positions: all or nothing, durable once it resolves. Rejects with
   * TransientError, or with PermanentError `fenced` or `record-too-large`. After any rejection the task must be thrown away and restored.
   */
  commit(outputs: readonly OutgoingRecord[], state: readonly StateDelta[], positions: InputPositions): Promise<void>;
}
