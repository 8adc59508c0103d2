import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkTopics, describeTopics } from '../../../message-log/kafka/topic-administration.ts';
import { type TopicSpec, topicSpecs } from '../../../message-log/kafka/topics.ts';
import { TOPICS } from '../../../records/topics.ts';
import { runProgram } from '../../support/program.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';

/** This many answers in a row, over two seconds, mean that every broker has been asked. */
const LOOKS = 40;

let kafka: TestKafka;
let admin: Admin;

beforeAll(async () => {
  kafka = await startKafka({ nodes: 3 });
  admin = new kafkajs.Kafka({ ...kafka.connection, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
});

afterAll(async () => {
  await admin?.disconnect();
  await kafka?.destroy();
});

/** Each test has its own topics, by a prefix. */
function installation(prefix: string, partitions = 3) {
  const specs = topicSpecs({ prefix, partitions, replicationFactor: 3 });
  const settings = {
    TOCSIN_KAFKA_BROKERS: kafka.brokers.join(','),
    TOCSIN_KAFKA_PREFIX: prefix,
    TOCSIN_KAFKA_PARTITIONS: String(partitions),
  };
  return { specs, run: (...args: string[]) => runProgram('main/topics/main.ts', args, settings) };
}

/** Sets these settings and no others. Brokers learn of it one by one. */
async function setTo(name: string, configEntries: { name: string; value: string }[], specs: readonly TopicSpec[]): Promise<void> {
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries }] });
  const wanted = Object.fromEntries(configEntries.map((entry) => [entry.name, entry.value]));
  // Any broker may answer, and each learns of it at another time.
  const seenByAll = async () => {
    for (let look = 0; look < LOOKS; look += 1) {
      const settings = await settingsOf(name, specs);
      if (Object.entries(wanted).some(([key, value]) => settings?.[key] !== value)) return settings;
      await sleep(50);
    }
    return wanted;
  };
  await expect.poll(seenByAll, { timeout: 20_000 }).toMatchObject(wanted);
}

const settingsOf = async (name: string, specs: readonly TopicSpec[]) =>
  (await describeTopics(admin, specs)).find((topic) => topic.name === name)?.settings;

describe('npm run topics', () => {
  it('creates every topic as the table has it, and finds nothing to do the next time', async () => {
    const { specs, run } = installation('fresh.');
    const first = await run();
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain(`All topics are as they should be: ${TOPICS.length} created.`);

    const found = await describeTopics(admin, specs);
    expect(found.map(({ name }) => name).toSorted()).toEqual(TOPICS.map((topic) => `fresh.${topic}`).toSorted());
    for (const { name, partitions, replicationFactor, config } of specs)
      expect(found.find((topic) => topic.name === name)).toMatchObject({
        partitions,
        replication: replicationFactor,
        settings: expect.objectContaining(config),
      });

    const second = await run();
    expect(second.code).toBe(0);
    expect(second.stdout).not.toContain('created');
    expect(await checkTopics(admin, specs)).toEqual([]);
  });

  it('says what differs, corrects only what it is asked to, removes nothing, and keeps other settings', async () => {
    const { specs, run } = installation('differing.');
    await run();
    await setTo(
      'differing.ALARM',
      [
        { name: 'retention.ms', value: '3600000' },
        { name: 'min.insync.replicas', value: '1' },
        { name: 'flush.ms', value: '1234' },
      ],
      specs,
    );
    const told = await run();
    expect(told.code).toBe(1);
    expect(told.stdout).toContain('retention.ms is 1 hour where at least 30 days is wanted');
    expect(told.stdout).toContain('min.insync.replicas is 1 where at least 2 is wanted');
    expect(await checkTopics(admin, specs)).not.toEqual([]);

    const applied = await run('--apply');
    expect(applied.code).toBe(0);
    expect(applied.stdout).toContain('put right: min.insync.replicas is 1');
    const right = { 'retention.ms': String(30 * 86_400_000), 'min.insync.replicas': '2', 'flush.ms': '1234' };
    await expect.poll(() => settingsOf('differing.ALARM', specs), { timeout: 20_000 }).toMatchObject(right);
  });

  it('never changes a number of partitions, and the log refuses to start on unequal ones', async () => {
    const { run } = installation('unequal.');
    await run();
    await admin.createPartitions({ topicPartitions: [{ topic: 'unequal.OK', count: 5 }] });
    const { code, stdout } = await run('--apply');
    expect(code).toBe(1);
    expect(stdout).toMatch(/unequal\.OK +has 5 partitions where 3 are needed/);
    await expect(checkTopics(admin, topicSpecs({ prefix: 'unequal.', partitions: 3, replicationFactor: 3 }))).rejects.toMatchObject({
      code: 'topics-unfit',
      message: expect.stringContaining('topic unequal.OK has 5 partitions where 3 are needed'),
    });
  });

  it('keeps the log from starting with a STATE topic that forgets, or with missing topics', async () => {
    const { specs, run } = installation('forgetful.');
    await expect(checkTopics(admin, specs)).rejects.toThrow('topic forgetful.ENTRY does not exist');
    const settings = { TOCSIN_KAFKA_BROKERS: kafka.brokers.join(','), TOCSIN_KAFKA_PREFIX: 'forgetful.', TOCSIN_OPERATIONS_PORT: '0' };
    const refused = await runProgram('main.ts', ['processor'], settings);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^start: topic forgetful\.ENTRY does not exist; .*"npm run topics" creates what is missing/);
    await run();
    await setTo('forgetful.STATE', [{ name: 'cleanup.policy', value: 'delete' }], specs);
    await expect(checkTopics(admin, specs)).rejects.toThrow('cleanup.policy is delete where compact is wanted');
    expect(await run('--apply')).toMatchObject({ code: 0 });
    await expect.poll(() => checkTopics(admin, specs).catch(() => 'refused'), { timeout: 20_000 }).toEqual([]);
  });

  it('creates nothing when there are too few brokers, and says which setting helps', async () => {
    const { specs } = installation('lonely.');
    const settings = { TOCSIN_KAFKA_BROKERS: kafka.brokers.join(','), TOCSIN_KAFKA_PREFIX: 'lonely.', TOCSIN_KAFKA_REPLICATION: '4' };
    const { code, stdout } = await runProgram('main/topics/main.ts', [], settings);
    expect(code).toBe(1);
    expect(stdout).toContain('4 replicas need as many brokers, and there are 3. TOCSIN_KAFKA_REPLICATION=3');
    expect(await describeTopics(admin, specs)).toEqual([]);
  });

  it('says in plain words that no broker answers, or that a setting is missing', async () => {
    const away = await runProgram('main/topics/main.ts', [], { TOCSIN_KAFKA_BROKERS: '127.0.0.1:1' });
    expect(away).toMatchObject({ code: 1, stdout: '' });
    expect(away.stderr).toMatch(/^topics: no broker of 127\.0\.0\.1:1 accepts the connection: .*ECONNREFUSED/);
    const unset = await runProgram('main/topics/main.ts', [], {});
    expect(unset.code).toBe(2);
    expect(unset.stderr).toContain('TOCSIN_KAFKA_BROKERS is not set');
    expect(await runProgram('main/topics/main.ts', ['--aply'], {})).toMatchObject({ code: 2 });
    expect((await runProgram('main/topics/main.ts', ['--help'], {})).stdout).toContain('Usage: npm run topics');
  });
});
