/** A broker for a single bench, and its topics. */
import kafkajs, { type Admin } from 'kafkajs';
import { createTopics } from '../../message-log/kafka/topic-administration.ts';
import { topicSpecs } from '../../message-log/kafka/topics.ts';
import type { Topic } from '../../records/topics.ts';
import { startKafka, type TestKafka } from '../../test/support/servers/kafka.ts';

export const PARTITIONS = 8;

const BROKER_FLAGS = ['-XX:+UseG1GC', '-Xms1g', '-Xmx1g'];
const SPECS = topicSpecs({ prefix: '', partitions: PARTITIONS, replicationFactor: 1 });

/** The settings with which our programs use the broker. */
export function settingsFor(brokers: readonly string[]): NodeJS.ProcessEnv {
  return { TOCSIN_KAFKA_BROKERS: brokers.join(','), TOCSIN_KAFKA_PARTITIONS: String(PARTITIONS), TOCSIN_KAFKA_REPLICATION: '1' };
}

export interface BenchBroker {
  readonly kafka: TestKafka;
  /** Deletes all groups, and creates all topics again except these, so that there is no state and no alarm. */
  empty(kept?: readonly Topic[]): Promise<void>;
  /** How many records the topic has had. */
  recordsIn(topic: Topic): Promise<number>;
}

/** Does `work` with a one-node broker that has all topics, and removes it afterwards. */
export async function withBroker<T>(work: (broker: BenchBroker) => Promise<T>): Promise<T> {
  const kafka = await startKafka({ java: BROKER_FLAGS });
  const admin = new kafkajs.Kafka({ ...kafka.connection, logLevel: kafkajs.logLevel.NOTHING }).admin();
  try {
    await admin.connect();
    await createTopics(admin, SPECS);
    return await work({
      kafka,
      empty: (kept = []) => empty(admin, kept),
      recordsIn: async (topic) => (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0),
    });
  } finally {
    await admin.disconnect();
    await kafka.destroy();
  }
}

async function empty(admin: Admin, kept: readonly Topic[]): Promise<void> {
  const renewed = SPECS.filter(({ topic }) => !kept.includes(topic));
  const changelogs = (await admin.listTopics()).filter((name) => name.startsWith('peer-'));
  const { groups } = await admin.listGroups();
  await admin.deleteGroups(groups.map(({ groupId }) => groupId)).catch(() => undefined);
  const removed = [...renewed.map(({ name }) => name), ...changelogs];
  await admin.deleteTopics({ topics: removed });
  await untilGone(admin, new Set(removed));
  await createTopics(admin, renewed);
}

async function untilGone(admin: Admin, names: ReadonlySet<string>): Promise<void> {
  const end = Date.now() + 30_000;
  while ((await admin.listTopics()).some((name) => names.has(name))) {
    if (Date.now() > end) throw new Error('the topics of the last run were not removed');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
