/**
 * Every PromQL query of the dashboards, and every metric of the alert rules, on a real Prometheus that scrapes a real system under a simulated fleet, a
 * real node_exporter, the metrics of our adapters for servers, and recorded output of other exporters (test/fixtures/metrics).
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allDashboards } from '../../../grafana/dashboards.ts';
import { kafkaMetrics } from '../../../message-log/kafka/metrics.ts';
import { cassandraMetrics } from '../../../cassandra/metrics.ts';
import { influxMetrics } from '../../../history/influx/metrics.ts';
import { dataPanels, isProm } from '../../support/dashboards.ts';
import { metricsOf } from '../../support/promql.ts';
import { eventually, type Prometheus, startAlertmanager, startNodeExporter, startPrometheus } from '../../support/servers/prometheus.ts';
import { type Simulation, SystemProcess, simulate } from '../../support/system.ts';

const ROOT = join(import.meta.dirname, '../../..');
const FIXTURES = join(ROOT, 'test/fixtures/metrics');

/** Metrics that Prometheus itself adds. */
const OF_PROMETHEUS = new Set(['up', 'ALERTS']);
/** Metrics that appear only with the events they count; none has happened here. */
const TOLD_BY_TROUBLE = new Set([
  'ALERTS',
  'tocsin_part_problem',
  'tocsin_consumer_failures_total',
  'tocsin_log_corrupt_frames_total',
  'tocsin_log_removed_frames_total',
  'tocsin_mails_without_client_total',
  'tocsin_part_notice',
  'tocsin_readings_not_reported_total',
]);
/** Metrics that the kernel of a small virtual machine doesn't have. */
const NOT_EVERYWHERE = new Set(['node_disk_io_time_seconds_total', 'node_disk_written_bytes_total', 'node_disk_read_bytes_total']);

const queries = [...allDashboards().values()].flatMap((board) =>
  dataPanels(board).flatMap(({ title, targets }) =>
    targets.filter(isProm).map(({ expr }) => ({ where: `${board.title}: ${title}`, expr })),
  ),
);

let folder: string;
let system: SystemProcess;
let others: { server: Server; port: number };
let node: Awaited<ReturnType<typeof startNodeExporter>>;
let alertmanager: Awaited<ReturnType<typeof startAlertmanager>>;
let prometheus: Prometheus;
let simulation: Simulation;
let scraped: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promql-'));
  system = await SystemProcess.create({ dataDir: join(folder, 'data') });
  await system.start();
  node = await startNodeExporter();
  alertmanager = await startAlertmanager('route: { receiver: none }\nreceivers: [{ name: none }]\n');
  others = await serveOthers();
  const target = (url: string): string => url.replace('http://', '');
  prometheus = await startPrometheus(`
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${join(ROOT, 'deploy/prometheus/rules')}/*.yml']
scrape_configs:
  - job_name: tocsin
    static_configs: [{ targets: ['${target(system.ingestUrl)}'], labels: { role: all } }]
  - job_name: tocsin-servers
    static_configs: [{ targets: ['127.0.0.1:${others.port}'] }]
  - job_name: node
    static_configs: [{ targets: ['${target(node.url)}'] }]
`);
  simulation = await simulate(system, join(folder, 'report.json'), [
    '--scenario',
    'case2',
    '--rate',
    '200',
    '--minutes',
    '0.4',
    '--sensors',
    '500',
  ]);
  const pages = [system.ingestUrl, `http://127.0.0.1:${others.port}`, node.url, prometheus.url, alertmanager.url];
  scraped = (await Promise.all(pages.map(async (url) => (await fetch(`${url}/metrics`)).text()))).join('\n');
}, 180_000);

afterAll(async () => {
  await prometheus?.stop();
  await node?.stop();
  await alertmanager?.stop();
  others?.server.close();
  await system?.end('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

describe('the dashboards on Prometheus', () => {
  it('show a system that has raised and mailed alarms', () => {
    expect(simulation.exitCode, simulation.output).toBe(0);
  });

  it('each find something; queries that find nothing are about faults', { timeout: 120_000 }, async () => {
    const empty: string[] = [];
    for (const { where, expr } of queries) {
      const asked = expr.replaceAll('$__rate_interval', '30s');
      const names = metricsOf(expr);
      if (names.some((name) => TOLD_BY_TROUBLE.has(name) || NOT_EVERYWHERE.has(name))) await prometheus.query(asked);
      else if (
        (
          await eventually(
            5_000,
            () => prometheus.query(asked),
            ({ length }) => length > 0,
          )
        ).length === 0
      )
        empty.push(`${where}: ${asked}`);
    }
    expect(empty).toEqual([]);
  });

  it('show what happened: statuses, alarms, mails and how long they took', async () => {
    const value = async (expr: string): Promise<number> => Number((await prometheus.query(expr))[0]?.value[1]);
    const board = (title: string): string =>
      queries.find(({ where }) => where === `Pipeline: ${title}`)?.expr.replaceAll('$__rate_interval', '5m') ?? '';
    expect(await value(board('Active alarms'))).toBeGreaterThan(0);
    expect(await value(board('Parts with a problem'))).toBe(0);
    expect(await value(board('Dead letters in 24 h'))).toBe(0);
    for (const title of ['Reading received to alarm durable', 'Reading received to mail handed over', 'Reading received to alarm archived'])
      expect(await value(board(title)), title).toBeGreaterThan(0);
  });

  it('ask only for metrics that some process has', () => {
    expect(unknown(queries.flatMap(({ expr }) => metricsOf(expr)))).toEqual([]);
  });
});

describe('the alert rules on Prometheus', () => {
  it('ask only for metrics that some process has', async () => {
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(30);
    expect(unknown(rules.flatMap(({ query }) => metricsOf(query)))).toEqual([]);
  });

  it('do not fire for a healthy system', async () => {
    const firing = await prometheus.query('ALERTS{alertstate="firing", severity=~"critical|major"}');
    expect(
      firing.filter(({ metric }) => !ABOUT_THIS_MACHINE.includes(metric.alertname ?? '')).map(({ metric }) => metric.alertname),
    ).toEqual([]);
  });
});

/** Alerts that may fire here: because of the machine, or since the fleet no longer sends. */
const ABOUT_THIS_MACHINE = ['DiskFilling', 'DiskFull', 'MemoryShort', 'ClockNotSynchronised', 'NoStatuses'];

function unknown(names: readonly string[]): string[] {
  const known = new Set([...scraped.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  const isKnown = (name: string): boolean =>
    known.has(name) || known.has(name.replace(/_(bucket|sum|count)$/, '')) || OF_PROMETHEUS.has(name);
  return [...new Set(names)].filter((name) => !isKnown(name));
}

/** The fixtures, and the metrics of adapters that an embedded system doesn't have, each used once. */
async function serveOthers(): Promise<{ server: Server; port: number }> {
  const registry = new Registry();
  const kafka = kafkaMetrics(registry, () => 0);
  const kafkaOnly = [kafka.transactionSeconds, kafka.restoreSeconds];
  for (const histogram of kafkaOnly) histogram.observe(0.01);
  kafka.fetches.inc({ lane: 'task' });
  kafka.retries.inc({ what: 'append' });
  kafka.rebalances.inc({ group: 'mailer' });
  const cassandra = cassandraMetrics(registry, () => 3);
  cassandra.seconds.observe({ kind: 'find' }, 0.01);
  cassandra.failures.inc({ code: 'unavailable' }, 0);
  const influx = influxMetrics(registry);
  for (const counter of [influx.written, influx.refused, influx.expired]) counter.inc({ measurement: 'sensor_state' }, 0);
  influx.seconds.observe({ measurement: 'sensor_state' }, 0.01);
  for (const name of [
    'tocsin_log_pending_bytes',
    'tocsin_log_appended_records_total',
    'tocsin_log_appended_bytes_total',
    'tocsin_log_commit_seconds',
  ])
    registry.removeSingleMetric(name);
  const files = await Promise.all((await readdir(FIXTURES)).map((file) => readFile(join(FIXTURES, file), 'utf8')));
  const server = createServer((_, response) => {
    void registry.metrics().then((text) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.end(`${text}\n${files.join('')}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
