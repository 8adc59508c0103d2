import type { Counter, Registry } from 'prom-client';
import { Counter as PromCounter } from 'prom-client';
import type { MessageLog, RecordBatch } from '../message-log/port.ts';
import type { Group } from '../records/groups.ts';
import type { Topic } from '../records/topics.ts';
import { retryForever } from '../runtime/backoff.ts';
import { reasonOf, retriable } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logging.ts';

export interface ConsumerDeps {
  readonly log: MessageLog;
  readonly logger: Logger;
  readonly health: Health;
  readonly registry: Registry;
}

/**
 * Does the work of one batch; its effects must be repeatable. Resolves with the position up to which all is done
 * (undefined: the batch's end). Whatever it throws is retried for ever with the same batch, so what can never succeed is the handler's to park.
 */
export type BatchHandler = (batch: RecordBatch) => Promise<number | undefined>;

/**
 * Told after every poll, before its batches are handled, which partitions are this process's now (see Subscription.assigned). Whatever it
 * throws is retried for ever. As long as it isn't called, nobody knows: another process may have them.
 */
export type ShareHandler = (assigned: ReadonlyMap<number, number>) => Promise<void>;

/** Everything before `next` is done. */
export interface Done {
  readonly topic: Topic;
  readonly partition: number;
  readonly next: number;
}

/** Asked after every poll, for a handler whose work is done some time after it has returned. */
export type DoneLater = () => Iterable<Done>;

/** For this long after the last call a process may rely on its share: it takes longer until another process is given it. */
export const SHARE_SURE_MS = 5_000;

const POLL_WAIT_MS = 500;

/** Runs a named consumer, at least once, until stopped. An outage behind `handle` shows in health and is waited out. */
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
      // A record that can never be handled is the handler's to park; whatever arrives here is an outage or a bug, and worth another attempt.
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
    // What was polled of a partition that went away meanwhile is its new owner's.
    return batches.filter(({ partition }) => subscription.assigned.has(partition));
  };
  const work = async (batch: RecordBatch): Promise<void> => {
    const done = (await retry(() => handle(batch))) ?? batch.nextOffset;
    const keep = (): Promise<void> => subscription.commit(batch.topic, batch.partition, done);
    // When stopping too, or what was just done would be done again; then there is one try.
    await (abort.signal.aborted ? keep() : retry(keep));
    deps.health.report(group, undefined);
  };
  const loop = run(poll, work, abort.signal);
  return {
    stop: async () => {
      abort.abort(new Error('stopping'));
      // Ends a poll that waits; what is in hand is finished first.
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
