import type { Registry } from 'prom-client';
import type { Clock } from '../../runtime/clock.ts';
import { PermanentError } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { From, InputProgress, MessageLog, Reader, Records, Subscription, TaskOwner } from '../port.ts';
import { SENSOR_INPUTS, TOPICS, type Topic } from '../../records/topics.ts';
import { absenceOf } from './absence.ts';
import { Appender } from './appender.ts';
import { Client } from '../../kafka/client.ts';
import type { KafkaConfig } from '../../kafka/config.ts';
import { Cursor } from './cursor.ts';
import { closed } from '../../kafka/faults.ts';
import { Fetcher } from './fetcher.ts';
import { committedOffsets, type GroupSettings } from '../../kafka/group-member.ts';
import { type KafkaMetrics, kafkaMetrics } from './metrics.ts';
import { boundsOf, endsOf, offsetAtTime } from '../../kafka/offsets.ts';
import { Ownership, TASK_GROUP, TASK_TOPICS } from './ownership.ts';
import { KafkaReader } from './reader.ts';
import { checkAtStart } from './start-check.ts';
import { KafkaSubscription } from './subscription.ts';
import { isDispensable } from './topics.ts';
import { Watch } from '../../kafka/watch.ts';

export interface KafkaLogDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
}

/**
 * Opens the log on Kafka. Rejects with TransientError `log-unavailable` if no broker answers, and with PermanentError `topics-unfit` or
 * `partitions` if topics are missing, have another number of partitions than the settings say, or would lose state. Dispensable topics may be missing:
 * appending to such a topic and reading it is rejected with TransientError until it is there.
 */
export async function openKafkaLog(config: KafkaConfig, deps: KafkaLogDeps): Promise<MessageLog> {
  await checkAtStart(config, deps.logger);
  const client = clientOf(config, deps.logger);
  try {
    await client.connect();
    checkPartitions(client, config);
  } catch (error) {
    await client.close();
    throw error;
  }
  return new KafkaLog(config, client, deps);
}

class KafkaLog implements MessageLog {
  readonly partitions: number;
  readonly #config: KafkaConfig;
  readonly #deps: KafkaLogDeps;
  readonly #client: Client;
  readonly #metrics: KafkaMetrics;
  readonly #appender: Appender;
  readonly #watch: Watch;
  /** Shared by readers; a partition that is read twice needs two. */
  readonly #fetchers: Fetcher[] = [];
  /** All fetchers, those of subscriptions too. */
  readonly #reading = new Set<Fetcher>();
  readonly #open = new Set<{ close(): Promise<void> }>();
  #ownership: Ownership | undefined;
  #closed = false;

  constructor(config: KafkaConfig, client: Client, deps: KafkaLogDeps) {
    this.partitions = config.partitions;
    this.#config = config;
    this.#deps = deps;
    this.#client = client;
    this.#metrics = kafkaMetrics(deps.registry, () => this.#appender.pendingBytes);
    this.#appender = new Appender(config, { ...deps, client, metrics: this.#metrics });
    this.#watch = new Watch(
      { ...deps, client },
      {
        away: (error) => this.#appender.refuse(error),
        moved: () => {
          for (const fetcher of this.#reading) fetcher.moved();
          this.#ownership?.moved();
        },
      },
    );
  }

  async append(topic: Topic, records: Records, at: number): Promise<{ readonly partition: number; readonly offset: number }> {
    if (topic === 'STATE') throw noSuchPartition(topic);
    return await this.#appender.append(topic, records, at);
  }

  reader(topic: Topic, partition: number, from: From): Promise<Reader> {
    return this.#read(topic, partition, from);
  }

  /** With `topicId`: reads that topic only, and rejects once another one has its name. */
  async #read(topic: Topic, partition: number, from: From, topicId?: string): Promise<Reader> {
    this.#checkOpen();
    if (topic === 'STATE' || partition < 0 || partition >= this.partitions) throw noSuchPartition(`${topic}/${partition}`);
    const start = typeof from === 'number' ? from : await this.#edge(topic, partition, from);
    const name = this.#config.prefix + topic;
    const fetcher = await this.#fetcherFor(name, partition);
    const cursor = new Cursor(topic, name, partition, start, topicId);
    const reader = new KafkaReader(
      cursor,
      topicId !== undefined,
      () => fetcher.wake(),
      () => {
        fetcher.remove(cursor);
        this.#open.delete(reader);
      },
    );
    fetcher.add(cursor);
    this.#open.add(reader);
    return reader;
  }

  async subscribe(group: string, topics: readonly Topic[]): Promise<Subscription> {
    this.#checkOpen();
    const client = await this.#connect();
    const fetcher = await this.#newFetcher();
    const deps = { ...this.#deps, client, metrics: this.#metrics };
    const { prefix } = this.#config;
    const subscription = new KafkaSubscription(this.#group(group, topics), topics, prefix, fetcher, deps, () => {
      this.#reading.delete(fetcher);
      this.#open.delete(subscription);
    });
    this.#open.add(subscription);
    return subscription;
  }

  async own(owner: TaskOwner): Promise<() => Promise<void>> {
    this.#checkOpen();
    await this.#ownership?.close();
    const { prefix, requestTimeoutMs } = this.#config;
    const ownership = new Ownership(owner, this.#group(TASK_GROUP, TASK_TOPICS), {
      ...this.#deps,
      client: await this.#connect(),
      newClient: () => this.#newClient(),
      reader: (topic, partition, from, topicId) => this.#read(topic, partition, from, topicId),
      metrics: this.#metrics,
      prefix,
      requestTimeoutMs,
    });
    this.#ownership = ownership;
    return () => ownership.close();
  }

  async bounds(topic: Topic, partition: number): Promise<{ readonly earliest: number; readonly next: number }> {
    return await boundsOf(this.#client, this.#nameOfPresent(topic), partition);
  }

  async offsetAt(topic: Topic, partition: number, at: number): Promise<number> {
    return await offsetAtTime(this.#client, this.#nameOfPresent(topic), partition, at);
  }

  async committed(group: string, topic: Topic, partition: number): Promise<number | undefined> {
    const name = this.#config.prefix + topic;
    await this.#client.refresh();
    return (await committedOffsets(this.#client, this.#group(group, []).group, name, [partition], this.#deps.logger)).get(partition);
  }

  async progress(): Promise<readonly InputProgress[]> {
    const partitions = Array.from({ length: this.partitions }, (_, partition) => partition);
    const { prefix } = this.#config;
    const group = prefix + TASK_GROUP;
    const decided = new Map<Topic, ReadonlyMap<number, number>>();
    for (const topic of SENSOR_INPUTS) decided.set(topic, await committedOffsets(this.#client, group, prefix + topic, partitions));
    const places = SENSOR_INPUTS.flatMap((topic) => partitions.map((partition) => ({ topic, partition })));
    const ends = await endsOf(
      this.#client,
      places.map(({ topic, partition }) => ({ topic: prefix + topic, partition })),
    );
    return places.map(({ topic, partition }, i) => ({
      topic,
      partition,
      decided: decided.get(topic)?.get(partition),
      next: ends[i] ?? 0,
    }));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.stop();
    await this.#ownership?.close();
    await this.#appender.close();
    await Promise.all([...this.#open].map((open) => open.close()));
    await Promise.all(this.#fetchers.map((fetcher) => fetcher.close()));
    await this.#client.close();
  }

  #group(group: string, topics: readonly Topic[]): GroupSettings {
    const { prefix, partitions, sessionTimeoutMs, instanceId } = this.#config;
    return { group: prefix + group, topics: topics.map((topic) => prefix + topic), partitions, sessionTimeoutMs, instanceId };
  }

  async #edge(topic: Topic, partition: number, from: 'earliest' | 'latest'): Promise<number> {
    const { earliest, next } = await this.bounds(topic, partition);
    return from === 'earliest' ? earliest : next;
  }

  async #fetcherFor(name: string, partition: number): Promise<Fetcher> {
    const free = this.#fetchers.find((fetcher) => !fetcher.has(name, partition));
    if (free) return free;
    const fetcher = await this.#newFetcher();
    this.#fetchers.push(fetcher);
    return fetcher;
  }

  async #newFetcher(): Promise<Fetcher> {
    const { requestTimeoutMs } = this.#config;
    const fetcher = new Fetcher({ ...this.#deps, client: await this.#connect(), metrics: this.#metrics, requestTimeoutMs });
    this.#reading.add(fetcher);
    return fetcher;
  }

  #nameOfPresent(topic: Topic): string {
    const name = this.#config.prefix + topic;
    const absence = absenceOf(this.#client, name, this.partitions);
    if (absence) throw absence;
    return name;
  }

  #newClient(): Client {
    return clientOf(this.#config, this.#deps.logger);
  }

  async #connect(): Promise<Client> {
    const client = this.#newClient();
    try {
      await client.connect();
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw closed();
  }
}

function clientOf(config: KafkaConfig, logger: Logger): Client {
  return new Client(config, namesOf(config, TOPICS), logger, new Set(namesOf(config, TOPICS.filter(isDispensable))));
}

const namesOf = ({ prefix }: KafkaConfig, topics: readonly Topic[]): string[] => topics.map((topic) => prefix + topic);

function checkPartitions(client: Client, config: KafkaConfig): void {
  const needed = TOPICS.filter((topic) => !isDispensable(topic));
  const wrong = namesOf(config, needed).filter((name) => client.partitionsOf(name) !== config.partitions);
  if (wrong.length === 0) return;
  const found = wrong.map((name) => `${name} has ${client.partitionsOf(name)}`).join(', ');
  throw new PermanentError('partitions', `every topic must have ${config.partitions} partitions (TOCSIN_KAFKA_PARTITIONS), but ${found}`);
}

const noSuchPartition = (place: string): PermanentError =>
  new PermanentError('no-such-partition', `${place} is not a partition that is written or read as records`);
