import { Counter, Gauge, Histogram, type Metric, type Registry } from 'prom-client';

const COMMIT_SECONDS = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10];

export interface LogMetrics {
  readonly appendedRecords: Counter<'topic'>;
  readonly appendedBytes: Counter<'topic'>;
  readonly commitSeconds: Histogram;
  readonly corruptFrames: Counter<'topic'>;
  readonly removedFrames: Counter<'topic' | 'read'>;
}

/** `sizes` returns bytes by topic, `pending` bytes; both are called at each scrape. */
export function logMetrics(registry: Registry, sizes: () => ReadonlyMap<string, number>, pending: () => number): LogMetrics {
  const registers = [registry];
  const fresh = <T extends Metric>(name: string, create: () => T): T => {
    registry.removeSingleMetric(name);
    return create();
  };
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> =>
    fresh(name, () => new Counter({ name, help, labelNames: [...labelNames], registers }));

  fresh(
    'tocsin_log_size_bytes',
    () =>
      new Gauge({
        name: 'tocsin_log_size_bytes',
        help: 'Size of a topic on disk',
        labelNames: ['topic'],
        registers,
        collect() {
          for (const [topic, bytes] of sizes()) this.set({ topic }, bytes);
        },
      }),
  );
  fresh(
    'tocsin_log_pending_bytes',
    () =>
      new Gauge({
        name: 'tocsin_log_pending_bytes',
        help: 'Bytes accepted that are not on disk yet',
        registers,
        collect() {
          this.set(pending());
        },
      }),
  );
  return {
    appendedRecords: counter('tocsin_log_appended_records_total', 'Records that are on disk', ['topic']),
    appendedBytes: counter('tocsin_log_appended_bytes_total', 'Bytes of frames that are on disk', ['topic']),
    corruptFrames: counter('tocsin_log_corrupt_frames_total', 'Frames that were damaged on disk and skipped', ['topic']),
    removedFrames: counter(
      'tocsin_log_removed_frames_total',
      'Frames that retention removed; read=no: before all consumers had read them',
      ['topic', 'read'],
    ),
    commitSeconds: fresh(
      'tocsin_log_commit_seconds',
      () =>
        new Histogram({
          name: 'tocsin_log_commit_seconds',
          help: 'Time of a group commit until it is on disk',
          buckets: COMMIT_SECONDS,
          registers,
        }),
    ),
  };
}
