import type { Admin } from 'kafkajs';
import { applyRemedies, createTopics, describeTopics } from '../../message-log/kafka/topic-administration.ts';
import { compareTopics, type Difference } from '../../message-log/kafka/topic-comparison.ts';
import { counted } from '../../runtime/counted.ts';
import type { TopicSpec } from '../../message-log/kafka/topics.ts';

export interface Outcome {
  /** For a person: one line for each topic and a last one for all. */
  readonly lines: readonly string[];
  /** Whether all topics are as they should be now. */
  readonly fit: boolean;
}

/** Creates missing topics, and reports how the others differ; `apply` corrects differences where that removes no records. Never deletes. */
export async function ensureTopics(admin: Admin, specs: readonly TopicSpec[], apply: boolean): Promise<Outcome> {
  const before = compareTopics(specs, await describeTopics(admin, specs));
  const missing = new Set(before.filter(({ kind }) => kind === 'missing').map(({ name }) => name));
  const tooFew = await brokersMissing(admin, specs, missing);
  if (tooFew) return { lines: [tooFew], fit: false };
  await createTopics(
    admin,
    specs.filter(({ name }) => missing.has(name)),
  );
  const differing = before.filter(({ kind }) => kind !== 'missing');
  const changed = apply ? await applyRemedies(admin, differing) : [];
  const left = differing.filter((difference) => !changed.includes(difference));

  const width = Math.max(...specs.map(({ name }) => name.length));
  const lines = specs.flatMap((spec) => linesOf(spec, missing, changed, left).map((text) => `${spec.name.padEnd(width)}  ${text}`));
  return { lines: [...lines, summaryOf(missing.size, changed.length, left)], fit: left.length === 0 };
}

async function brokersMissing(admin: Admin, specs: readonly TopicSpec[], missing: ReadonlySet<string>): Promise<string | undefined> {
  const { brokers } = await admin.describeCluster();
  const wanted = Math.max(0, ...specs.filter(({ name }) => missing.has(name)).map(({ replicationFactor }) => replicationFactor));
  if (wanted <= brokers.length) return undefined;
  const has = brokers.length === 1 ? 'there is 1' : `there are ${brokers.length}`;
  return `Nothing was created: ${wanted} replicas need as many brokers, and ${has}. TOCSIN_KAFKA_REPLICATION=${brokers.length} makes do with them`;
}

function linesOf(spec: TopicSpec, missing: ReadonlySet<string>, changed: readonly Difference[], left: readonly Difference[]): string[] {
  const { name, partitions, replicationFactor } = spec;
  if (missing.has(name)) return [`created with ${counted(partitions, 'partition')} on ${counted(replicationFactor, 'broker')} each`];
  const here = (difference: Difference): boolean => difference.name === name;
  const lines = [...changed.filter(here).map(({ text }) => `put right: ${text}`), ...left.filter(here).map(({ text }) => text)];
  return lines.length > 0 ? lines : ['is as it should be'];
}

function summaryOf(created: number, changed: number, left: readonly Difference[]): string {
  const done = [...(created > 0 ? [`${created} created`] : []), ...(changed > 0 ? [`${changed} put right`] : [])];
  if (left.length === 0) return `All topics are as they should be${done.length > 0 ? `: ${done.join(', ')}` : ''}.`;
  const remediable = left.filter(({ remedy }) => remedy).length;
  const advice = [
    ...(remediable > 0 ? [`--apply puts ${remediable} of them right`] : []),
    ...(remediable < left.length ? [`${counted(left.length - remediable, 'is', 'are')} left to you, see docs/kafka.md`] : []),
  ];
  return [...done, counted(left.length, 'difference')].join(', ').concat(`: ${advice.join(', ')}.`);
}
