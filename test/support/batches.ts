import type { RecordBatch } from '../../message-log/port.ts';
import type { Topic } from '../../message-log/topics.ts';

export interface TestRecord {
  readonly key: number;
  readonly at: number;
  readonly value: string;
}

/** A batch as a reader would give it, offsets from `base` on. */
export function batchOf(topic: Topic, base: number, records: readonly TestRecord[], partition = 0): RecordBatch {
  const values = records.map(({ value }) => Buffer.from(value));
  const ends: number[] = [];
  for (const value of values) ends.push((ends.at(-1) ?? 0) + value.length);
  const record = (i: number): TestRecord => {
    const found = records[i];
    if (!found) throw new RangeError(`no record ${i}`);
    return found;
  };
  return {
    topic,
    partition,
    length: records.length,
    nextOffset: base + records.length,
    bytes: Buffer.concat(values),
    key: (i) => record(i).key,
    time: (i) => record(i).at,
    offset: (i) => base + i,
    start: (i) => (i === 0 ? 0 : (ends[i - 1] ?? 0)),
    end: (i) => ends[i] ?? 0,
  };
}
