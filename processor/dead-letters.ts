import type { MessageLog, RecordBatch } from '../message-log/port.ts';
import type { DeadLetter } from '../records/dead-letter.ts';

const VALUE_LENGTH_MAX = 65_536;

/** Puts record i of a batch among the dead letters. Durable once it resolves; rejects like an append. Read again, it is parked again. */
export async function parkRecord(log: MessageLog, batch: RecordBatch, i: number, reason: string, by: string): Promise<void> {
  const { topic, partition } = batch;
  const at = batch.time(i);
  const value = batch.bytes.toString('utf8', batch.start(i), Math.min(batch.end(i), batch.start(i) + VALUE_LENGTH_MAX));
  const letter: DeadLetter = { topic, partition, offset: batch.offset(i), at, reason, by, value };
  const bytes = Buffer.from(JSON.stringify(letter));
  await log.append('DEAD', { length: 1, bytes, keys: [batch.key(i)], starts: [0], ends: [bytes.length] }, at);
}
