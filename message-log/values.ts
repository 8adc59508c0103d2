import type { Decoded } from '../records/json.ts';
import type { RecordBatch } from './port.ts';

export interface UnreadableRecord {
  /** Its index in the batch. */
  readonly i: number;
  readonly problem: string;
}

/** The value of record i, decoded as UTF-8. */
export function textOf(batch: RecordBatch, i: number): string {
  return batch.bytes.toString('utf8', batch.start(i), batch.end(i));
}

/** Decodes a batch: the records that `decode` gives a value for, from their text and key, and those that can't be read with the reason. Others are left out. */
export function decodeRecords<T>(batch: RecordBatch, decode: (text: string, key: number) => Decoded<T>) {
  const read: { readonly i: number; readonly value: T }[] = [];
  const unreadable: UnreadableRecord[] = [];
  for (let i = 0; i < batch.length; i += 1) {
    const { value, problem } = decode(textOf(batch, i), batch.key(i));
    if (problem !== undefined) unreadable.push({ i, problem });
    else if (value !== undefined) read.push({ i, value });
  }
  return { read, unreadable };
}
