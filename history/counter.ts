import { setImmediate as nextTurn } from 'node:timers/promises';
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
/** Takes a few milliseconds. */
const LOOKED_UP_PER_TURN = 200;

/** Writes to the history how many alarms of topic COUNT were raised per minute, type and region. */
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
      // Counts that can't be written now are rebuilt from the log at the next start.
      await counter.flush().catch((error: unknown) => logger.warn({ reason: reasonOf(error) }, 'the last counts were not written'));
    },
  };
}

/**
 * Absolute counts, exact however often records are read again: the alarms of the last hour's minutes are known by id, and a process that takes over a
 * partition first reads that hour again, so that its minutes are complete. The position is committed only up to what is written. An alarm more than
 * an hour older than the newest of its partition (a clock was set back) is added to the stored count at once, and ignored when it is read again after
 * a restart: of these few, some that were written to the log around the crash of a process may be missing.
 */
export class AlarmCounter {
  readonly #deps: CounterDeps;
  readonly #partitions = new Map<number, PartitionCounts>();
  readonly #writes = new OneAtATime();
  #shared: ReadonlyMap<number, number> = new Map();
  #sharedAt = Number.POSITIVE_INFINITY;
  readonly #firstLook: number | undefined;
  readonly #metrics: ReturnType<typeof metricsOf>;

  /** `firstLook`: how many records are read back at first. */
  constructor(deps: CounterDeps, firstLook?: number) {
    this.#deps = deps;
    this.#firstLook = firstLook;
    this.#metrics = metricsOf(deps.registry);
  }

  /** Forgets partitions that another process owns now. Call it with every assignment, and every few seconds. */
  share(assigned: ReadonlyMap<number, number>): void {
    for (const [partition, term] of this.#shared) if (assigned.get(partition) !== term) this.#partitions.delete(partition);
    this.#shared = assigned;
    this.#sharedAt = performance.now();
  }

  /** Counts a batch; resolves with the position up to which everything is written. Rejects as log, history and directory do. */
  async take(batch: RecordBatch): Promise<number> {
    const counts = await this.#countsOf(batch);
    const { read, unreadable } = decodeRecords(batch, decodeAlarmCount);
    let late = 0;
    const regionOf = this.#regionOf();
    for (const { i, value } of read) if (await counts.take(value, batch.offset(i), regionOf)) late += 1;
    await this.#closeDue(counts);
    for (const { i, problem } of unreadable) await this.#park(batch, i, problem);
    this.#metrics.late.inc(late);
    counts.next = batch.nextOffset;
    return counts.writtenTo;
  }

  /** The position up to which everything is written, of each partition. */
  *written(): Generator<Done> {
    for (const [partition, counts] of this.#partitions) yield { topic: 'COUNT', partition, next: counts.writtenTo };
  }

  async #closeDue(counts: PartitionCounts): Promise<void> {
    const due = counts.due();
    // Written once more, since a process that owned the partition before may have resumed late and overwritten the count.
    for (const tally of due) tally.again();
    if (due.length > 0) await this.flush();
    // Nothing is written while it is uncertain whether the partitions are still ours: those minutes stay open, and the position stays before them.
    counts.close(due.filter(({ changed }) => !changed));
  }

  /** Writes the counts that have changed. Rejects as the history does. */
  flush(): Promise<void> {
    return this.#writes.run(async () => {
      // A process that was suspended for a while must first ask whether the partitions are still its own.
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

  /** A partition that is read again from an earlier offset belonged to another process meanwhile, so its counts are out of date and are rebuilt. */
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

  /** Rebuilds the minutes that were open at `end`, completely. Unreadable records were parked when they were first read. */
  async #rebuild(counts: PartitionCounts, end: number): Promise<void> {
    const { log } = this.#deps;
    // Twice the time, since records of a minute may lie among records that are an hour newer, and those among others that are an hour older.
    const back = await lookBack(log, 'COUNT', counts.partition, end, 2 * OPEN_MS, this.#firstLook);
    if (!back) return;
    const firstMinute = Math.floor(back.newest / MINUTE_MS) * MINUTE_MS - OPEN_MS;
    const regionOf = this.#regionOf();
    for await (const batch of recordsBetween(log, 'COUNT', counts.partition, back.from, end))
      for (const { i, value } of decodeRecords(batch, decodeAlarmCount).read)
        if (batch.offset(i) < end && value.at >= firstMinute) await counts.take(value, batch.offset(i), regionOf);
    counts.next = end;
  }

  /** Looks sensors up; a directory in this process answers at once, so that from time to time the rest of the process gets a turn. */
  #regionOf(): (sensor: number) => Promise<string> {
    let looked = 0;
    return async (sensor) => {
      looked += 1;
      if (looked % LOOKED_UP_PER_TURN === 0) await nextTurn();
      const client = await this.#deps.directory.find(sensor);
      return client === 'damaged' ? '' : (client?.region ?? '');
    };
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
      help: 'Alarms counted although they were more than an hour older than the newest of their partition',
      registers,
    }),
  };
}
