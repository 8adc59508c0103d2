/** The log on a real Kafka, with topics of its own. */
import { spawn } from 'node:child_process';
import kafkajs, { type Admin } from 'kafkajs';
import { type Logger, pino } from 'pino';
import { Registry } from 'prom-client';
import { Client } from '../../kafka/client.ts';
import type { KafkaConfig } from '../../kafka/config.ts';
import { openKafkaLog } from '../../message-log/kafka/log.ts';
import { kafkaMetrics } from '../../message-log/kafka/metrics.ts';
import { KafkaTaskLog } from '../../message-log/kafka/task-log.ts';
import { createTopics } from '../../message-log/kafka/topic-administration.ts';
import { topicSpecs } from '../../message-log/kafka/topics.ts';
import type { MessageLog } from '../../message-log/port.ts';
import { TOPICS } from '../../records/topics.ts';
import type { Clock } from '../../runtime/clock.ts';
import { Health } from '../../runtime/health.ts';
import { NODE_FLAGS } from '../../runtime/node-flags.ts';
import { freeze } from './freeze.ts';
import type { TestKafka } from './servers/kafka.ts';

let installations = 0;

export interface KafkaInstallation {
  readonly config: KafkaConfig;
  readonly health: Health;
  readonly registry: Registry;
  /** Opens another log on the same topics, as another process would; `clock` is that of its machine. */
  open(overrides?: Partial<KafkaConfig>, clock?: Clock, logger?: Logger): Promise<MessageLog>;
}

/** Creates the topics of an installation; each call creates others. */
export async function kafkaInstallation(kafka: TestKafka, overrides: Partial<KafkaConfig> = {}): Promise<KafkaInstallation> {
  installations += 1;
  const config: KafkaConfig = {
    brokers: kafka.brokers,
    partitions: 2,
    replicationFactor: Math.min(3, kafka.brokers.length),
    prefix: `test-${installations}.`,
    clientId: 'tocsin-test',
    instanceId: undefined,
    sessionTimeoutMs: 6_000,
    appendTimeoutMs: 12_000,
    requestTimeoutMs: 3_000,
    tls: false,
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    saslMechanism: undefined,
    user: undefined,
    password: undefined,
    ...overrides,
  };
  await withAdmin(kafka, (admin) => createTopics(admin, topicSpecs(config)));
  const health = new Health();
  const registry = new Registry();
  return {
    config,
    health,
    registry,
    open: (more = {}, clock = Date.now, logger = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' })) =>
      openKafkaLog({ ...config, ...more }, { clock, logger, registry, health }),
  };
}

/** A task of the partition that no group assigned, as held by a process that wrongly takes itself for its owner. */
export async function taskBehindTheGroup({ config, registry }: KafkaInstallation, partition: number) {
  const { prefix, requestTimeoutMs } = config;
  const client = new Client(
    config,
    TOPICS.map((topic) => prefix + topic),
    pino({ level: 'silent' }),
  );
  await client.connect();
  const metrics = kafkaMetrics(registry, () => 0);
  const reader = () => Promise.reject(new Error('nobody reads here'));
  const deps = {
    client,
    logger: pino({ level: 'silent' }),
    metrics,
    prefix,
    requestTimeoutMs,
    clock: Date.now,
    reader,
    confirm: async () => undefined,
    onFenced: () => undefined,
  };
  return { task: new KafkaTaskLog(partition, deps), close: () => client.close() };
}

/** Writes into a transaction of the partition's task with kafkajs' own producer, and never ends it. */
export async function abandonTransaction(
  kafka: TestKafka,
  { config }: KafkaInstallation,
  partition: number,
  values: Readonly<Record<string, string>>,
): Promise<void> {
  const producer = new kafkajs.Kafka({ ...kafka.connection, logLevel: kafkajs.logLevel.NOTHING }).producer({
    transactionalId: `${config.prefix}task-${partition}`,
    maxInFlightRequests: 1,
    idempotent: true,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const transaction = await producer.transaction();
  await transaction.sendBatch({
    topicMessages: Object.entries(values).map(([topic, value]) => ({
      topic: config.prefix + topic,
      messages: [{ partition, key: '1', value }],
    })),
  });
  await producer.disconnect();
}

/** A process that owns tasks; `owns` resolves once it has that many. */
export function kafkaOwner({ config }: KafkaInstallation) {
  const child = spawn(process.execPath, [...NODE_FLAGS, 'test/support/kafka-owner.ts', JSON.stringify(config)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let held = 0;
  child.stdout.on('data', (data: Buffer) => {
    held = Number(data.toString().trim().split('\n').at(-1));
  });
  return {
    pid: child.pid,
    owns: async (count: number): Promise<void> => {
      for (const end = Date.now() + 30_000; held !== count; ) {
        if (Date.now() > end) throw new Error(`the process owns ${held} tasks, not ${count}`);
        await new Promise((done) => setTimeout(done, 20));
      }
    },
    kill: (): boolean => child.kill('SIGKILL'),
    /** Makes the process hang; later it continues as if nothing had happened. */
    freeze: (): Promise<void> => freeze(child.pid ?? 0),
    continue: (): boolean => child.kill('SIGCONT'),
  };
}

export async function withAdmin<T>(kafka: TestKafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new kafkajs.Kafka({ ...kafka.connection, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}
