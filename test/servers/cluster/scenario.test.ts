/** The reference's case 2, shorter, over HTTP through HAProxy, two proxies and two processors, on three Kafka nodes: nothing lost, duplicated or invented. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Cluster } from '../../support/cluster.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { simulate } from '../../support/system.ts';

/** SCENARIO_MINUTES=30 is the reference's own length. */
const MINUTES = process.env.SCENARIO_MINUTES ?? '0.4';

let folder: string;
let kafka: TestKafka;
let cluster: Cluster;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-cluster-'));
  kafka = await startKafka({ nodes: 3 });
  cluster = await Cluster.start({ folder, brokers: kafka.brokers });
});
afterAll(async () => {
  await cluster?.destroy();
  await kafka?.destroy();
  await rm(folder, { recursive: true, force: true });
});

it("raises exactly the alarms of the reference's case 2, and every process has its share", {
  timeout: 240_000 + Number(MINUTES) * 60_000,
}, async () => {
  // At the reference's rate, but in batches as gateways send them, since two cores also run three brokers here.
  const rate = ['--apps', '4', '--rate', '350', '--batch', '20', '--minutes', MINUTES];
  const args = ['--scenario', 'case2', ...rate, '--timeout', '25', '--drain', '30', '--settle', '60'];
  const { exitCode, output, report } = await simulate(cluster, join(folder, 'report.json'), args);
  process.stdout.write(`\n${output.slice(-2_000)}\n`);
  expect(report?.comparison?.findings).toEqual([]);
  expect(report?.comparison?.observed.activated).toBeGreaterThan(10);
  expect([report?.mails?.missing, report?.mails?.doubled, report?.mails?.invented]).toEqual([[], [], []]);
  expect(report?.messages).toMatchObject({ refused: 0, unknown: 0, unsent: 0 });
  expect(exitCode).toBe(0);
  for (const proxy of cluster.withRole('proxy')) expect(await sumOf(proxy, 'tocsin_ingest_records_total'), proxy).toBeGreaterThan(1_000);
  for (const processor of cluster.withRole('processor'))
    expect(await sumOf(processor, 'tocsin_task_records_total'), processor).toBeGreaterThan(1_000);
});

/** The sum of a counter over all its labels. */
async function sumOf(part: string, metric: string): Promise<number> {
  const text = await (await fetch(`${cluster.part(part).operationsUrl}/metrics`)).text();
  const samples = text.matchAll(new RegExp(`^${metric}(?:\\{.*\\})? (\\S+)$`, 'gm'));
  return [...samples].reduce((sum, [, value]) => sum + Number(value), 0);
}
