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

/** A record of 1 MiB and what is around it; replicas take it whatever their fetch size is. */
export const BATCH_BYTES_MAX = 2 * 1024 * 1024;
/** Ours are cut there, unless a single record is larger, so that one partition doesn't hold up a request. */
export const BATCH_BYTES = 1024 * 1024;

/** How far a record's time may lie before and after the broker's, where what is detected depends on it. */
export interface TimeLimits {
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** A clock that is ahead deafens sensors with a recovery from the future: less is borne with of that than of one that is behind. */
export const TIME_LIMITS: TimeLimits = { beforeMs: 60_000, afterMs: 5_000 };
export const TIME_BEFORE_SETTING = 'message.timestamp.before.max.ms';
export const TIME_AFTER_SETTING = 'message.timestamp.after.max.ms';

/** Whether the broker refuses records of the topic for their time. */
export const isTimed = (topic: Topic): boolean => rowOf(topic).timed;

/** Every topic as it should be; `npm run topics` makes it so and the start says what differs. */
export function topicSpecs({ prefix, partitions, replicationFactor }: TopicSettings): readonly TopicSpec[] {
  const common = {
    'min.insync.replicas': String(Math.max(1, replicationFactor - 1)),
    'unclean.leader.election.enable': 'false',
    // The broker unpacks what other producers compressed, so that readers need no codecs.
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

/** Small segments, since only closed ones are compacted and a restore reads all that is left. */
function compacted(): Record<string, string> {
  return {
    'cleanup.policy': 'compact',
    'delete.retention.ms': String(7 * DAY_MS),
    'segment.ms': String(HOUR_MS),
    'segment.bytes': String(64 * 1024 * 1024),
    'min.cleanable.dirty.ratio': '0.3',
  };
}
