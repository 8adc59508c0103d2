import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { MessageLog } from '../message-log/port.ts';
import type { ReadRecord, RecordsRead } from '../message-log/records-read.ts';
import { textOf } from '../message-log/values.ts';
import { recordsBetween } from '../processor/records-between.ts';
import type { Topic } from '../records/topics.ts';
import { systemClock } from '../runtime/clock.ts';
import { Health } from '../runtime/health.ts';

/** For a log that a program opens beside the system. */
export const quietDeps = () => ({
  clock: systemClock,
  logger: pino({ level: 'silent' }),
  registry: new Registry(),
  health: new Health(),
});

/** Visits all records of a topic that are there now, partition after partition, oldest first, and closes the log. Rejects with TransientError. */
export async function visitRecords(log: MessageLog, topic: Topic, visit: (record: ReadRecord) => void): Promise<RecordsRead> {
  try {
    const first = new Map<number, number>();
    for (let partition = 0; partition < log.partitions; partition += 1) {
      const { earliest, next } = await log.bounds(topic, partition);
      if (next > earliest) first.set(partition, earliest);
      for await (const batch of recordsBetween(log, topic, partition, earliest, next))
        for (let i = 0; i < batch.length && batch.offset(i) < next; i += 1)
          visit({ partition, offset: batch.offset(i), text: textOf(batch, i) });
    }
    return { earliest: first, isWhole: true };
  } finally {
    await log.close();
  }
}
