/** Brokers with authentication and ACLs: each role has its own user and password, over TLS. */
import { readFileSync } from 'node:fs';
import kafkajs, { type Kafka } from 'kafkajs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChainCheck } from '../../../console/audit/chain-check.ts';
import { pageOfRows } from '../../../console/audit/page-of-rows.ts';
import { AuditTrail } from '../../../console/audit/trail.ts';
import { visitRecords } from '../../../main/visit-records.ts';
import { LOG_USERS, type LogUser } from '../../../records/topics.ts';
import { kafkaSettings } from '../../../kafka/config.ts';
import { openKafkaLog } from '../../../message-log/kafka/log.ts';
import { checkTopics } from '../../../message-log/kafka/topic-administration.ts';
import { topicSpecs } from '../../../message-log/kafka/topics.ts';
import { partitionOf } from '../../../message-log/partitioning.ts';
import type { MessageLog, TaskLog } from '../../../message-log/port.ts';
import { TOPICS, type Topic } from '../../../records/topics.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { Health } from '../../../runtime/health.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { runProgram } from '../../support/program.ts';
import { startKafka, type TestKafka } from '../../support/servers/kafka.ts';
import { ownAll, valuesOf } from '../../support/log-reading.ts';

const PREFIX = 'arc.';
const passwordOf = (role: string): string => `password-of-${role}`;
const userOf = (role: string): string => `tocsin-${role}`;
const specs = topicSpecs({ prefix: PREFIX, partitions: 2, replicationFactor: 1 });

let kafka: TestKafka;

beforeAll(async () => {
  const names = [...LOG_USERS, 'stranger'];
  kafka = await startKafka({ security: 'scram', users: Object.fromEntries(names.map((role) => [userOf(role), passwordOf(role)])) });
});

afterAll(() => kafka?.destroy());

function settingsFor(user: string, password: string): Record<string, string> {
  return {
    TOCSIN_KAFKA_BROKERS: kafka.brokers.join(','),
    TOCSIN_KAFKA_PREFIX: PREFIX,
    TOCSIN_KAFKA_PARTITIONS: '2',
    TOCSIN_KAFKA_REPLICATION: '1',
    TOCSIN_KAFKA_TLS: 'on',
    TOCSIN_KAFKA_CA_FILE: kafka.caFile ?? '',
    TOCSIN_KAFKA_SASL: 'scram-sha-512',
    TOCSIN_KAFKA_USER: user,
    TOCSIN_KAFKA_PASSWORD: password,
  };
}

function adminSettings(): Record<string, string> {
  const { username, password } = kafka.connection.sasl as { username: string; password: string };
  return settingsFor(username, password);
}

const topics = (settings: Record<string, string>, ...args: string[]) => runProgram('main/topics/main.ts', args, settings);

function clientOf(role: string): Kafka {
  return new kafkajs.Kafka({
    brokers: kafka.brokers,
    ssl: { ca: [readFileSync(kafka.caFile ?? '', 'utf8')] },
    sasl: { mechanism: 'scram-sha-512', username: userOf(role), password: passwordOf(role) },
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { retries: 2, initialRetryTime: 50 },
  });
}

/** As in main. */
async function openLog(settings: Record<string, string>): Promise<MessageLog> {
  const config = readSettings(kafkaSettings, settings);
  const deps = { clock: Date.now, logger: pino({ level: 'silent' }), registry: new Registry(), health: new Health() };
  return await openKafkaLog({ ...config, brokers: kafka.brokers }, deps);
}

/** Kafka's name for the refusal, or else kafkajs'. */
function nameOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) if ('type' in at && typeof at.type === 'string') return at.type;
  return error instanceof Error ? error.name : String(error);
}

const outcomeOf = (work: () => Promise<unknown>): Promise<string> => work().then(() => 'done', nameOf);

async function write(role: string, topic: Topic, transactionalId?: string): Promise<string> {
  const producer = clientOf(role).producer({
    maxInFlightRequests: 1,
    ...(transactionalId === undefined ? {} : { idempotent: true, transactionalId }),
  });
  try {
    await producer.connect();
    const record = { topic: PREFIX + topic, messages: [{ key: '42', value: '{"id":42}', partition: 0 }], acks: -1 };
    if (transactionalId === undefined) return await outcomeOf(() => producer.send(record));
    return await outcomeOf(async () => {
      const transaction = await producer.transaction();
      await transaction.send(record);
      await transaction.commit();
    });
  } finally {
    await producer.disconnect();
  }
}

/** Reads the topic's first record as a member of the group. */
async function read(role: string, topic: Topic, group: string): Promise<string> {
  const consumer = clientOf(role).consumer({ groupId: PREFIX + group, retry: { retries: 5, initialRetryTime: 50 } });
  let settle: (outcome: string) => void = () => undefined;
  const outcome = new Promise<string>((resolve) => {
    settle = resolve;
  });
  consumer.on('consumer.crash', ({ payload: { error, restart } }) => {
    if (!restart) settle(nameOf(error));
  });
  try {
    const started = await outcomeOf(async () => {
      await consumer.connect();
      await consumer.subscribe({ topic: PREFIX + topic, fromBeginning: true });
      await consumer.run({ eachMessage: async () => settle('done') });
    });
    return started === 'done' ? await outcome : started;
  } finally {
    await consumer.disconnect();
  }
}

const MAY_WRITE: Readonly<Record<LogUser, readonly Topic[]>> = {
  proxy: ['ENTRY', 'OK'],
  processor: ['ALARM', 'COUNT', 'STATE', 'SUPERVISION', 'DEAD'],
  mailer: ['DELIVERY', 'DEAD'],
  archiver: ['DEAD'],
  history: ['DEAD'],
  console: ['ACTION', 'AUDIT'],
  'dead-letters': ['ENTRY', 'OK', 'DEAD'],
};

describe('an administrator', () => {
  it('creates topics and ACLs over TLS, signed in with SCRAM, and finds nothing more to do afterwards', async () => {
    expect(await topics(adminSettings())).toMatchObject({ code: 0, stderr: '' });
    const first = await topics(adminSettings(), '--acls', '--apply');
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toContain('User:tocsin-proxy may do the 22 things that the proxy needs');
    expect(await topics(adminSettings(), '--acls', '--apply')).toMatchObject({ code: 0, stdout: first.stdout });
  });

  it('learns which rights a role has that it does not need', async () => {
    const rights = ['--allow-principal', 'User:tocsin-proxy', '--operation', 'Read', '--topic', 'arc.ALARM'];
    const config = ['--command-config', await kafka.clientProperties('admin')];
    expect((await kafka.tool('kafka-acls', [...config, '--add', ...rights])).code).toBe(0);
    const { code, stdout } = await topics(adminSettings(), '--acls', '--apply');
    expect(code).toBe(1);
    expect(stdout).toContain('and, without need: read on topic arc.ALARM');
    expect((await kafka.tool('kafka-acls', [...config, '--remove', '--force', ...rights])).code).toBe(0);
    expect(await topics(adminSettings(), '--acls', '--apply')).toMatchObject({ code: 0 });
  });

  it("can leave it to Kafka's own tool: the printed commands allow the same", async () => {
    const { stdout } = await topics(settingsFor('admin', 'not needed to print'), '--acls', '--principal', 'User:other-ROLE');
    const config = await kafka.clientProperties('admin');
    const commands = stdout
      .split('\n')
      .filter((line) => line.startsWith('kafka-acls') && /other-processor.*('arc\.STATE'|transactional-id)/.test(line));
    expect(commands).toHaveLength(2);
    for (const command of commands) {
      const words = command.split(' ').map((word) => word.replace(/^'(.*)'$/, '$1').replace(/^admin\.properties$/, config));
      const { code, stderr } = await kafka.tool('kafka-acls', words.slice(words.indexOf('--command-config')));
      expect(stderr).toBe('');
      expect(code).toBe(0);
    }
    const list = await kafka.tool('kafka-acls', ['--command-config', config, '--list', '--principal', 'User:other-processor']);
    expect(list.stdout).toMatch(/name=arc\.STATE[\s\S]*operation=WRITE/);
    expect(list.stdout).toMatch(/TRANSACTIONAL_ID, name=arc\.\S+, patternType=PREFIXED/);
  });
});

/** Kafka doesn't name the coordinator of a foreign group, and kafkajs reports that in its own words. */
const REFUSED = /(GROUP|TRANSACTIONAL_ID)_AUTHORIZATION_FAILED|GroupCoordinatorNotFound/;

describe('a role', () => {
  it('is refused with a wrong password, and without TLS', async () => {
    const wrong = await topics(settingsFor('admin', 'guessed'));
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/accepts the connection: .*[Aa]uthentication/);
    expect(wrong.stderr).not.toContain('guessed');
    const plain = await topics({ TOCSIN_KAFKA_BROKERS: kafka.brokers.join(',') });
    expect(plain.code).toBe(1);
  });

  it('without ACLs sees no topic', async () => {
    const admin = clientOf('stranger').admin();
    await admin.connect();
    expect(await admin.listTopics()).toEqual([]);
    await admin.disconnect();
  });

  it.each(LOG_USERS)('%s passes the check at its start', async (role) => {
    const admin = clientOf(role).admin();
    await admin.connect();
    expect(await checkTopics(admin, specs)).toEqual([]);
    await admin.disconnect();
  });

  it.each(LOG_USERS)('%s writes its own topics and no other', async (role) => {
    const outcomes: Record<string, string> = {};
    for (const topic of TOPICS) outcomes[topic] = await write(role, topic);
    const allowed = (topic: Topic): string => (MAY_WRITE[role].includes(topic) ? 'done' : 'TOPIC_AUTHORIZATION_FAILED');
    expect(outcomes).toEqual(Object.fromEntries(TOPICS.map((topic) => [topic, allowed(topic)])));
  });

  it('reads its own inputs, as its own group only', async () => {
    const reads: [LogUser, Topic, string][] = [
      ['processor', 'ENTRY', 'processor'],
      ['processor', 'ACTION', 'processor'],
      ['processor', 'STATE', 'processor'],
      ['mailer', 'ALARM', 'mailer'],
      ['archiver', 'DELIVERY', 'archiver'],
      ['history', 'COUNT', 'counter'],
      ['history', 'ALARM', 'states'],
    ];
    for (const [role, topic, group] of reads) expect(`${role} ${topic} ${await read(role, topic, group)}`).toBe(`${role} ${topic} done`);
    expect(await read('mailer', 'ALARM', 'archiver')).toMatch(REFUSED);
    expect(await read('mailer', 'ENTRY', 'mailer')).toBe('TOPIC_AUTHORIZATION_FAILED');
    expect(await read('history', 'DELIVERY', 'states')).toBe('TOPIC_AUTHORIZATION_FAILED');
    expect(await read('proxy', 'ALARM', 'mailer')).toMatch(REFUSED);
  });

  it('does its work through our log', async () => {
    const open = (role: LogUser): Promise<MessageLog> => openLog(settingsFor(userOf(role), passwordOf(role)));
    const logs = await Promise.all([open('proxy'), open('processor'), open('console'), open('archiver')]);
    const [proxy, processor, console, archiver] = logs as [MessageLog, MessageLog, MessageLog, MessageLog];
    const id = 4_711;
    const partition = partitionOf(id, 2);
    const mark = `work ${Date.now()}`;
    try {
      await proxy.append('ENTRY', oneRecord(id, `{"id":${id}}`), Date.now());
      const { tasks } = await ownAll(processor);
      const task = tasks.find((candidate) => candidate.partition === partition) as TaskLog;
      await task.restore(
        () => undefined,
        () => undefined,
      );
      const positions = { ENTRY: (await processor.bounds('ENTRY', partition)).next, OK: 0, ACTION: 0 };
      const outputs = (['ALARM', 'COUNT', 'DEAD'] as const).map((topic) => ({ topic, key: id, at: Date.now(), value: Buffer.from(mark) }));
      await task.commit(outputs, [{ key: id, value: Buffer.from(mark) }], positions);

      const subscription = await archiver.subscribe('archiver', ['ALARM', 'DELIVERY']);
      const seen: string[] = [];
      while (!seen.includes(mark)) seen.push(...valuesOf(await subscription.poll(1_000)));
      const { next } = await archiver.bounds('ALARM', partition);
      await subscription.commit('ALARM', partition, next);
      await expect.poll(() => console.committed('archiver', 'ALARM', partition)).toBe(next);
      await console.append('ACTION', oneRecord(id, '{}'), Date.now());
    } finally {
      await Promise.all(logs.map((log) => log.close()));
    }
  });

  it('writes the audit trail as console, and checks it with the same rights as a doctor does', async () => {
    const settings = settingsFor(userOf('console'), passwordOf('console'));
    const log = await openLog(settings);
    const deps = { log, health: new Health(), clock: Date.now, logger: pino({ level: 'silent' }), endFile: undefined };
    const trail = await AuditTrail.start({ ...deps, waitingMax: 1_000_000 });
    for (let sensor = 0; sensor < 250; sensor += 1)
      trail.record({ action: 'sensor-viewed', by: 'Ann', as: 'user', from: '::1', on: [{ sensor }] });
    await expect.poll(() => trail.waiting).toBe(0);
    await trail.stop();
    const page = await pageOfRows(log, { from: undefined, to: undefined, by: 'Ann', action: undefined }, 2, undefined);
    expect(page.rows.map(({ on }) => on)).toEqual([[{ sensor: 249 }], [{ sensor: 248 }]]);
    await log.close();
    const chains = new ChainCheck([]);
    const read = await visitRecords(await openLog(settings), 'AUDIT', (record) => chains.add(record));
    const { problems, ...found } = chains.result(read);
    expect(found).toMatchObject({ rows: 252, chains: 1 });
    // Another test has written what is no row.
    expect(problems.filter((problem) => problem.startsWith('chain'))).toEqual([]);
  });

  it('writes in transactions only as processor, and only with its ids', async () => {
    expect(await write('processor', 'ALARM', `${PREFIX}task-0`)).toBe('done');
    expect(await write('processor', 'ALARM', 'other-0')).toMatch(REFUSED);
    expect(await write('mailer', 'DELIVERY', `${PREFIX}task-0`)).toMatch(REFUSED);
  });
});
