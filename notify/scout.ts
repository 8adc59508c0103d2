/** Searches one partition of ALARM ahead of reading in order for events of one severity, so that no backlog of lesser mails delays a grave one. */
import { setImmediate as pause } from 'node:timers/promises';
import type { Severity } from '../alarm/severity.ts';
import type { MessageLog, Reader, RecordBatch } from '../message-log/port.ts';

export class Scout {
  readonly #log: MessageLog;
  readonly #partition: number;
  readonly #severity: Severity;
  #reader: Reader | undefined;
  /** Batches that were polled and not searched yet; the first one from record `#i` on. */
  #batches: RecordBatch[] = [];
  #i = 0;

  constructor(log: MessageLog, partition: number, severity: Severity) {
    this.#log = log;
    this.#partition = partition;
    this.#severity = severity;
  }

  /**
   * Visits the records that mention the severity, perhaps not as their own, from where it has come, or from `from` if that is later; ends
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
      }
    }
  }

  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    [this.#batches, this.#i] = [[], 0];
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
    let at = -1;
    for (; this.#i < batch.length; this.#i += 1) {
      const start = batch.start(this.#i);
      if (at < start) at = batch.bytes.indexOf(this.#severity, start, 'latin1');
      if (at === -1) return false;
      if (at < batch.end(this.#i)) return true;
    }
    return false;
  }
}
