/** A whole city reports motion while no processor is running; the one that then starts gets all of it at once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AlarmWatch } from '../../support/alarm-watch.ts';
import { samplesOf } from '../../support/cluster-metrics.ts';
import { runProgram } from '../../support/program.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { SystemProcess } from '../../support/system.ts';

const PARTITIONS = 8;
const SENSORS = 60_000;
const BATCH = 1_000;

let folder: string;
let kafka: TestKafka;
let watch: AlarmWatch;
let parts: SystemProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-city-'));
  kafka = await startKafka();
});
afterAll(async () => {
  await watch?.close();
  await Promise.all(parts.map((part) => part.end('SIGKILL')));
  await kafka?.destroy();
  await rm(folder, { recursive: true, force: true });
});

it('raises an alarm for each, once, without a task that fails', { timeout: 180_000 }, async () => {
  const environment = {
    TOCSIN_KAFKA_BROKERS: kafka.brokers.join(','),
    TOCSIN_KAFKA_REPLICATION: '1',
    TOCSIN_KAFKA_PARTITIONS: String(PARTITIONS),
  };
  expect((await runProgram('main/topics/main.ts', [], environment)).code).toBe(0);
  watch = await AlarmWatch.begin(kafka.brokers);
  const create = (role: string): Promise<SystemProcess> =>
    SystemProcess.create({ dataDir: join(folder, role), roles: [role], environment });
  const [proxy, processor] = await Promise.all([create('proxy'), create('processor')]);
  parts = [proxy, processor];

  await proxy.start();
  for (let first = 1; first <= SENSORS; first += BATCH) {
    const statuses = Array.from({ length: BATCH }, (_, i) => ({
      id: first + i,
      motion: true,
      smoke: false,
      temperature: 21.5,
      maxTemperature: 30,
    }));
    const { status } = await fetch(`${proxy.ingestUrl}/entry`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(statuses),
    });
    expect(status).toBe(202);
  }
  await processor.start();
  await expect.poll(() => watch.events.get('raised'), { timeout: 120_000, interval: 200 }).toBe(SENSORS);

  expect([...watch.events.keys()]).toEqual(['raised']);
  expect(watch.doubled).toEqual([]);
  expect(await watch.parked()).toBe(0);
  const [active] = await samplesOf(processor, 'tocsin_alarms_active');
  expect(active).toEqual({ labels: { type: 'motion' }, value: SENSORS });
  expect(await samplesOf(processor, 'tocsin_kafka_restore_seconds_count')).toEqual([{ labels: {}, value: PARTITIONS }]);
});
