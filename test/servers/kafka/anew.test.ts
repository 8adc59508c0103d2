/** A topic that was deleted and created again: every reader reads all of it. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { topicSpecs } from '../../../message-log/kafka/topics.ts';
import { createTopics } from '../../../message-log/kafka/topic-administration.ts';
import type { MessageLog, Subscription } from '../../../message-log/port.ts';
import type { Topic } from '../../../records/topics.ts';
import { processorSettings } from '../../../processor/config.ts';
import { startProcessor } from '../../../processor/processor.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { Health } from '../../../runtime/health.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { type KafkaInstallation, kafkaInstallation, withAdmin } from '../../support/kafka-log.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { ownAll, readUntil, restoredState } from '../../support/log-reading.ts';

const SENSOR = 42;
const status = (smoke: boolean): string => `{"id":${SENSOR},"motion":false,"smoke":${smoke},"temperature":20.5,"maxTemperature":30}`;

describe.each(['4.4.0', '3.9.2'])('on Kafka %s', (version) => {
  let kafka: TestKafka;
  let installation: KafkaInstallation;
  let log: MessageLog;
  const releases: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    kafka = await startKafka({ version });
  });
  afterAll(() => kafka?.destroy());
  afterEach(async () => {
    for (const release of releases.splice(0).toReversed()) await release();
  });

  const begin = async (): Promise<void> => {
    installation = await kafkaInstallation(kafka, { partitions: 1 });
    log = await opened();
  };
  const opened = async (): Promise<MessageLog> => {
    const one = await installation.open();
    releases.push(() => one.close());
    return one;
  };
  const makeAnew = async (topic: Topic): Promise<void> => {
    const specs = topicSpecs(installation.config).filter((spec) => spec.topic === topic);
    const name = installation.config.prefix + topic;
    await withAdmin(kafka, async (admin) => {
      await admin.deleteTopics({ topics: [name] });
      await expect.poll(async () => (await admin.listTopics()).includes(name), { timeout: 20_000 }).toBe(false);
      await expect.poll(() => createTopics(admin, specs).then(() => 'created', String), { timeout: 20_000 }).toBe('created');
    });
  };
  const write = async (topic: Topic, values: readonly string[], to = log): Promise<void> => {
    for (const value of values) await to.append(topic, oneRecord(SENSOR, value), Date.now());
  };
  const process = async (on: MessageLog): Promise<() => Promise<void>> => {
    const deps = { log: on, clock: Date.now, logger: pino({ level: 'silent' }), registry: new Registry(), health: new Health() };
    const processor = startProcessor(readSettings(processorSettings, {}), { ...deps, types: REFERENCE });
    await processor.restored;
    return () => processor.stop();
  };
  const alarms = async (count: number): Promise<{ readonly type: string }[]> => {
    const values = await readUntil(await (await opened()).reader('ALARM', 0, 'earliest'), count);
    return values.map((value) => JSON.parse(value).alarm);
  };

  it.each(['while nobody ran', 'under a running processor'])('ENTRY, created again %s: no reading of fire is skipped', async (when) => {
    await begin();
    let stop = await process(log);
    await write('ENTRY', [...Array.from({ length: 19 }, () => status(false)), status(false).replace('"motion":false', '"motion":true')]);
    expect(await alarms(1)).toMatchObject([{ type: 'motion' }]);
    const running = when === 'under a running processor';
    if (!running) {
      await stop();
      await log.close();
    }
    await makeAnew('ENTRY');
    const writer = await opened();
    // The fire comes first, followed by more records than had been read before.
    await write('ENTRY', [status(true), status(true), status(true), ...Array.from({ length: 30 }, () => status(false))], writer);
    if (!running) stop = await process(writer);
    expect(await alarms(2)).toMatchObject([{ type: 'motion' }, { type: 'smoke' }]);
    await stop();
  });

  it('OK and ACTION are read from their beginnings after they were created again, ENTRY continues where it was', async () => {
    await begin();
    for (const topic of ['ENTRY', 'OK', 'ACTION'] as const) await write(topic, ['1', '2', '3']);
    const first = await ownAll(log);
    await first.tasks[0]?.restore(
      () => undefined,
      () => undefined,
    );
    await first.tasks[0]?.commit([], [{ key: SENSOR, value: Buffer.from('state') }], { ENTRY: 3, OK: 3, ACTION: 3 });
    await first.release();
    await makeAnew('OK');
    await makeAnew('ACTION');
    const { tasks, release } = await ownAll(await opened());
    releases.push(release);
    const [task] = tasks;
    if (!task) throw new Error('no task');
    expect(await restoredState(task)).toEqual({ state: { [SENSOR]: 'state' }, positions: { ENTRY: 3, OK: 0, ACTION: 0 } });
  });

  it('STATE: what tasks write into it after it was created again is not complete, so it is rebuilt', async () => {
    await begin();
    await write('ENTRY', ['1', '2', '3']);
    const first = await ownAll(log);
    const [task] = first.tasks;
    await task?.restore(
      () => undefined,
      () => undefined,
    );
    await task?.commit([], [{ key: 1, value: Buffer.from('one') }], { ENTRY: 1, OK: 0, ACTION: 0 });
    await makeAnew('STATE');
    // The task continues, as one that hasn't noticed.
    await expect
      .poll(() => task?.commit([], [{ key: 2, value: Buffer.from('two') }], { ENTRY: 2, OK: 0, ACTION: 0 }).then(() => 'done', String), {
        timeout: 20_000,
      })
      .toMatch(/done|restored first/);
    await first.release();
    const second = await ownAll(await opened());
    const [next] = second.tasks;
    if (!next) throw new Error('no task');
    expect(await restoredState(next)).toEqual({ state: {}, positions: { ENTRY: 0, OK: 0, ACTION: 0 } });
    await next.commit([], [{ key: 3, value: Buffer.from('three') }], { ENTRY: 3, OK: 0, ACTION: 0 });
    expect(await restoredState(next)).toEqual({ state: { 3: 'three' }, positions: { ENTRY: 3, OK: 0, ACTION: 0 } });
    await second.release();
  });

  it.each(['while nobody ran', 'under a running consumer'])(
    'ALARM, created again %s, is read from its beginning by a consumer',
    async (when) => {
      await begin();
      await write('ALARM', ['a', 'b', 'c']);
      const consumer = await log.subscribe('archiver', ['ALARM']);
      await readUntil(consumer, 3);
      await consumer.commit('ALARM', 0, 3);
      const arrival = consumer.assigned.get(0);
      const running = when === 'under a running consumer';
      if (!running) await log.close();
      await makeAnew('ALARM');
      const writer = await opened();
      await write('ALARM', ['d', 'e', 'f', 'g'], writer);
      const reading: Subscription = running ? consumer : await writer.subscribe('archiver', ['ALARM']);
      expect(await readUntil(reading, 4)).toEqual(['d', 'e', 'f', 'g']);
      if (running) expect(reading.assigned.get(0)).not.toBe(arrival);
      await reading.commit('ALARM', 0, 4);
      expect(await writer.committed('archiver', 'ALARM', 0)).toBe(4);
    },
  );
});
