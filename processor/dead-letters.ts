/** Dead letters: what could not be handled is kept, with its reason, for a person to look at. */
import { oneRecord } from '../message-log/one-record.ts';
import type { MessageLog, RecordBatch } from '../message-log/port.ts';
import { type DeadLetter, deadLetter } from '../records/dead-letter.ts';

/** The letter about record i of a batch. */
export function letterAbout(batch: RecordBatch, i: number, reason: string, by: string): DeadLetter {
  const value = batch.bytes.subarray(batch.start(i), batch.end(i));
  const { topic, partition } = batch;
  return deadLetter({ topic, partition, offset: batch.offset(i) }, batch.time(i), value, reason, by);
}

/** The letter about a sensor whose stored state is damaged: it says so, and holds nothing of it. */
export function letterAboutState(sensor: number, partition: number, at: number): DeadLetter {
  const reason = `the stored state of sensor ${sensor} is damaged; it was replaced, and the sensor begins anew`;
  return deadLetter({ topic: 'STATE', partition, offset: 0 }, at, Buffer.alloc(0), reason, 'processor');
}

/** Puts record i of a batch among the dead letters. Durable once it resolves; rejects like an append. A record that is read again is parked again. */
export async function parkRecord(log: MessageLog, batch: RecordBatch, i: number, reason: string, by: string): Promise<void> {
  await park(log, batch.key(i), batch.time(i), letterAbout(batch, i, reason, by));
}

/** Writes a dead letter. Durable once it resolves; rejects like an append. */
export async function park(log: MessageLog, sensor: number, at: number, letter: DeadLetter): Promise<void> {
  await log.append('DEAD', oneRecord(sensor, JSON.stringify(letter)), at);
}
