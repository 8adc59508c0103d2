/** Finds out how much of a partition to read again before the position where reading continues, for consumers that store no state. */
import type { MessageLog } from '../message-log/port.ts';
import type { Topic } from '../records/topics.ts';
import { recordsBetween } from '../processor/records-between.ts';

export interface LookBack {
  /** Offset. */
  readonly from: number;
  /** Time of the newest record before the end, epoch ms. */
  readonly newest: number;
}

const FIRST_LOOK_RECORDS = 1_000;

/**
 * An offset after which lie all records before `end` that are less than `spanMs` older than the newest of them; not much earlier than needed.
 * Undefined: there are no records before `end`. Rejects with TransientError.
 */
export async function lookBack(
  log: MessageLog,
  topic: Topic,
  partition: number,
  end: number,
  spanMs: number,
  firstLook = FIRST_LOOK_RECORDS,
): Promise<LookBack | undefined> {
  const { earliest } = await log.bounds(topic, partition);
  let newest: number | undefined;
  for (let records = firstLook; ; records *= 4) {
    const from = Math.max(earliest, end - records);
    const known = newest;
    let first: number | undefined;
    for await (const batch of recordsBetween(log, topic, partition, from, end)) {
      first ??= batch.time(0);
      if (known !== undefined) break;
      for (let i = 0; i < batch.length && batch.offset(i) < end; i += 1) newest = Math.max(newest ?? batch.time(i), batch.time(i));
    }
    const isFarEnough = newest !== undefined && first !== undefined && first < newest - spanMs;
    if (isFarEnough || from === earliest) return newest === undefined ? undefined : { from, newest };
  }
}
