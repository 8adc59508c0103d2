/** A broker's time. Kafka has no request for it, but a broker that refuses a record for its time says which times it accepts. */
import { TransientError } from '../../runtime/errors.ts';
import type { Client } from '../../kafka/client.ts';
import { INVALID_TIMESTAMP } from '../../kafka/faults.ts';
import { type Broker, ask } from '../../kafka/kafkajs.ts';
import { TIME_AFTER_SETTING, TIME_BEFORE_SETTING, type TimeLimits } from './topics.ts';
import { BatchWriter } from '../../kafka/wire/batch-writer.ts';
import { PRODUCE, producedPlaces, produceRequest } from '../../kafka/wire/produce.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../runtime/durations.ts';

/** A partition by the topic's name in Kafka. */
export interface Place {
  readonly name: string;
  readonly partition: number;
}

const NOBODY = { producerId: -1, epoch: -1 };
const NO_SEQUENCE = -1;
/** In 1970, which no broker with limits accepts. */
const LONG_AGO = 1;
const TOPIC_RESOURCE = 2;
/** Wider limits count as none: they might accept the record that asks for the time. */
const WIDEST_MS = 365 * DAY_MS;

/** The brokers that lead partitions of the topic, each with one of its partitions. */
export function leadersOf(client: Client, name: string): Map<number, number> {
  const leaders = new Map<number, number>();
  for (let partition = 0; partition < client.partitionsOf(name); partition += 1) {
    const node = client.leaderOf(name, partition);
    if (node !== undefined && !leaders.has(node)) leaders.set(node, partition);
  }
  return leaders;
}

/** The broker's time according to this error text, epoch ms; undefined: it doesn't say. */
export function timeIn(words: string, { beforeMs, afterMs }: TimeLimits): number | undefined {
  const [, from, to] = /\[(-?\d+), ?(-?\d+)\]/.exec(words) ?? [];
  return from !== undefined && to !== undefined && Number(to) - Number(from) === beforeMs + afterMs ? Number(to) - afterMs : undefined;
}

/** The limits of the topic for record times; undefined: it has none, as on brokers before 3.6. Rejects with TransientError. */
export async function timeLimitsOf(client: Client, node: number, name: string): Promise<TimeLimits | undefined> {
  const resources = [{ type: TOPIC_RESOURCE, name, configNames: [TIME_BEFORE_SETTING, TIME_AFTER_SETTING] }];
  const answer = await client.atBroker(node, (broker: Broker) => ask(broker, 'DescribeConfigs', { resources, includeSynonyms: false }));
  const entries = (answer.resources as { configEntries: { configName: string; configValue: string }[] }[])[0]?.configEntries ?? [];
  const limitIn = (setting: string): number => Number(entries.find(({ configName }) => configName === setting)?.configValue);
  const limits = { beforeMs: limitIn(TIME_BEFORE_SETTING), afterMs: limitIn(TIME_AFTER_SETTING) };
  return limits.beforeMs <= WIDEST_MS && limits.afterMs <= WIDEST_MS ? limits : undefined;
}

/**
 * The time of the broker that leads `place`, epoch ms, learnt by sending a record that it refuses for its time. Only for topics with limits.
 * Undefined: the broker didn't say. Rejects with TransientError.
 */
export async function timeAt(
  client: Client,
  node: number,
  place: Place,
  limits: TimeLimits,
  timeoutMs: number,
): Promise<number | undefined> {
  const writer = new BatchWriter();
  writer.addText('clock', LONG_AGO, Buffer.alloc(0));
  const batch = writer.seal(NOBODY, NO_SEQUENCE, false);
  const request = produceRequest(null, timeoutMs, [{ topic: place.name, partition: place.partition, batch }]);
  const [answer] = producedPlaces(await client.exchange(node, 'prompt', PRODUCE, request, timeoutMs));
  return answer?.error === INVALID_TIMESTAMP ? timeIn(answer.words, limits) : undefined;
}

/** `offMs`: how far this machine's clock is ahead of the broker's; negative: behind. */
export function clockOff(node: number, offMs: number): TransientError {
  const direction = offMs > 0 ? 'ahead of' : 'behind';
  return new TransientError(
    'clock-off',
    `this machine's clock is ${inWords(Math.abs(offMs))} ${direction} the clock of Kafka's broker ${node}, which refuses its records: one of the two is wrong`,
  );
}

/** In the largest unit that gives at least two. */
export function inWords(ms: number): string {
  const units = [
    ['days', DAY_MS],
    ['h', HOUR_MS],
    ['min', MINUTE_MS],
    ['s', 1_000],
  ] as const;
  const [unit, size] = units.find(([, length]) => ms >= 2 * length) ?? ['s', 1_000];
  return `${Math.round(ms / size)} ${unit}`;
}
