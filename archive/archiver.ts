import { Counter, Histogram, type Registry } from 'prom-client';
import type { RecordBatch } from '../message-log/port.ts';
import { decodeRecords, type UnreadableRecord } from '../message-log/values.ts';
import type { Clock } from '../runtime/clock.ts';
import type { ConfigOf } from '../runtime/configuration.ts';
import type { Running } from '../runtime/lifecycle.ts';
import { orStopped } from '../runtime/or-stopped.ts';
import type { RemovalClock } from '../runtime/removal-clock.ts';
import { type ConsumerDeps, startConsumer } from '../processor/consumer.ts';
import { parkRecord } from '../processor/dead-letters.ts';
import type { Group } from '../records/groups.ts';
import { decodeAlarmChange } from '../records/alarm-event.ts';
import { decodeDelivery } from '../records/delivery.ts';
import { removeOlder, startPeriodic } from '../processor/periodic.ts';
import type { Directory } from '../directory/port.ts';
import type { archiveSettings } from './config.ts';
import { custodyOf, custodyOfDelivery } from './custody.ts';
import { Places } from './places.ts';
import type { Archive } from './port.ts';
import { DAY_MS, HOUR_MS } from '../runtime/durations.ts';

/** Exported for readers that start where the archive ends: the log has the position of this group. */
export const ARCHIVER_GROUP = 'archiver' satisfies Group;

export type ArchiveConfig = ConfigOf<typeof archiveSettings>;

export interface ArchiverDeps extends ConsumerDeps {
  readonly archive: Archive;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly removalClock: RemovalClock;
}

const COMPLETE_EVERY_MS = 10_000;
const EXPIRE_EVERY_MS = HOUR_MS;

/** Stores every alarm with its custody: changes from ALARM, mails from DELIVERY. */
export async function startArchiver(config: ArchiveConfig, deps: ArchiverDeps): Promise<Running> {
  const { archive, logger } = deps;
  const archiver = new Archiver(deps);
  const consumer = await startConsumer(ARCHIVER_GROUP, ['ALARM', 'DELIVERY'], (batch) => archiver.take(batch), deps);
  let recalled = false;
  const completion = startPeriodic(
    'places of alarms',
    COMPLETE_EVERY_MS,
    async (signal) => {
      await orStopped(deps.fireReady ?? Promise.resolve(), signal);
      if (signal.aborted) return;
      if (!recalled) await archiver.places.recall();
      recalled = true;
      await archiver.places.completeSome();
    },
    logger,
  );
  const expiry = startPeriodic(
    'old alarms',
    EXPIRE_EVERY_MS,
    (signal) => removeOlder(archive, config.days * DAY_MS, deps.removalClock, signal),
    logger,
  );
  return {
    stop: async () => {
      await Promise.all([expiry.stop(), completion.stop(), consumer.stop()]);
    },
  };
}

/** Stores batches; the loop that reads them is elsewhere. */
export class Archiver {
  readonly places: Places;
  readonly #deps: ArchiverDeps;
  readonly #metrics: ReturnType<typeof metricsOf>;

  constructor(deps: ArchiverDeps) {
    this.#deps = deps;
    this.#metrics = metricsOf(deps.registry);
    this.places = new Places(deps);
  }

  async take(batch: RecordBatch): Promise<undefined> {
    if (batch.topic === 'ALARM') await this.#changes(batch);
    else await this.#deliveries(batch);
  }

  async #changes(batch: RecordBatch): Promise<void> {
    const { read: changes, unreadable } = decodeRecords(batch, decodeAlarmChange);
    const custody = changes.flatMap(({ value }) => custodyOf(value).map((entry) => ({ alarm: value.alarm.id, entry })));
    const places = await this.places.of(changes.map(({ value }) => value.alarm.sensor));
    const alarms = changes.map(({ value }) => this.places.locate(value.alarm, places));
    await this.#deps.archive.put(alarms, custody);
    await this.#park(batch, unreadable);
    const now = this.#deps.clock();
    for (const { value } of changes) if (value.event === 'raised') this.#metrics.storedSeconds.observe(Math.max(0, now - value.at) / 1_000);
  }

  async #deliveries(batch: RecordBatch): Promise<void> {
    const { read: deliveries, unreadable } = decodeRecords(batch, decodeDelivery);
    const { topic, partition } = batch;
    const custody = deliveries.map(({ value, i }) => ({
      alarm: value.alarm,
      entry: custodyOfDelivery(value, { topic, partition, offset: batch.offset(i) }),
    }));
    await this.#deps.archive.put([], custody);
    await this.#park(batch, unreadable);
  }

  /** Called last, so that records aren't parked again each time a batch is tried again because the archive is away. */
  async #park(batch: RecordBatch, unreadable: readonly UnreadableRecord[]): Promise<void> {
    const { topic, partition } = batch;
    for (const { i, problem } of unreadable) {
      await parkRecord(this.#deps.log, batch, i, problem, ARCHIVER_GROUP);
      this.#metrics.parked.inc();
      this.#deps.logger.error({ topic, partition, offset: batch.offset(i), problem }, 'a record could not be archived and was parked');
    }
  }
}

function metricsOf(registry: Registry) {
  const registers = [registry];
  return {
    parked: new Counter({
      name: 'tocsin_archive_parked_total',
      help: 'Records that the archiver could not read; each is in DEAD',
      registers,
    }),
    storedSeconds: new Histogram({
      name: 'tocsin_alarm_stored_seconds',
      help: 'Time from receiving the reading that raised an alarm until the alarm was in the archive',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers,
    }),
  };
}
