/**
 * The durable log: what every role reads and writes. Keyed records in topics, each topic in partitions, each partition in one order.
 * Not its job: what values mean, how often to retry, whom to notify.
 */
import type { InputTopic, Topic } from '../records/topics.ts';

/** Records to append: values are ranges of one buffer, so that nothing is allocated per record. */
export interface Records {
  readonly length: number;
  readonly bytes: Uint8Array;
  /** Sensor ids. */
  readonly keys: ArrayLike<number>;
  readonly starts: ArrayLike<number>;
  readonly ends: ArrayLike<number>;
}

/** Records of one partition in offset order, read in place. Offsets grow, but may have gaps. Valid until the next poll. */
export interface RecordBatch {
  readonly topic: Topic;
  readonly partition: number;
  /** Number of records: `i` below goes from 0 to it. */
  readonly length: number;
  /** The position after the last record, where reading goes on. */
  readonly nextOffset: number;
  /** Where the values are, and perhaps more. */
  readonly bytes: Buffer;
  /** The sensor id, or -1: a record of another program, whose key is none. */
  key(i: number): number;
  /** Receive time, epoch ms. */
  time(i: number): number;
  offset(i: number): number;
  /** Record i's value is bytes[start(i), end(i)). */
  start(i: number): number;
  end(i: number): number;
}

/** One record that a task or a consumer writes; there are few of these. */
export interface OutgoingRecord {
  readonly topic: Topic;
  readonly key: number;
  /** Record time, epoch ms. */
  readonly at: number;
  readonly value: Uint8Array;
}

/** A sensor's new state, or null where there is nothing left to remember. */
export interface StateDelta {
  readonly key: number;
  readonly value: Uint8Array | null;
}

/** Next offset to read, by input topic. */
export type InputPositions = Readonly<Record<InputTopic, number>>;

/** How far an input of the tasks has come in, and how far its task has decided it. */
export interface InputProgress {
  readonly topic: InputTopic;
  readonly partition: number;
  /** Next offset to be written. */
  readonly next: number;
  /** What came of everything before it is committed; the truth may be seconds ahead of it. Undefined: no task has committed there yet. */
  readonly decided: number | undefined;
}

export type From = number | 'earliest' | 'latest';

export interface MessageLog {
  /** Of every topic; numbered from 0, and the same for the life of a log. */
  readonly partitions: number;

  /**
   * Durable once it resolves, with the place of the first record. Concurrent calls share commits; their order is kept per partition.
   * Rejects with TransientError (`disk-full`, `log-full`, `log-unavailable`, `log-closed`, and `clock-off` where this machine's clock and the log's are too far
   * apart for what a record's time means): then none of the records of this call is acknowledged; or with PermanentError `fenced` once another process has taken the log over. STATE is the tasks' alone and is neither appended to nor read here.
   * Within a partition record times never run backwards, as far as one process writes: an earlier `at` than the record before counts as that
   * one's. Between several processes they may, by what their clocks differ.
   * `bytes` may be reused once the call has returned. An append of no records asks whether the log takes any: it rejects like
   * another, for a clock that is off too.
   */
  append(topic: Topic, records: Records, at: number): Promise<{ readonly partition: number; readonly offset: number }>;

  /**
   * Reads one partition from a place of the caller's choosing and remembers nothing. Where the topic is made anew meanwhile, it goes on with the first record
   * of that one: offsets begin again.
   */
  reader(topic: Topic, partition: number, from: From): Promise<Reader>;

  /** A named consumer of whole topics, at least once: its positions survive it, but not the topic that they are of. */
  subscribe(group: string, topics: readonly Topic[]): Promise<Subscription>;

  /** Makes this process an owner of tasks; partitions come and go as owners share them out. The returned function gives all back. */
  own(owner: TaskOwner): Promise<() => Promise<void>>;

  /** First offset still held and next offset to be written. */
  bounds(topic: Topic, partition: number): Promise<{ readonly earliest: number; readonly next: number }>;

  /** Where `group` will go on reading: all before it is done. Undefined: it has never committed there. For those who follow behind a group. */
  committed(group: string, topic: Topic, partition: number): Promise<number | undefined>;

  /**
   * Every partition of ENTRY and OK in one look, cheap enough for one a second. What is decided is asked for before what has come in: it is past
   * the end only where the log was made anew. Rejects with TransientError.
   */
  progress(): Promise<readonly InputProgress[]>;

  /** Gives tasks back, finishes what was appended, and ends readers and subscriptions; whatever comes later is rejected (`log-closed`). */
  close(): Promise<void>;
}

export interface Reader {
  /** Next offset that `poll` gives, if it is there. */
  readonly position: number;
  /** Whatever is there, in offset order; waits up to `waitMs` for the first, then returns none. Rejects with TransientError. */
  poll(waitMs: number): Promise<readonly RecordBatch[]>;
  /** Whether there is more in the log, or may be, that poll can't give yet because it is still on its way. */
  readonly behind: boolean;
  /** Called when retention has removed records before they were read: from (included) to (excluded). */
  onGap: ((from: number, to: number) => void) | undefined;
  /** Ends a waiting poll, which resolves with none. */
  close(): Promise<void>;
}

export interface Subscription {
  /** As of a reader, from all partitions that are this process's: each goes on where the group has committed, or begins with the first record held. */
  poll(waitMs: number): Promise<readonly RecordBatch[]>;
  /**
   * The partitions that are this process's now, each with a number that changes whenever it has come anew: meanwhile it may have been another
   * process's. What was learned about a partition holds for one such number only. As of the last poll, or newer.
   */
  readonly assigned: ReadonlyMap<number, number>;
  /** Everything before `nextOffset` is done. Never moves backwards; without effect where the partition has gone to another process. */
  commit(topic: Topic, partition: number, nextOffset: number): Promise<void>;
  /** As of a reader, with the place of the gap. */
  onGap: ((topic: Topic, partition: number, from: number, to: number) => void) | undefined;
  /** Ends a waiting poll, which resolves with none. */
  close(): Promise<void>;
}

/** Learns which partitions are this process's. */
export interface TaskOwner {
  /** The partition is this process's from now on. */
  assigned(task: TaskLog): Promise<void>;
  /** It goes to another process, or back: resolves when its task no longer writes. */
  revoked(partition: number): Promise<void>;
}

/** The write side of one partition's task. Whoever owns it later fences this one: its commits are rejected with PermanentError `fenced`. */
export interface TaskLog {
  /** From 0; the same number in ENTRY, OK, ACTION and STATE. */
  readonly partition: number;
  /**
   * Visits the latest state of every sensor of the partition and resolves with the input positions it belongs to; before the first commit these are 0, or
   * the first records held. Rejects with TransientError, PermanentError `fenced`, and `data-format` where a newer version has written it.
   */
  restore(visit: (key: number, value: Buffer) => void): Promise<InputPositions>;
  /**
   * Reads an input of the partition, once the task is restored. It may give records before they are durable: what is committed on their account is
   * durable only together with them, and where they are lost, so is it: `poll` and `commit` reject with TransientError until the task is restored.
   */
  reader(topic: InputTopic, from: number): Promise<Reader>;
  /**
   * All or nothing, durable once it resolves: outputs (into the task's own partition of their topics), state and positions.
   * On any rejection the task must be thrown away and restored.
   */
  commit(outputs: readonly OutgoingRecord[], state: readonly StateDelta[], positions: InputPositions): Promise<void>;
}
