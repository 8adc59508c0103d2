/** The log on a real Kafka, with topics of its own. */
import kafkajs, { type Admin } from 'kafkajs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { KafkaConfig } from '../../message-log/kafka/config.ts';
import { openKafkaLog } from '../../message-log/kafka/log.ts';
import { createTopics } from '../../message-log/kafka/topic-administration.ts';
import { topicSpecs } from '../../message-log/kafka/topics.ts';
import type { MessageLog } from '../../message-log/port.ts';
import { Health } from '../../runtime/health.ts';
import type { TestKafka } from './servers/kafka.ts';

let installations = 0;

export interface KafkaInstallation {
  readonly config: KafkaConfig;
  readonly health: Health;
  readonly registry: Registry;
  /** Another log on the same topics, as another process would open it. */
  open(overrides?: Partial<KafkaConfig>): Promise<MessageLog>;
}

/** Creates the topics of an installation; each call has its own. */
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
    open: (more = {}) =>
      openKafkaLog(
        { ...config, ...more },
        { clock: Date.now, logger: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }), registry, health },
      ),
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
