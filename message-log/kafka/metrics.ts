import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface KafkaMetrics {
  readonly appendedRecords: Counter<'topic'>;
  readonly appendedBytes: Counter<'topic'>;
  readonly commitSeconds: Histogram;
  readonly transactionSeconds: Histogram;
  readonly restoreSeconds: Histogram;
  readonly fetches: Counter<'lane'>;
  readonly fetchedBytes: Counter;
  readonly retries: Counter<'what'>;
  readonly fenced: Counter;
  readonly rebalances: Counter<'group'>;
  readonly corruptFrames: Counter<'topic'>;
  readonly removedFrames: Counter<'topic' | 'read'>;
  readonly stopped: Gauge<'topic' | 'partition'>;
}

/** `pending`: bytes appended and not acknowledged yet; called at each scrape. */
export function kafkaMetrics(registry: Registry, pending: () => number): KafkaMetrics {
  const registers = [registry];
  const fresh = <T extends Metric>(name: string, create: (common: { name: string; registers: Registry[] }) => T): T => {
    registry.removeSingleMetric(name);
    return create({ name, registers });
  };
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> =>
    fresh(name, (common) => new Counter({ ...common, help, labelNames: [...labelNames] }));
  const seconds = (name: string, help: string): Histogram => fresh(name, (common) => new Histogram({ ...common, help, buckets: SECONDS }));

  fresh(
    'tocsin_log_pending_bytes',
    (common) =>
      new Gauge({
        ...common,
        help: 'Bytes accepted that the brokers have not acknowledged yet',
        collect() {
          this.set(pending());
        },
      }),
  );
  return {
    appendedRecords: counter('tocsin_log_appended_records_total', 'Records that the brokers have acknowledged', ['topic']),
    appendedBytes: counter('tocsin_log_appended_bytes_total', 'Bytes of batches that the brokers have acknowledged', ['topic']),
    commitSeconds: seconds('tocsin_log_commit_seconds', 'Time from sending batches until all replicas in sync have them'),
    transactionSeconds: seconds('tocsin_kafka_transaction_seconds', "Time of a task's transaction"),
    restoreSeconds: seconds('tocsin_kafka_restore_seconds', "Time until a task's state is restored"),
    fetches: counter('tocsin_kafka_fetches_total', 'Requests for records', ['lane']),
    fetchedBytes: counter('tocsin_kafka_fetched_bytes_total', 'Bytes of answers with records'),
    retries: counter('tocsin_kafka_retries_total', 'Requests that failed and are sent again: append, read, group', ['what']),
    fenced: counter('tocsin_kafka_fenced_total', 'Tasks that found another owner had taken over'),
    corruptFrames: counter('tocsin_log_corrupt_frames_total', 'Times that damaged records were skipped', ['topic']),
    removedFrames: counter('tocsin_log_removed_frames_total', 'Times that records were gone before they were read (read=no)', [
      'topic',
      'read',
    ]),
    stopped: fresh(
      'tocsin_kafka_partition_stopped',
      (common) => new Gauge({ ...common, help: '1: the partition cannot be read any further', labelNames: ['topic', 'partition'] }),
    ),
    rebalances: counter('tocsin_kafka_rebalances_total', 'Times that partitions were assigned', ['group']),
  };
}
