import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { PermanentError, TransientError } from '../../runtime/errors.ts';
import { compareTopics, type Difference, type FoundTopic } from './topic-comparison.ts';
import { TIME_AFTER_SETTING, TIME_BEFORE_SETTING, type TopicSpec } from './topics.ts';

const LEADERS_DEADLINE_MS = 30_000;
const LEADERS_EVERY_MS = 100;

/** The topics as they are now, without those that don't exist or that this user may not see. */
export async function describeTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<FoundTopic[]> {
  const visible = new Set(await admin.listTopics());
  const names = specs.map(({ name }) => name).filter((name) => visible.has(name));
  if (names.length === 0) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  const settings = await settingsOf(admin, names);
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.length,
    replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
    settings: Object.fromEntries((settings.get(name) ?? []).map(({ configName, configValue }) => [configName, configValue])),
  }));
}

/**
 * Compares the topics before anything is read or written. Resolves with harmless differences, to be logged. Rejects with PermanentError
 * `topics-unfit` if topics are missing, have another number of partitions, or would lose state.
 */
export async function checkTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<readonly Difference[]> {
  const differences = compareTopics(specs, await describeTopics(admin, specs));
  const refused = differences.filter((difference) => difference.refused);
  if (refused.length === 0) return differences;
  const lines = refused.map(({ name, text }) => `topic ${name} ${text}`);
  throw new PermanentError(
    'topics-unfit',
    `${lines.join('; ')}. "npm run topics" creates what is missing and says what to do about the rest`,
  );
}

/** Creates topics, and resolves once each of their partitions has a leader. Topics that exist already are left as they are. */
export async function createTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  if (specs.length === 0) return;
  await create(admin, specs).catch(async (error: unknown) => {
    // Brokers before 3.6 don't know the limits for record times; the comparison says so.
    if (!isUnknownSetting(error)) throw error;
    await create(admin, specs, [TIME_BEFORE_SETTING, TIME_AFTER_SETTING]);
  });
  await untilLed(
    admin,
    specs.map(({ name }) => name),
  );
}

async function create(admin: Admin, specs: readonly TopicSpec[], without: readonly string[] = []): Promise<void> {
  const topics = specs.map(({ name, partitions, replicationFactor, config }) => ({
    topic: name,
    numPartitions: partitions,
    replicationFactor,
    configEntries: Object.entries(config)
      .filter(([setting]) => !without.includes(setting))
      .map(([setting, value]) => ({ name: setting, value })),
  }));
  await admin.createTopics({ topics, waitForLeaders: false });
}

/** Other topics of the same request may have been created nevertheless. */
function isUnknownSetting(error: unknown): boolean {
  const errors = error instanceof kafkajs.KafkaJSAggregateError ? error.errors : [error];
  return errors.some((one) => one instanceof kafkajs.KafkaJSProtocolError && one.type === 'INVALID_CONFIG');
}

/** kafkajs can wait for leaders itself, but fails if a broker hasn't heard of the topic yet. */
async function untilLed(admin: Admin, names: string[]): Promise<void> {
  const end = Date.now() + LEADERS_DEADLINE_MS;
  for (;;) {
    const led = await admin.fetchTopicMetadata({ topics: names }).then(
      ({ topics }) => topics.every(({ partitions }) => partitions.length > 0 && partitions.every(({ leader }) => leader >= 0)),
      (error: unknown) => {
        if (error instanceof kafkajs.KafkaJSProtocolError && error.retriable) return false;
        throw error;
      },
    );
    if (led) return;
    if (Date.now() > end)
      throw new TransientError('no-leaders', 'the topics were created, but some of their partitions have no leader yet');
    await delay(LEADERS_EVERY_MS);
  }
}

/** Corrects the differences that have a remedy, none of which removes records. Resolves with those it corrected. */
export async function applyRemedies(admin: Admin, differences: readonly Difference[]): Promise<readonly Difference[]> {
  const remedied = differences.filter(({ remedy }) => remedy);
  const names = [...new Set(remedied.map(({ name }) => name))];
  if (names.length === 0) return [];
  const current = await settingsOf(admin, names);
  const resources = names.map((name) => {
    // The request replaces everything that was ever set on the topic, so it must repeat what is set.
    const set = (current.get(name) ?? []).filter(({ configSource }) => configSource === SET_ON_TOPIC);
    const entries = new Map(set.map(({ configName, configValue }) => [configName, configValue]));
    for (const { name: topic, remedy } of remedied) if (topic === name && remedy) entries.set(remedy.setting, remedy.value);
    return { type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries: [...entries].map(([key, value]) => ({ name: key, value })) };
  });
  await admin.alterConfigs({ validateOnly: false, resources });
  return remedied;
}

/** kafkajs' ConfigSource.TOPIC_CONFIG. */
const SET_ON_TOPIC = 1;

type Setting = Awaited<ReturnType<Admin['describeConfigs']>>['resources'][number]['configEntries'][number];

async function settingsOf(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, readonly Setting[]>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(resources.map(({ resourceName, configEntries }) => [resourceName, configEntries]));
}
