/** A proxy on a machine whose clock is off sends its sensors elsewhere, and nothing it does hides a fire that another proxy receives. Needs libfaketime. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kafkaInstallation } from '../../support/kafka-log.ts';
import { readUntil } from '../../support/log-reading.ts';
import { runProgram } from '../../support/program.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { SystemProcess } from '../../support/system.ts';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const PATIENCE = { timeout: 30_000, interval: 200 };
const SENSOR = 4_711;

describe('a proxy whose clock is off', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-clock-'));
  const clock = join(folder, 'clock');
  const setClock = (offset: string): void => writeFileSync(clock, `${offset}\n`);
  const faked = { LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: clock, FAKETIME_CACHE_DURATION: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  let kafka: TestKafka;
  let environment: NodeJS.ProcessEnv;
  let off: SystemProcess;
  let right: SystemProcess;
  let processor: SystemProcess;

  const part = (name: string, roles: readonly string[], more = {}): Promise<SystemProcess> =>
    SystemProcess.create({ dataDir: join(folder, name), roles, environment: { ...environment, ...more } });
  const post = async (to: SystemProcess, path: string, body: object): Promise<{ status: number; text: string }> => {
    const response = await fetch(to.ingestUrl + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    return { status: response.status, text: await response.text() };
  };
  const readiness = async (): Promise<string> => {
    const response = await fetch(`${off.ingestUrl}/readyz`);
    return `${response.status} ${await response.text()}`;
  };
  const smoke = (temperature: number) => ({ id: SENSOR, motion: false, smoke: true, temperature, maxTemperature: 60 });

  beforeAll(async () => {
    kafka = await startKafka();
    const { config } = await kafkaInstallation(kafka, { partitions: 1, prefix: 'clock.' });
    environment = {
      TOCSIN_KAFKA_BROKERS: kafka.brokers.join(','),
      TOCSIN_KAFKA_PARTITIONS: '1',
      TOCSIN_KAFKA_REPLICATION: '1',
      TOCSIN_KAFKA_PREFIX: config.prefix,
    };
    setClock('+1800s');
    [off, right, processor] = await Promise.all([
      part('off', ['proxy'], faked),
      part('right', ['proxy']),
      part('processor', ['processor']),
    ]);
    await Promise.all([off.start(), right.start(), processor.start()]);
  });
  afterAll(async () => {
    for (const one of [off, right, processor]) await one?.end('SIGKILL');
    await kafka?.destroy();
    rmSync(folder, { recursive: true, force: true });
  });

  it('says so before anything is sent, refuses a recovery from the future, and hides no fire', async () => {
    await expect.poll(readiness, PATIENCE).toMatch(/^503 .*this machine's clock is 30 min ahead of the clock of Kafka's broker/);
    expect(await post(off, '/ok', { id: SENSOR })).toMatchObject({ status: 503, text: expect.stringContaining('30 min ahead') });
    for (const temperature of [40, 50, 60]) expect(await post(right, '/entry', smoke(temperature))).toMatchObject({ status: 202 });
    const log = await (await kafkaInstallation(kafka, { partitions: 1, prefix: 'clock.' })).open();
    const [alarm = '{}'] = await readUntil(await log.reader('ALARM', 0, 'earliest'), 1);
    expect(JSON.parse(alarm)).toMatchObject({ event: 'raised', alarm: { sensor: SENSOR, type: 'smoke' } });
    await log.close();
  });

  it('is reported by doctor', async () => {
    const { stdout } = await runProgram('main/doctor/main.ts', ['proxy'], { ...environment, ...faked });
    expect(stdout).toMatch(/clock of broker 1.*30 min ahead/);
  });

  it('is ready by itself once its clock is right, and its records are accepted; not when it is set back too far', async () => {
    setClock('+0s');
    await expect.poll(readiness, PATIENCE).toMatch(/^200 /);
    expect(await post(off, '/ok', { id: SENSOR })).toMatchObject({ status: 202 });
    setClock('-1800s');
    await expect.poll(readiness, PATIENCE).toMatch(/^503 .*30 min behind/);
    expect(await post(off, '/entry', smoke(70))).toMatchObject({ status: 503 });
    setClock('+0s');
    await expect.poll(readiness, PATIENCE).toMatch(/^200 /);
    expect(await post(off, '/entry', smoke(80))).toMatchObject({ status: 202 });
  });
});
