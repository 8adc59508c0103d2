import type { RecordBatch } from '../../message-log/port.ts';
import type { Topic } from '../../records/topics.ts';

export interface TestRecord {
  readonly key: number;
  readonly at: number;
  readonly value: string;
}

/** A batch as a reader would give it, with offsets from `base` on. */
export function batchOf(topic: Topic, base: number, records: readonly TestRecord[], partition = 0): RecordBatch {
  return new TestBatch(topic, partition, base, records);
}

class TestBatch implements RecordBatch {
  readonly topic: Topic;
  readonly partition: number;
  readonly bytes: Buffer;
  readonly #base: number;
  readonly #records: readonly TestRecord[];
  readonly #ends: number[] = [];

  constructor(topic: Topic, partition: number, base: number, records: readonly TestRecord[]) {
    this.topic = topic;
    this.partition = partition;
    this.#base = base;
    this.#records = records;
    const values = records.map(({ value }) => Buffer.from(value));
    for (const value of values) this.#ends.push((this.#ends.at(-1) ?? 0) + value.length);
    this.bytes = Buffer.concat(values);
  }

  get length(): number {
    return this.#records.length;
  }

  get nextOffset(): number {
    return this.#base + this.#records.length;
  }

  key(i: number): number {
    return this.#record(i).key;
  }

  time(i: number): number {
    return this.#record(i).at;
  }

  offset(i: number): number {
    return this.#base + i;
  }

  start(i: number): number {
    return i === 0 ? 0 : (this.#ends[i - 1] ?? 0);
  }

  end(i: number): number {
    return this.#ends[i] ?? 0;
  }

  #record(i: number): TestRecord {
    const found = this.#records[i];
    if (!found) throw new RangeError(`no record ${i}`);
    return found;
  }
}
