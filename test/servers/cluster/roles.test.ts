/** Every role in a process of its own, on Kafka, Cassandra and InfluxDB, with several processes of each role that allows it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cluster, type Part } from '../../support/cluster.ts';
import { type ProgramResult, runProgram } from '../../support/program.ts';
import { type InfluxServer, startInflux } from '../../support/servers/influx.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { sharedCassandra } from '../../support/servers/shared-cassandra.ts';
import { API_TOKEN, simulate } from '../../support/system.ts';

const PARTS: readonly Part[] = [
  { name: 'archiver', roles: ['archiver'] },
  { name: 'history-1', roles: ['history'] },
  { name: 'history-2', roles: ['history'] },
  { name: 'mailer', roles: ['mailer'] },
  { name: 'processor-1', roles: ['processor'] },
  { name: 'processor-2', roles: ['processor'] },
  { name: 'console', roles: ['console'] },
  { name: 'proxy-1', roles: ['proxy'] },
  { name: 'proxy-2', roles: ['proxy'] },
];

let folder: string;
let kafka: TestKafka;
let influx: InfluxServer;
let cluster: Cluster;
let environment: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-roles-'));
  const cassandra = await sharedCassandra();
  [kafka, influx] = await Promise.all([startKafka(), startInflux('1.8')]);
  environment = {
    TOCSIN_KAFKA_BROKERS: kafka.brokers.join(','),
    TOCSIN_KAFKA_REPLICATION: '1',
    TOCSIN_CASSANDRA_CONTACT_POINTS: cassandra.contactPoints.join(','),
    TOCSIN_INFLUX_URL: influx.url,
  };
  expect(await runProgram('main/schema/main.ts', [], environment)).toMatchObject({ code: 0 });
  const clients = await runProgram('main/clients/main.ts', ['generate', '400', '--import'], environment);
  expect(clients).toMatchObject({ code: 0 });
  cluster = await Cluster.start({ folder, brokers: kafka.brokers, parts: PARTS, environment });
  const readiness = async ({ name }: Part) => (await fetch(`${cluster.part(name).operationsUrl}/readyz`)).status;
  for (const part of PARTS)
    await vi.waitFor(async () => expect(await readiness(part), part.name).toBe(200), { timeout: 60_000, interval: 200 });
});
afterAll(async () => {
  await cluster?.destroy();
  await Promise.all([kafka?.destroy(), influx?.destroy()]);
  await rm(folder, { recursive: true, force: true });
});

describe('roles in processes of their own', () => {
  it('raise exactly the alarms that they must', { timeout: 180_000 }, async () => {
    const args = [
      '--scenario',
      'case2',
      '--apps',
      '4',
      '--rate',
      '100',
      '--minutes',
      '0.5',
      '--sensors',
      '400',
      '--timeout',
      '25',
      '--settle',
      '60',
    ];
    const { exitCode, output, report } = await simulate(cluster, join(folder, 'report.json'), args);
    expect(report?.comparison?.findings, output.slice(-2_000)).toEqual([]);
    expect(report?.comparison?.observed.activated).toBeGreaterThan(4);
    expect([report?.mails?.missing, report?.mails?.doubled, report?.mails?.invented]).toEqual([[], [], []]);
    expect(exitCode).toBe(0);
  });

  it('have the same in history and archive: every alarm counted once, the state of every sensor', async () => {
    type Alarms = { readonly alarms: readonly { readonly sensor: number; readonly state: string }[] };
    const { alarms } = await api<Alarms>('/api/alarms?state=all&limit=500');
    const counted = async (): Promise<number> => {
      const { counts } = await api<{ readonly counts: readonly { readonly count: number }[] }>('/api/counts');
      return counts.reduce((sum, { count }) => sum + count, 0);
    };
    await expect.poll(counted, { timeout: 20_000 }).toBe(alarms.length);
    const states = async (): Promise<number> =>
      (JSON.parse(await influx.query('SELECT last("active") FROM "sensor_state" GROUP BY "sensor"', 'tocsin')) as Series).results[0]?.series
        ?.length ?? 0;
    await expect.poll(states, { timeout: 40_000 }).toBeGreaterThanOrEqual(400);
    const active = alarms.filter(({ state }) => state.startsWith('ACTIVE')).map(({ sensor }) => sensor);
    const shown = async (): Promise<readonly number[]> => {
      const answer = JSON.parse(
        await influx.query('SELECT last("active") AS "active" FROM "sensor_state" GROUP BY "sensor"', 'tocsin'),
      ) as Series;
      const series = answer.results[0]?.series ?? [];
      return series.filter(({ values }) => Number(values[0]?.[1]) > 0).map(({ tags }) => Number(tags.sensor));
    };
    const sorted = (sensors: Iterable<number>): number[] => [...new Set(sensors)].sort((a, b) => a - b);
    await expect.poll(async () => sorted(await shown()), { timeout: 20_000 }).toEqual(sorted(active));
  });

  it('each report whether they are ready, and their health', async () => {
    for (const { name } of PARTS) {
      const { operationsUrl } = cluster.part(name);
      const ready = await fetch(`${operationsUrl}/readyz`);
      expect([name, ready.status, await ready.text()]).toEqual([name, 200, expect.stringContaining('ready')]);
      const metrics = await fetch(`${operationsUrl}/metrics`, { headers: { authorization: `Bearer ${API_TOKEN}` } });
      expect(await metrics.text(), name).toContain('process_resident_memory_bytes');
    }
  });

  it('log nothing at a level that means that a person must act', () => {
    for (const { name } of PARTS) expect(cluster.part(name).output, name).not.toMatch(/"level":(50|60)/);
  });
});

describe('the doctor of a cluster', () => {
  it('finds all servers as they should be, and says what is wrong', async () => {
    const good = await doctor({});
    expect(good.stdout).toMatch(/✓ Kafka cluster: one broker.*\n✓ Kafka topics: all exist/);
    expect(good.stdout).toMatch(
      /✓ Cassandra: 5\.0.*1 of 1 nodes up.*\n✓ Cassandra clock: agrees.*\n✓ Cassandra keyspace world: has its tables/,
    );
    expect(good.stdout).toMatch(/✓ InfluxDB .*version 1\.8.*\n✓ InfluxDB clock: agrees.*\n✓ InfluxDB bucket tocsin: can be used/);
    expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('All is right.') });
    const bad = await doctor({ TOCSIN_KAFKA_PREFIX: 'other-', TOCSIN_CASSANDRA_KEYSPACE: 'other', TOCSIN_INFLUX_BUCKET: 'other' });
    expect(bad.code).toBe(1);
    expect(bad.stdout).toMatch(/✗ Kafka topic other-ENTRY: does not exist/);
    expect(bad.stdout).toMatch(/✗ Cassandra keyspace other: there is no table/);
    expect(bad.stdout).toMatch(/✗ InfluxDB bucket other: /);
  });
});

describe('dead letters of a cluster', () => {
  it('hold unreadable records of another producer, and replay them when forced', async () => {
    const producer = new kafkajs.Kafka({ ...kafka.connection, logLevel: kafkajs.logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({ topic: 'ENTRY', messages: [{ key: '7', value: 'poison', partition: 0 }] });
    await producer.disconnect();
    const list = (): Promise<ProgramResult> => runProgram('main/dead-letters/main.ts', ['list', '--topic', 'ENTRY'], environment);
    await expect.poll(async () => (await list()).stdout, { timeout: 30_000 }).toMatch(/ENTRY\/0@\d+ +processor/);
    const id = (await list()).stdout.split(' ')[0] ?? '';
    const replay = (...more: string[]) => runProgram('main/dead-letters/main.ts', ['replay', id, ...more], environment);
    expect(await replay()).toMatchObject({ code: 1, stdout: expect.stringContaining('not valid') });
    expect(await replay('--force')).toMatchObject({ code: 0, stdout: expect.stringContaining('1 replayed') });
    expect(await replay('--force')).toMatchObject({ code: 1, stdout: expect.stringContaining('replayed before') });
    await expect.poll(async () => (await list()).stdout.trim().split('\n').length, { timeout: 30_000 }).toBe(2);
  });
});

interface Series {
  readonly results: readonly {
    readonly series?: readonly { readonly tags: { readonly sensor: string }; readonly values: readonly (readonly unknown[])[] }[];
  }[];
}

/** Runs the program with ports that nothing uses. */
function doctor(changes: Record<string, string>): Promise<ProgramResult> {
  const ports = { TOCSIN_INGEST_PORT: '0', TOCSIN_CONSOLE_PORT: '0', TOCSIN_DATA_DIR: join(folder, 'doctor') };
  return runProgram('main/doctor/main.ts', [], { ...environment, ...ports, ...changes });
}

async function api<T>(path: string): Promise<T> {
  const response = await fetch(`${cluster.consoleUrl}${path}`, { headers: { authorization: `Bearer ${API_TOKEN}` } });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}
