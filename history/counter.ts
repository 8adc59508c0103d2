import { Counter as PromCounter, type Registry } from 'prom-client';
import type { RecordBatch } from '../message-log/port.ts';
import { decodeRecords } from '../message-log/values.ts';
import type { ConfigOf } from '../runtime/configuration.ts';
import { reasonOf } from '../runtime/errors.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { RemovalClock } from '../runtime/removal-clock.ts';
import { type ConsumerDeps, type Done, SHARE_SURE_MS, startConsumer } from '../processor/consumer.ts';
import { parkRecord } from '../processor/dead-letters.ts';
import type { Group } from '../records/groups.ts';
import { decodeAlarmCount } from '../records/alarm-count.ts';
import { OneAtATime } from '../processor/one-at-a-time.ts';
import { removeOlder, startPeriodic } from '../processor/periodic.ts';
import { recordsBetween } from '../processor/records-between.ts';
import type { Directory } from '../directory/port.ts';
import type { historySettings } from './config.ts';
import { lookBack } from './looking-back.ts';
import { OPEN_MS, PartitionCounts, type ReadStored } from './partition-counts.ts';
import type { History } from './port.ts';
import type { Tally } from './tally.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../runtime/durations.ts';

export const COUNTER_GROUP = 'counter' satisfies Group;

export type HistoryConfig = ConfigOf<typeof historySettings>;

export interface CounterDeps extends ConsumerDeps {
  readonly history: History;
  readonly directory: Directory;
  readonly removalClock: RemovalClock;
}

const EXPIRE_EVERY_MS = HOUR_MS;

/** Counts the alarms of topic COUNT per minute, type and region into the history. */
export async function startCounter(config: HistoryConfig, deps: CounterDeps): Promise<Running> {
  const { history, logger, health } = deps;
  const counter = new AlarmCounter(deps);
  const consumer = await startConsumer(
    COUNTER_GROUP,
    ['COUNT'],
    (batch) => counter.take(batch),
    deps,
    async (assigned) => counter.share(assigned),
    () => counter.written(),
  );
  const flushing = startPeriodic(
    'counts',
    config.flushMs,
    async () => {
      await counter.flush().catch((error: unknown) => {
        health.report('counts', reasonOf(error));
        throw error;
      });
      health.report('counts', undefined);
    },
    logger,
  );
  const expiry = startPeriodic(
    'old counts',
    EXPIRE_EVERY_MS,
    (signal) => removeOlder(history, config.days * DAY_MS, deps.removalClock, signal),
    logger,
  );
  return {
    stop: async () => {
      await Promise.all([expiry.stop(), flushing.stop(), consumer.stop()]);
      // What can't be written now is rebuilt from the log at the next start.
      await counter.flush().catch((error: unknown) => logger.warn({ reason: reasonOf(error) }, 'the last counts were not written'));
    },
  };
}

/**
 * Absolute counts, exact however often records are read again: the alarms of the last hour's minutes are known by id, and whoever begins with a
 * partition first looks back over that hour, so that its minutes are whole. The position that is committed is what is written. An alarm that comes
 * more than an hour behind the newest of its partition (a clock was set back) is added to what is stored at once, and left out when it is read again
 * after a restart: of these few, those written to the log around the death of a process may be missing.
 */
export class AlarmCounter {
  readonly #deps: CounterDeps;
  readonly #partitions = new Map<number, PartitionCounts>();
  readonly #writes = new OneAtATime();
  #shared: ReadonlyMap<number, number> = new Map();
  #sharedAt = Number.POSITIVE_INFINITY;
  readonly #firstLook: number | undefined;
  readonly #metrics: ReturnType<typeof metricsOf>;

  /** `firstLook`: how many records it looks back at first. */
  constructor(deps: CounterDeps, firstLook?: number) {
    this.#deps = deps;
    this.#firstLook = firstLook;
    this.#metrics = metricsOf(deps.registry);
  }

  /** Forgets partitions that went away: they are their new owner's now. Call it again and again. */
  share(assigned: ReadonlyMap<number, number>): void {
    for (const [partition, term] of this.#shared) if (assigned.get(partition) !== term) this.#partitions.delete(partition);
    this.#shared = assigned;
    this.#sharedAt = performance.now();
  }

  /** Resolves with the position up to which all is written. */
  async take(batch: RecordBatch): Promise<number> {
    const counts = await this.#countsOf(batch);
    const { read, unreadable } = decodeRecords(batch, decodeAlarmCount);
    let late = 0;
    for (const { i, value } of read) if (await counts.take(value, batch.offset(i), (sensor) => this.#regionOf(sensor))) late += 1;
    await this.#closeDue(counts);
    for (const { i, problem } of unreadable) await this.#park(batch, i, problem);
    this.#metrics.late.inc(late);
    counts.next = batch.nextOffset;
    return counts.writtenTo;
  }

  /** What has been written since, by partition. */
  *written(): Generator<Done> {
    for (const [partition, counts] of this.#partitions) yield { topic: 'COUNT', partition, next: counts.writtenTo };
  }

  async #closeDue(counts: PartitionCounts): Promise<void> {
    const due = counts.due();
    // Once more, whatever was written last: another process that had the partition before may have woken up late.
    for (const tally of due) tally.again();
    if (due.length > 0) await this.flush();
    // A share that is not sure any more keeps them from being written: then they stay open, and the position before what isn't written.
    counts.close(due.filter(({ changed }) => !changed));
  }

  /** Writes what has changed. */
  flush(): Promise<void> {
    return this.#writes.run(async () => {
      // A process that was stopped for a while must ask first whether the partitions are still its own.
      if (performance.now() - this.#sharedAt > SHARE_SURE_MS) return;
      const written: Tally[] = [];
      const rows = [...this.#partitions.values()].flatMap((counts) =>
        counts.changed().flatMap((tally) => {
          tally.writing();
          written.push(tally);
          return tally.rows(counts.partition);
        }),
      );
      let well = false;
      try {
        if (rows.length > 0) await this.#deps.history.writeCounts(rows);
        well = true;
      } finally {
        for (const tally of written) tally.wrote(well);
      }
    });
  }

  /** A partition that is read again from before was another process's meanwhile: what is known of it is out of date. */
  async #countsOf(batch: RecordBatch): Promise<PartitionCounts> {
    const { partition } = batch;
    const known = this.#partitions.get(partition);
    if (known && batch.offset(0) >= known.next) return known;
    const { log, history } = this.#deps;
    const isNew = (await log.committed(COUNTER_GROUP, 'COUNT', partition)) === undefined;
    const readBefore = isNew ? 0 : (await log.bounds('COUNT', partition)).next;
    const stored: ReadStored = async (minute, type) =>
      (await history.counts(minute, minute + MINUTE_MS, type)).filter((count) => count.partition === partition);
    const counts = new PartitionCounts(partition, stored, readBefore);
    await this.#rebuild(counts, batch.offset(0));
    this.#partitions.set(partition, counts);
    return counts;
  }

  /** The minutes that were open before `end`, whole. What could not be read was parked then. */
  async #rebuild(counts: PartitionCounts, end: number): Promise<void> {
    const { log } = this.#deps;
    // A minute's records may lie among those of an hour later, and these among others' of an hour before.
    const back = await lookBack(log, 'COUNT', counts.partition, end, 2 * OPEN_MS, this.#firstLook);
    if (!back) return;
    const firstMinute = Math.floor(back.newest / MINUTE_MS) * MINUTE_MS - OPEN_MS;
    for await (const batch of recordsBetween(log, 'COUNT', counts.partition, back.from, end))
      for (const { i, value } of decodeRecords(batch, decodeAlarmCount).read)
        if (batch.offset(i) < end && value.at >= firstMinute) await counts.take(value, batch.offset(i), (sensor) => this.#regionOf(sensor));
    counts.next = end;
  }

  async #regionOf(sensor: number): Promise<string> {
    return (await this.#deps.directory.find(sensor))?.region ?? '';
  }

  async #park(batch: RecordBatch, i: number, problem: string): Promise<void> {
    await parkRecord(this.#deps.log, batch, i, problem, COUNTER_GROUP);
    this.#metrics.parked.inc();
    this.#deps.logger.error({ partition: batch.partition, offset: batch.offset(i), problem }, 'a count could not be read and was parked');
  }
}

function metricsOf(registry: Registry) {
  const registers = [registry];
  return {
    parked: new PromCounter({ name: 'tocsin_counts_parked_total', help: 'Counts that could not be read; each is in DEAD', registers }),
    late: new PromCounter({
      name: 'tocsin_counts_late_total',
      help: 'Alarms counted more than an hour behind the newest of their partition',
      registers,
    }),
  };
}
