/** Histories on a real InfluxDB, each in a bucket of its own. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { type InfluxConfig, influxSettings } from '../../history/influx/config.ts';
import { openInfluxHistory } from '../../history/influx/history.ts';
import { prepareInflux } from '../../history/influx/prepare.ts';
import type { History } from '../../history/port.ts';
import { readSettings } from '../../runtime/configuration.ts';
import { Health } from '../../runtime/health.ts';
import type { InfluxServer } from './servers/influx.ts';

export interface InfluxHistory {
  readonly history: History;
  readonly config: InfluxConfig;
  readonly health: Health;
  /** Level and message of each log line. */
  readonly lines: { readonly level: number; readonly msg: string }[];
  metric(name: string): Promise<number>;
  close(): Promise<void>;
}

let buckets = 0;

export function influxConfig(url: string, settings: Partial<InfluxConfig> = {}): InfluxConfig {
  return { ...readSettings(influxSettings, {}), url, ...settings };
}

/** Opens a history in an empty bucket, unless `settings` name one. */
export async function newInfluxHistory(server: InfluxServer, settings: Partial<InfluxConfig> = {}): Promise<InfluxHistory> {
  buckets += 1;
  const config = influxConfig(server.url, { token: server.token, org: server.org, bucket: `bucket-${buckets}`, ...settings });
  await prepareInflux(config);
  return influxHistory(config);
}

export function influxHistory(config: InfluxConfig): InfluxHistory {
  const health = new Health();
  const registry = new Registry();
  const lines: { level: number; msg: string }[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const history = openInfluxHistory(config, { logger, registry, health });
  return {
    history,
    config,
    health,
    lines,
    metric: async (name) => {
      const { values } = (await registry.getSingleMetric(name)?.get()) ?? { values: [] };
      return values.reduce((sum, { value }) => sum + value, 0);
    },
    close: () => history.close(),
  };
}
