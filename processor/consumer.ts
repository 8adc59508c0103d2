import type { Counter, Registry } from 'prom-client';
import { Counter as PromCounter } from 'prom-client';
import type { MessageLog, RecordBatch } from '../message-log/port.ts';
import type { Group } from '../records/groups.ts';
import type { Topic } from '../records/topics.ts';
import { retryForever } from '../runtime/backoff.ts';
import { reasonOf, retriable } from '../runtime/errors.ts';
import { orStopped } from '../runtime/or-stopped.ts';
import type { Health } from '../runtime/health.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logging.ts';

export interface ConsumerDeps {
  readonly log: MessageLog;
  readonly logger: Logger;
  readonly health: Health;
  readonly registry: Registry;
  /** Resolves once this process would raise and mail a fire: the consumer begins to read only then. Undefined: at once. */
  readonly fireReady?: Promise<void> | undefined;
}

/**
 * Does the work of one batch; its effects must be repeatable. Resolves with the position up to which everything is done (undefined: the end of the
 * batch). If it rejects, it is called again with the same batch, for ever: records that can never succeed are the handler's to park.
 */
export type BatchHandler = (batch: RecordBatch) => Promise<number | undefined>;

/**
 * Called after every poll, before its batches are handled, with the partitions that belong to this process (see Subscription.assigned). If it
 * rejects, it is called again, for ever. While it isn't called, other processes may have the partitions.
 */
export type ShareHandler = (assigned: ReadonlyMap<number, number>) => Promise<void>;

/** Everything before `next` is done. */
export interface Done {
  readonly topic: Topic;
  readonly partition: number;
  readonly next: number;
}

/** Called after every poll, for handlers whose work ends some time after they have returned: what is done by now. */
export type DoneLater = () => Iterable<Done>;

/** For this long after the last call a process may rely on its share: it takes longer until another process is given it. */
export const SHARE_SURE_MS = 5_000;

const POLL_WAIT_MS = 500;

/** Runs a named consumer, at least once per record, until stopped. An outage behind `handle` is reported to health and waited out. */
export async function startConsumer(
  group: Group,
  topics: readonly Topic[],
  handle: BatchHandler,
  deps: ConsumerDeps,
  onShare?: ShareHandler,
  doneLater: DoneLater = () => [],
): Promise<Running> {
  const logger = deps.logger.child({ consumer: group });
  const subscription = await deps.log.subscribe(group, topics);
  subscription.onGap = (topic, partition, from, to) =>
    logger.error({ topic, partition, from, to }, 'records were gone before they were read: removed by retention, or damaged');
  const abort = new AbortController();
  const failures = failureCounter(deps.registry);

  const retry = <T>(work: () => Promise<T>): Promise<T> =>
    retryForever(
      // Handlers park records that can never be handled; any other error is an outage or a bug, and worth another attempt.
      () => work().catch((error: unknown) => Promise.reject(retriable(error))),
      (error, attempt) => {
        failures.inc({ consumer: group });
        deps.health.report(group, reasonOf(error));
        if (attempt === 0) logger.warn({ reason: reasonOf(error) }, 'cannot go on, trying again');
      },
      abort.signal,
    );

  let idle = false;
  const poll = async (): Promise<readonly RecordBatch[]> => {
    idle = true;
    const batches = await retry(() => subscription.poll(POLL_WAIT_MS));
    idle = false;
    if (onShare) await retry(() => onShare(subscription.assigned));
    for (const { topic, partition, next } of doneLater()) await retry(() => subscription.commit(topic, partition, next));
    // Records of a partition that went away meanwhile are its new owner's.
    return batches.filter(({ partition }) => subscription.assigned.has(partition));
  };
  const work = async (batch: RecordBatch): Promise<void> => {
    const done = (await retry(() => handle(batch))) ?? batch.nextOffset;
    const keep = (): Promise<void> => subscription.commit(batch.topic, batch.partition, done);
    // Also when stopping, so that the work isn't done again; but then only once.
    await (abort.signal.aborted ? keep() : retry(keep));
    deps.health.report(group, undefined);
  };
  const loop = orStopped(deps.fireReady ?? Promise.resolve(), abort.signal).then(() => run(poll, work, abort.signal));
  return {
    stop: async () => {
      abort.abort(new Error('stopping'));
      // Ends a waiting poll; a batch in hand is finished first.
      if (idle) await subscription.close();
      await loop;
      await subscription.close();
    },
  };
}

async function run(
  poll: () => Promise<readonly RecordBatch[]>,
  work: (batch: RecordBatch) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const batch of await poll()) {
        if (signal.aborted) return;
        await work(batch);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

function failureCounter(registry: Registry): Counter<'consumer'> {
  const name = 'tocsin_consumer_failures_total';
  return (
    (registry.getSingleMetric(name) as Counter<'consumer'> | undefined) ??
    new PromCounter({ name, help: 'Attempts of a consumer that failed and are retried', labelNames: ['consumer'], registers: [registry] })
  );
}
