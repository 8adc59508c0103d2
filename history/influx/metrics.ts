import { Counter, Histogram, type Registry } from 'prom-client';

export function influxMetrics(registry: Registry) {
  const registers = [registry];
  const labelNames = ['measurement'] as const;
  return {
    written: new Counter({
      name: 'tocsin_history_points_written_total',
      help: 'Points that InfluxDB has acknowledged',
      labelNames,
      registers,
    }),
    refused: new Counter({
      name: 'tocsin_history_points_refused_total',
      help: 'Points left out because InfluxDB refuses them for good while it accepts others',
      labelNames,
      registers,
    }),
    expired: new Counter({
      name: 'tocsin_history_points_expired_total',
      help: 'Points left out because they were older than the retention of InfluxDB',
      labelNames,
      registers,
    }),
    seconds: new Histogram({
      name: 'tocsin_history_write_seconds',
      help: 'Time that InfluxDB took to answer a write, successful or not',
      labelNames,
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
  };
}

export type InfluxMetrics = ReturnType<typeof influxMetrics>;
