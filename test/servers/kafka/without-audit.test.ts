/** Topic AUDIT is missing, as after an upgrade whose topics nobody has created yet: alarms don't wait for it. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTopics } from '../../../message-log/kafka/topic-administration.ts';
import { topicSpecs } from '../../../message-log/kafka/topics.ts';
import { withAdmin } from '../../support/kafka-log.ts';
import { runProgram } from '../../support/program.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { API_TOKEN, SystemProcess } from '../../support/system.ts';

const TOPICS = { prefix: '', partitions: 2, replicationFactor: 1 };
const SMOKE = { motion: false, smoke: true, temperature: 20.5, maxTemperature: 30 };

let kafka: TestKafka;
let folder: string;
let system: SystemProcess;
let settings: Record<string, string>;
beforeAll(async () => {
  kafka = await startKafka();
  folder = await mkdtemp(join(tmpdir(), 'tocsin-without-audit-'));
  settings = { TOCSIN_KAFKA_BROKERS: kafka.brokers.join(','), TOCSIN_KAFKA_REPLICATION: '1', TOCSIN_KAFKA_PARTITIONS: '2' };
  const withoutAudit = topicSpecs(TOPICS).filter(({ topic }) => topic !== 'AUDIT');
  await withAdmin(kafka, (admin) => createTopics(admin, withoutAudit));
  system = await SystemProcess.create({ dataDir: join(folder, 'data'), environment: settings });
  await system.start();
});
afterAll(async () => {
  await system?.end('SIGKILL');
  await kafka?.destroy();
  await rm(folder, { recursive: true, force: true });
});

const ask = async (path: string): Promise<{ status: number; json: Record<string, unknown> }> => {
  const response = await fetch(system.consoleUrl + path, { headers: { authorization: `Bearer ${API_TOKEN}` } });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
};
const mailsFrom = async (sensor: number): Promise<number> => {
  const before = (await readdir(system.outbox).catch(() => [])).length;
  for (let i = 0; i < 3; i += 1) {
    const response = await fetch(`${system.ingestUrl}/entry`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: sensor, ...SMOKE }),
    });
    expect(response.status).toBe(202);
  }
  await expect.poll(async () => (await readdir(system.outbox).catch(() => [])).length, { timeout: 30_000 }).toBeGreaterThan(before);
  return (await readdir(system.outbox)).length - before;
};
const isReady = async () => [(await fetch(`${system.ingestUrl}/readyz`)).status, (await ask('/readyz')).status];
const rowsRead = async (): Promise<number> =>
  Number((await runProgram('main/doctor/main.ts', [], doctorSettings())).stdout.match(/(\d+) rows in/)?.[1] ?? 0);
const doctorSettings = () => ({ ...settings, TOCSIN_DATA_DIR: system.dataDir, TOCSIN_INGEST_PORT: '0', TOCSIN_CONSOLE_PORT: '0' });

it('a fire is mailed, all is ready, and health says what to do; what was done meanwhile is recorded once the topic is there', async () => {
  expect(await mailsFrom(1)).toBe(1);
  await ask('/api/sensors/1');
  expect(await isReady()).toEqual([200, 200]);
  expect(JSON.stringify((await ask('/readyz')).json)).toContain('npm run topics');
  expect((await runProgram('main/topics/main.ts', [], settings)).code).toBe(0);
  await expect.poll(async () => JSON.stringify((await ask('/readyz')).json), { timeout: 30_000 }).not.toContain('npm run topics');
  expect(await rowsRead()).toBeGreaterThanOrEqual(2);
});

it('and while the system runs, the same: neither alarms nor readiness depend on it', async () => {
  await withAdmin(kafka, (admin) => admin.deleteTopics({ topics: ['AUDIT'] }));
  await ask('/api/sensors/2');
  await expect.poll(async () => JSON.stringify((await ask('/readyz')).json), { timeout: 60_000 }).toContain('npm run topics');
  expect(await mailsFrom(2)).toBe(1);
  expect(await isReady()).toEqual([200, 200]);
});
