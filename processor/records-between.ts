import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MessageLog, RecordBatch } from '../message-log/port.ts';
import type { Topic } from '../records/topics.ts';
import { TransientError } from '../runtime/errors.ts';

const POLL_WAIT_MS = 500;
const SILENT_POLLS_MAX = 20;

/**
 * The batches that begin in [from, end), the last of which may reach beyond `end`; each is valid until the next one is asked for. Rejects with
 * TransientError if the log gives nothing for long, or is closed.
 */
export async function* recordsBetween(
  log: Pick<MessageLog, 'reader'>,
  topic: Topic,
  partition: number,
  from: number,
  end: number,
): AsyncGenerator<RecordBatch> {
  if (from >= end) return;
  const reader = await log.reader(topic, partition, from);
  try {
    for (let silent = 0; reader.position < end; ) {
      const { position } = reader;
      const batches = await reader.poll(POLL_WAIT_MS);
      // A store in this process answers at once: without a pause nothing else would run until the end.
      await nextTurn();
      // The position also moves past records that aren't shown, such as those of an aborted transaction.
      silent = reader.position === position ? silent + 1 : 0;
      if (silent > SILENT_POLLS_MAX) throw new TransientError('log-unavailable', `${topic}/${partition} can't be read up to ${end}`);
      yield* batches.filter((batch) => batch.offset(0) < end);
    }
  } finally {
    await reader.close();
  }
}
