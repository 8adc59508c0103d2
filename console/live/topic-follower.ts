import { setImmediate as nextTurn } from 'node:timers/promises';
import type { From, MessageLog, Reader, RecordBatch } from '../../message-log/port.ts';
import type { Topic } from '../../records/topics.ts';
import { retryForever } from '../../runtime/backoff.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Running } from '../../runtime/lifecycle.ts';
import type { Logger } from '../../runtime/logging.ts';

export interface FollowerDeps {
  readonly log: MessageLog;
  readonly logger: Logger;
}

/** What is followed, and the callbacks. */
export interface Following {
  readonly topic: Topic;
  /** Where to begin, by partition. */
  readonly from: readonly From[];
  /** For messages: `cannot read WHAT`. */
  readonly what: string;
  /** Called with what is wrong, and with undefined once all is well. */
  readonly report: (problem: string | undefined) => void;
  readonly onBatch: (batch: RecordBatch) => void;
  /** Called when the records from `first` (included) to `end` (excluded) were removed before they were read. */
  readonly onGap: (partition: number, first: number, end: number) => void;
  /** Called when the topic was created again, and is therefore read from its beginning. */
  readonly onRecreated: (partition: number) => void;
}

export interface Follower extends Running {
  /** Resolves once everything that was in the topic at the start has been read or nothing more comes, or at a stop; rejects if following has failed for good before. */
  readonly caughtUp: Promise<void>;
}

const POLL_WAIT_MS = 250;
/** After this many polls without a record the rest is not waited for: it may belong to an open transaction. */
const SILENT_POLLS_MAX = 20;
/** Long, because new records or a stop end the wait. */
const IDLE_POLL_WAIT_MS = 5_000;

/** Reads all partitions of a topic until it is stopped. Rejects as the log does if a partition can't be opened. */
export async function followTopic(following: Following, deps: FollowerDeps): Promise<Follower> {
  const abort = new AbortController();
  const opened = await openAll(following, deps.log);
  const followed = opened.map(({ reader, next }) => ({ reader, ...follow(reader, next, following, deps, abort.signal) }));
  return {
    caughtUp: Promise.all(followed.map(({ caughtUp }) => caughtUp)).then(() => undefined),
    stop: async () => {
      abort.abort(new Error('stopping'));
      await Promise.all(followed.map(({ reader, done }) => reader.close().then(() => done)));
    },
  };
}

/** Opens readers for all partitions or none. */
async function openAll({ topic, from, onGap }: Following, log: MessageLog): Promise<{ readonly reader: Reader; readonly next: number }[]> {
  const opening = from.map(async (start, partition) => {
    const { next } = await log.bounds(topic, partition);
    const reader = await log.reader(topic, partition, start);
    reader.onGap = (first, end) => onGap(partition, first, end);
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
  { what, report, onBatch, onRecreated }: Following,
  { logger }: FollowerDeps,
  signal: AbortSignal,
) {
  let arrived = false;
  let arrive: () => void = () => undefined;
  let giveUp: (error: unknown) => void = () => undefined;
  const caughtUp = new Promise<void>((resolve, reject) => {
    arrive = () => {
      arrived = true;
      resolve();
    };
    giveUp = reject;
  });
  // So that nobody has to wait for it: the failure is logged and reported anyway.
  caughtUp.catch(() => undefined);
  const poll = (): Promise<readonly RecordBatch[]> =>
    retryForever(
      () => reader.poll(arrived ? IDLE_POLL_WAIT_MS : POLL_WAIT_MS),
      (error, attempt) => {
        report(`cannot read ${what}: ${reasonOf(error)}`);
        if (attempt === 0) logger.warn({ reason: reasonOf(error) }, `cannot read ${what}, trying again`);
      },
      signal,
    );
  const loop = async (): Promise<void> => {
    if (reader.position >= target) arrive();
    let next = 0;
    for (let silent = 0; !signal.aborted; ) {
      const batches = await poll();
      silent = batches.length === 0 ? silent + 1 : 0;
      report(undefined);
      for (const batch of batches) {
        if (batch.offset(0) < next) onRecreated(batch.partition);
        next = batch.nextOffset;
        onBatch(batch);
      }
      // So that a backlog does not starve the rest of the process.
      if (batches.length > 0) await nextTurn();
      if (reader.position >= target || silent >= SILENT_POLLS_MAX) arrive();
    }
  };
  const done = loop().then(arrive, (error: unknown) => {
    if (signal.aborted) return arrive();
    logger.error({ reason: reasonOf(error) }, `the console no longer follows ${what}`);
    report(`no longer follows ${what}: ${reasonOf(error)}`);
    giveUp(error);
  });
  return { caughtUp, done };
}
