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

/** What is followed, and who is notified. */
export interface Following {
  readonly topic: Topic;
  /** Where to begin, by partition. */
  readonly from: readonly From[];
  /** In words: `cannot read WHAT`. */
  readonly what: string;
  /** Told what is wrong, and undefined once nothing is. */
  readonly report: (problem: string | undefined) => void;
  readonly onBatch: (batch: RecordBatch) => void;
  /** Records were removed before they were read. */
  readonly onGap: (partition: number, first: number, end: number) => void;
  /** What comes now lies before what was read: the topic was made anew. */
  readonly onAnew: (partition: number) => void;
}

export interface Follower extends Running {
  /** Resolves when all that was there at the start has been seen, or at a stop; rejects where it never will be. */
  readonly caughtUp: Promise<void>;
}

const POLL_WAIT_MS = 250;
/** So many polls without a record: what is there still can't be shown yet, as in a transaction that is open. */
const SILENT_POLLS_MAX = 20;
/** Whoever has caught up is woken by what comes, and by a stop. */
const IDLE_POLL_WAIT_MS = 5_000;

/** Reads all partitions of a topic, for ever. */
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

/** All or none. */
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
  { what, report, onBatch, onAnew }: Following,
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
  // Whoever doesn't wait for it hears of it by the log.
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
        if (batch.offset(0) < next) onAnew(batch.partition);
        next = batch.nextOffset;
        onBatch(batch);
      }
      // A backlog must not keep all others of this process waiting.
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
