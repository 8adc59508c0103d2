import type { RecordBatch } from '../port.ts';
import { closed, lost } from './faults.ts';
import { outside } from './left-out.ts';
import type { Follower, PartitionLog } from './partition-log.ts';

/** One poll returns at most this much, but at least one batch, so that a backlog doesn't block the event loop. */
const MAX_POLL_BYTES = 1024 * 1024;
const MAX_POLL_RECORDS = 10_000;

/** A reading position in one partition. */
export class Cursor implements Follower {
  readonly log: PartitionLog;
  readonly ahead: boolean;
  position: number;
  onGap: ((from: number, to: number) => void) | undefined;
  readonly #onWake: () => void;
  readonly #losses: number;

  constructor(log: PartitionLog, position: number, ahead: boolean, onWake: () => void) {
    this.log = log;
    this.ahead = ahead;
    this.#losses = log.losses;
    this.position = position;
    this.#onWake = onWake;
    log.followers.add(this);
  }

  wake(): void {
    this.#onWake();
  }

  /** The next batch, or undefined at the end of the log. Throws TransientError if records that it may have read ahead were lost. */
  next(): RecordBatch | undefined {
    if (this.ahead && this.log.losses !== this.#losses) throw lost();
    this.#passTo(this.log.earliest);
    const end = this.ahead ? this.log.sealed : this.log.next;
    while (this.position < end) {
      const { batch, next } = this.log.read(this.position, end);
      if (batch) {
        this.#passTo(batch.offset(0));
        this.position = next;
        return batch;
      }
      this.#passTo(next);
    }
    return undefined;
  }

  #passTo(offset: number): void {
    const from = this.position;
    if (offset <= from) return;
    this.position = offset;
    for (const gap of outside(this.log.leftOut, from, offset)) this.onGap?.(gap.from, gap.to);
  }
}

/** Reads one or more partitions in turn, and waits for the first to have records. */
export class Poller {
  #cursors: readonly Cursor[] = [];
  #turn = 0;
  #wake: (() => void) | undefined;
  #closed = false;

  /** `position` returns where each cursor begins; `ahead`: also reads records that are not on disk yet. */
  constructor(logs: readonly PartitionLog[], position: (log: PartitionLog) => number, ahead = false) {
    this.#cursors = logs.map((log) => new Cursor(log, position(log), ahead, () => this.#wake?.()));
  }

  get cursors(): readonly Cursor[] {
    return this.#cursors;
  }

  async poll(waitMs: number): Promise<readonly RecordBatch[]> {
    if (this.#closed) throw closed();
    const batches = this.#read();
    if (batches.length > 0 || waitMs <= 0) return batches;
    await this.#more(waitMs);
    return this.#closed ? [] : this.#read();
  }

  close(): void {
    this.#closed = true;
    for (const cursor of this.#cursors) cursor.log.followers.delete(cursor);
    this.#wake?.();
  }

  #more(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), waitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #read(): RecordBatch[] {
    const batches: RecordBatch[] = [];
    let bytes = 0;
    let records = 0;
    const { length } = this.#cursors;
    for (let done = 0; done < length && bytes < MAX_POLL_BYTES && records < MAX_POLL_RECORDS; ) {
      const batch = this.#cursors[this.#turn]?.next();
      if (batch) {
        batches.push(batch);
        bytes += batch.bytes.length;
        records += batch.length;
      } else {
        done += 1;
        this.#turn = (this.#turn + 1) % length;
      }
    }
    this.#turn = (this.#turn + 1) % length;
    return batches;
  }
}
