import type { AlarmEvent } from '../../alarm/alarm.ts';
import type { From, MessageLog, RecordBatch } from '../../message-log/port.ts';
import { decodeRecords } from '../../message-log/values.ts';
import { decodeAlarmEvent } from '../../records/alarm-event.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { type Follower, type FollowerDeps, followTopic } from './topic-follower.ts';

/** This many archived events are read again, so that the outcomes of recent actions are known after a restart. */
const READ_AGAIN = 1_000;

/** Where to start reading, by partition: shortly before the archive's position, since events before that position are stored in the archive. */
export async function archivedPositions(log: MessageLog, archiveGroup: string): Promise<From[]> {
  const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
  return Promise.all(
    partitions.map(async (partition): Promise<From> => {
      const archived = await log.committed(archiveGroup, 'ALARM', partition);
      if (archived === undefined) return 'earliest';
      const { earliest } = await log.bounds('ALARM', partition);
      return Math.max(Math.min(earliest, archived), archived - READ_AGAIN);
    }),
  );
}

/** Reads topic ALARM from `from` on until it is stopped. */
export function followAlarms(
  from: readonly From[],
  onEvents: (events: readonly AlarmEvent[]) => void,
  deps: FollowerDeps & { readonly health: Health },
): Promise<Follower> {
  const { health, logger } = deps;
  return followTopic(
    {
      topic: 'ALARM',
      from,
      what: 'the alarms',
      report: (problem) => health.report('console', problem),
      onBatch: (batch) => onEvents(eventsOf(batch, logger)),
      onGap: (partition, first, end) =>
        logger.warn({ partition, first, end }, 'alarm events were removed from the log before the console read them'),
      // Open alarms stay open: the archive and the tasks still have them.
      onRecreated: (partition) => logger.error({ partition }, 'topic ALARM was created again: it is read from its beginning'),
    },
    deps,
  );
}

function eventsOf(batch: RecordBatch, logger: Logger): readonly AlarmEvent[] {
  const { read, unreadable } = decodeRecords(batch, decodeAlarmEvent);
  // The archiver parks such a record with its bytes, so it is only logged here.
  for (const { i, problem } of unreadable)
    logger.warn({ partition: batch.partition, offset: batch.offset(i), problem }, 'an alarm event cannot be read');
  return read.map(({ value }) => value);
}
