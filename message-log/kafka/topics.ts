import { rowOf, TOPICS, type Topic } from '../../records/topics.ts';
import { DAY_MS, HOUR_MS } from '../../runtime/durations.ts';

/** What a topic must look like in Kafka. Partitions and replication come from the settings; `config` are Kafka's own names. */
export interface TopicSpec {
  readonly topic: Topic;
  /** Its name in Kafka: the prefix of the installation and the topic. */
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

export interface TopicSettings {
  readonly prefix: string;
  readonly partitions: number;
  readonly replicationFactor: number;
}

/** Room for a record of 1 MiB and its overhead. Replicas fetch a batch of this size whatever their fetch size is. */
export const BATCH_BYTES_MAX = 2 * 1024 * 1024;
/** Our batches end here, unless a single record is larger, so that one partition doesn't hold up a request. */
export const BATCH_BYTES = 1024 * 1024;

/** How far a record's time may be before and after the broker's, in topics whose times detection depends on. */
export interface TimeLimits {
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** Less is tolerated ahead than behind: a recovery from the future would keep a sensor's alarms from being raised. */
export const TIME_LIMITS: TimeLimits = { beforeMs: 60_000, afterMs: 5_000 };
export const TIME_BEFORE_SETTING = 'message.timestamp.before.max.ms';
export const TIME_AFTER_SETTING = 'message.timestamp.after.max.ms';

/** Whether brokers check the times of the topic's records. */
export const isTimed = (topic: Topic): boolean => rowOf(topic).timed;

/** Whether the log works without the topic. */
export const isDispensable = (topic: Topic): boolean => rowOf(topic).dispensable === true;

/** Every topic as it should be; `npm run topics` creates it so, and the start logs what differs. */
export function topicSpecs({ prefix, partitions, replicationFactor }: TopicSettings): readonly TopicSpec[] {
  const common = {
    'min.insync.replicas': String(Math.max(1, replicationFactor - 1)),
    'unclean.leader.election.enable': 'false',
    // Brokers unpack what other producers compressed, so that readers hardly ever have to.
    'compression.type': 'uncompressed',
    // The time of a record is when the proxy received it.
    'message.timestamp.type': 'CreateTime',
    'max.message.bytes': String(BATCH_BYTES_MAX),
  };
  return TOPICS.map((topic) => ({
    topic,
    name: prefix + topic,
    partitions,
    replicationFactor,
    config: { ...common, ...(isTimed(topic) ? timed() : {}), ...kept(topic) },
  }));
}

function timed(): Record<string, string> {
  return { [TIME_BEFORE_SETTING]: String(TIME_LIMITS.beforeMs), [TIME_AFTER_SETTING]: String(TIME_LIMITS.afterMs) };
}

function kept(topic: Topic): Record<string, string> {
  const days = rowOf(topic).kept;
  return days === 'newest' ? compacted() : deleted(days);
}

function deleted(days: number): Record<string, string> {
  return { 'cleanup.policy': 'delete', 'retention.ms': String(days * DAY_MS) };
}

/** Small segments, since only closed ones are compacted, and a restore reads everything that is left. */
function compacted(): Record<string, string> {
  return {
    'cleanup.policy': 'compact',
    'delete.retention.ms': String(7 * DAY_MS),
    'segment.ms': String(HOUR_MS),
    'segment.bytes': String(64 * 1024 * 1024),
    'min.cleanable.dirty.ratio': '0.3',
  };
}
