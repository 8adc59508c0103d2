import type { Decoded } from '../records/json.ts';
import type { RecordBatch } from './port.ts';

export interface UnreadableRecord {
  /** Which one of the batch. */
  readonly i: number;
  readonly problem: string;
}

export function textOf(batch: RecordBatch, i: number): string {
  return batch.bytes.toString('utf8', batch.start(i), batch.end(i));
}

/** The records of a batch that are of interest, apart from those that can't be read. */
export function decodeRecords<T>(batch: RecordBatch, decode: (text: string) => Decoded<T>) {
  const read: { readonly i: number; readonly value: T }[] = [];
  const unreadable: UnreadableRecord[] = [];
  for (let i = 0; i < batch.length; i += 1) {
    const { value, problem } = decode(textOf(batch, i));
    if (problem !== undefined) unreadable.push({ i, problem });
    else if (value !== undefined) read.push({ i, value });
  }
  return { read, unreadable };
}
