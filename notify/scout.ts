/** Searches one partition of ALARM ahead of reading in order for events of one lane, so that no backlog of lesser mails delays a grave one. */
import { setImmediate as pause } from 'node:timers/promises';
import type { Lane } from '../alarm/lane.ts';
import type { MessageLog, Reader, RecordBatch } from '../message-log/port.ts';

/** Of a quarantined alarm, in its JSON. A reading that is quoted there can't hold it, since its quotes are escaped. */
const MARK = '"quarantined":true';

export class Scout {
  readonly #log: MessageLog;
  readonly #partition: number;
  readonly #lane: Lane;
  #reader: Reader | undefined;
  /** Batches that were polled and not searched yet; the first one from record `#i` on. */
  #batches: RecordBatch[] = [];
  #i = 0;
  /** Where the next mark is in the first batch, from the current record on or before it. */
  #mark = -1;

  constructor(log: MessageLog, partition: number, lane: Lane) {
    this.#log = log;
    this.#partition = partition;
    this.#lane = lane;
  }

  /**
   * Visits the records that may belong to the lane, from where it has come, or from `from` if that is later; ends
   * when there are no more records, or `hasRoom` returns false. Rejects as a reader does; it may be called again then.
   */
  async advance(from: number, hasRoom: () => boolean, visit: (batch: RecordBatch, i: number) => void): Promise<void> {
    while (hasRoom()) {
      const [batch] = this.#batches;
      if (!batch) {
        if (!(await this.#more(from))) return;
      } else if (this.#find(batch)) {
        if (batch.offset(this.#i) >= from) visit(batch, this.#i);
        this.#i += 1;
      } else {
        this.#batches.shift();
        this.#i = 0;
        this.#mark = -1;
      }
    }
  }

  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    [this.#batches, this.#i, this.#mark] = [[], 0, -1];
    await reader?.close();
  }

  async #more(from: number): Promise<boolean> {
    try {
      if (this.#reader && this.#reader.position < from) await this.close();
      // Gives the rest of the process its turns during a long backlog.
      else if (this.#reader) await pause();
      this.#reader ??= await this.#log.reader('ALARM', this.#partition, from);
      this.#batches = [...(await this.#reader.poll(0))];
    } catch (error) {
      await this.close();
      throw error;
    }
    return this.#batches.length > 0;
  }

  /** Moves to the next record that contains the word: a search through bytes, since nearly all records are skipped. */
  #find(batch: RecordBatch): boolean {
    const word = this.#lane === 'QUARANTINED' ? MARK : this.#lane;
    let at = -1;
    for (; this.#i < batch.length; this.#i += 1) {
      const start = batch.start(this.#i);
      if (at < start) at = batch.bytes.indexOf(word, start, 'latin1');
      if (at === -1) return false;
      if (at < batch.end(this.#i) && (word === MARK || !this.#isMarked(batch))) return true;
    }
    return false;
  }

  /** Whether the current record is of a quarantined alarm: there may be many of them, which needn't be decoded. */
  #isMarked(batch: RecordBatch): boolean {
    const start = batch.start(this.#i);
    if (this.#mark < start) {
      const found = batch.bytes.indexOf(MARK, start, 'latin1');
      this.#mark = found === -1 ? Number.POSITIVE_INFINITY : found;
    }
    return this.#mark < batch.end(this.#i);
  }
}
