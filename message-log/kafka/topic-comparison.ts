import { isDispensable, TIME_AFTER_SETTING, TIME_BEFORE_SETTING, type TopicSpec } from './topics.ts';
import { counted } from '../../runtime/counted.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../runtime/durations.ts';

/** A topic as the brokers describe it. */
export interface FoundTopic {
  readonly name: string;
  readonly partitions: number;
  /** Replicas of the partition that has the fewest. */
  readonly replication: number;
  readonly settings: Readonly<Record<string, string>>;
}

export interface Difference {
  /** The topic's name in Kafka. */
  readonly name: string;
  readonly kind: 'missing' | 'partitions' | 'replication' | 'setting';
  /** In plain words, without the topic. */
  readonly text: string;
  /** Whether alarms could be lost or wrong; then the log doesn't start. */
  readonly refused: boolean;
  /** The setting that corrects it and removes no records; undefined: not for a program to correct. */
  readonly remedy?: { readonly setting: string; readonly value: string };
}

/** Settings for which more is as good; -1 means unlimited. */
const AT_LEAST = new Set(['retention.ms', 'delete.retention.ms', 'min.insync.replicas', 'max.message.bytes']);

/** Brokers before 3.6 don't have them. */
const TIME_SETTINGS = [TIME_BEFORE_SETTING, TIME_AFTER_SETTING];

/** The differences that matter, topic by topic. */
export function compareTopics(wanted: readonly TopicSpec[], found: readonly FoundTopic[]): Difference[] {
  return wanted.flatMap((spec) =>
    compareTopic(
      spec,
      found.find(({ name }) => name === spec.name),
    ),
  );
}

function compareTopic(spec: TopicSpec, found: FoundTopic | undefined): Difference[] {
  const { name } = spec;
  const refused = !isDispensable(spec.topic);
  if (!found) return [{ name, kind: 'missing', text: 'does not exist', refused }];
  const differences: Difference[] = [];
  if (found.partitions !== spec.partitions) {
    const text = `has ${counted(found.partitions, 'partition')} where ${spec.partitions} are needed: all topics must have the same number, so that one task sees everything of a sensor`;
    differences.push({ name, kind: 'partitions', text, refused });
  }
  if (found.replication < spec.replicationFactor) {
    const text = `is kept on ${counted(found.replication, 'broker')} where ${spec.replicationFactor} are wanted: change it with kafka-reassign-partitions`;
    differences.push({ name, kind: 'replication', text, refused: false });
  }
  for (const [setting, value] of Object.entries(spec.config)) {
    const is = found.settings[setting];
    if (is !== undefined && !suffices(setting, is, value)) differences.push(settingDiffers(spec, found, { setting, is, wanted: value }));
  }
  if (TIME_SETTINGS.some((setting) => setting in spec.config && isUnknown(setting, found))) differences.push(takesAnyTime(name));
  return differences;
}

/** Whether the brokers name the topic's settings, but not this one. */
function isUnknown(setting: string, { settings }: FoundTopic): boolean {
  return settings[setting] === undefined && Object.keys(settings).length > 0;
}

function takesAnyTime(name: string): Difference {
  const text =
    'takes records of any time: Kafka before 3.6 cannot refuse them, so a proxy whose clock is ahead can hide alarms. Watch the clocks, or use newer brokers';
  return { name, kind: 'setting', text, refused: false };
}

interface DifferentSetting {
  readonly setting: string;
  readonly is: string;
  readonly wanted: string;
}

function settingDiffers({ topic, name }: TopicSpec, { replication }: FoundTopic, { setting, is, wanted }: DifferentSetting): Difference {
  const text = `${setting} is ${inWords(setting, is)} where ${AT_LEAST.has(setting) ? 'at least ' : ''}${inWords(setting, wanted)} is wanted`;
  // Removal by age would take the state of sensors that have been quiet for long.
  const refused = topic === 'STATE' && setting === 'cleanup.policy' && is.includes('delete');
  const difference = { name, kind: 'setting', text, refused } as const;
  const unwritable = setting === 'min.insync.replicas' && Number(wanted) > replication;
  return unwritable ? difference : { ...difference, remedy: { setting, value: wanted } };
}

function suffices(setting: string, is: string, wanted: string): boolean {
  if (!AT_LEAST.has(setting)) return is === wanted;
  return is === '-1' || (wanted !== '-1' && Number(is) >= Number(wanted));
}

const UNITS = [
  ['day', DAY_MS],
  ['hour', HOUR_MS],
  ['minute', MINUTE_MS],
  ['second', 1_000],
] as const;

/** Milliseconds in the largest unit that fits. */
function inWords(setting: string, value: string): string {
  if (!setting.endsWith('.ms')) return value;
  if (value === '-1') return 'unlimited';
  const [unit, ms] = UNITS.find(([, size]) => Number(value) >= size && Number(value) % size === 0) ?? ['millisecond', 1];
  return counted(Number(value) / ms, unit);
}
