import type { AlarmEvent } from '../../alarm/alarm.ts';
import type { From, MessageLog, RecordBatch } from '../../message-log/port.ts';
import { decodeRecords } from '../../message-log/values.ts';
import { decodeAlarmEvent } from '../../records/alarm-event.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { type Follower, type FollowerDeps, followTopic } from './topic-follower.ts';

/** Events that are read once more, for the outcomes of actions that somebody may still ask for after a restart. */
const READ_AGAIN = 1_000;

/** The archive's positions: older events are stored in it, later ones have to be read from the log. A few of the older ones are read too. */
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

/** Reads topic ALARM from `from` on, for ever. */
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
      // Alarms that were open stay so: the archive and the tasks still have them.
      onAnew: (partition) => logger.error({ partition }, 'topic ALARM was made anew: it is read from its beginning'),
    },
    deps,
  );
}

function eventsOf(batch: RecordBatch, logger: Logger): readonly AlarmEvent[] {
  const { read, unreadable } = decodeRecords(batch, decodeAlarmEvent);
  // The archiver parks it with its bytes; here it is only left out.
  for (const { i, problem } of unreadable)
    logger.warn({ partition: batch.partition, offset: batch.offset(i), problem }, 'an alarm event cannot be read');
  return read.map(({ value }) => value);
}
