import type { AlarmEvent } from '../../alarm/alarm.ts';
import type { From, MessageLog, RecordBatch } from '../../message-log/port.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { type Follower, type FollowerDeps, followTopic } from './topic-follower.ts';

/** So many events are read once more, for the outcomes of actions that somebody may still ask for after a restart. */
const READ_AGAIN = 1_000;

/** Where the archive has come to: what lies before is in it, what lies behind has still to be read. A little of what lies before is read too. */
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

function eventsOf(batch: RecordBatch, logger: Logger): AlarmEvent[] {
  const events: AlarmEvent[] = [];
  for (let i = 0; i < batch.length; i += 1) {
    try {
      events.push(eventOf(JSON.parse(batch.bytes.toString('utf8', batch.start(i), batch.end(i)))));
    } catch {
      // The archiver parks it with its bytes; here it is only left out.
      logger.warn({ partition: batch.partition, offset: batch.offset(i) }, 'an alarm event cannot be read');
    }
  }
  return events;
}

/** Checks as much of it as keeps a record by another hand from stopping the console. */
function eventOf(value: unknown): AlarmEvent {
  const { event, at, alarm } = value as Partial<AlarmEvent>;
  const whole =
    typeof alarm === 'object' && typeof alarm.id === 'string' && Number.isInteger(alarm.version) && Array.isArray(alarm.evidence);
  if (typeof event !== 'string' || !Number.isFinite(at) || !(whole || (event === 'refused' && alarm === undefined)))
    throw new TypeError('not an alarm event');
  return value as AlarmEvent;
}
