import type { AlarmEvent } from '../../alarm/alarm.ts';
import type { From, MessageLog, Reader, RecordBatch } from '../../message-log/port.ts';
import { retryForever } from '../../runtime/backoff.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Running } from '../../runtime/lifecycle.ts';
import type { Logger } from '../../runtime/logging.ts';

export interface FollowerDeps {
  readonly log: MessageLog;
  readonly logger: Logger;
  readonly health: Health;
}

/** A stop waits this long at most. */
const POLL_WAIT_MS = 250;
/** So many polls without an event: what is there still can't be shown yet, as in a transaction that is open. */
const SILENT_POLLS_MAX = 20;
const PART = 'console';

/** Where the archive has come to: what lies before is in it, what lies behind has still to be read. */
export async function archivedPositions(log: MessageLog, archiveGroup: string): Promise<From[]> {
  const partitions = Array.from({ length: log.partitions }, (_, partition) => partition);
  return Promise.all(partitions.map(async (partition) => (await log.committed(archiveGroup, 'ALARM', partition)) ?? 'earliest'));
}

/** Reads topic ALARM from `from` on, for ever. `caughtUp` resolves when all that was there at the start has been seen. */
export async function followAlarms(
  from: readonly From[],
  onEvents: (events: readonly AlarmEvent[]) => void,
  deps: FollowerDeps,
): Promise<Running & { readonly caughtUp: Promise<void> }> {
  const abort = new AbortController();
  const opened = await openAll(from, deps);
  const followed = opened.map(({ reader, next }) => ({ reader, ...follow(reader, next, onEvents, deps, abort.signal) }));
  return {
    caughtUp: Promise.all(followed.map(({ caughtUp }) => caughtUp)).then(() => undefined),
    stop: async () => {
      abort.abort(new Error('stopping'));
      await Promise.all(followed.map(({ reader, done }) => done.finally(() => reader.close())));
    },
  };
}

/** All or none. */
async function openAll(
  from: readonly From[],
  { log, logger }: FollowerDeps,
): Promise<{ readonly reader: Reader; readonly next: number }[]> {
  const opening = from.map(async (start, partition) => {
    const { next } = await log.bounds('ALARM', partition);
    const reader = await log.reader('ALARM', partition, start);
    reader.onGap = (first, end) =>
      logger.warn({ partition, first, end }, 'alarm events were removed by retention before the console read them');
    return { reader, next };
  });
  return Promise.all(opening).catch(async (error: unknown) => {
    for (const opened of await Promise.allSettled(opening)) if (opened.status === 'fulfilled') await opened.value.reader.close();
    throw error;
  });
}

function follow(
  reader: Reader,
  target: number,
  onEvents: (events: readonly AlarmEvent[]) => void,
  deps: FollowerDeps,
  signal: AbortSignal,
) {
  let arrived: () => void = () => undefined;
  const caughtUp = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const poll = (): Promise<readonly RecordBatch[]> =>
    retryForever(
      () => reader.poll(POLL_WAIT_MS),
      (error, attempt) => {
        deps.health.report(PART, `cannot read alarms: ${reasonOf(error)}`);
        if (attempt === 0) deps.logger.warn({ reason: reasonOf(error) }, 'cannot read alarms, trying again');
      },
      signal,
    );
  const loop = async (): Promise<void> => {
    if (reader.position >= target) arrived();
    for (let silent = 0; !signal.aborted; ) {
      const batches = await poll();
      silent = batches.length === 0 ? silent + 1 : 0;
      deps.health.report(PART, undefined);
      for (const batch of batches) onEvents(eventsOf(batch, deps.logger));
      if (reader.position >= target || silent >= SILENT_POLLS_MAX) arrived();
    }
  };
  const done = loop().catch((error: unknown) => {
    if (signal.aborted) return;
    deps.logger.error({ reason: reasonOf(error) }, 'the console no longer follows the alarms');
    deps.health.report(PART, `no longer follows the alarms: ${reasonOf(error)}`);
  });
  return { caughtUp, done };
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
