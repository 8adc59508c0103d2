/** Saves an installation's topics and its groups' positions as a fixture, and restores them into another broker. */
import { setTimeout as sleep } from 'node:timers/promises';
import assert from 'node:assert/strict';
import kafkajs, { type Message } from 'kafkajs';
import { pino } from 'pino';
import { Client } from '../../../kafka/client.ts';
import { ask } from '../../../kafka/kafkajs.ts';
import { withAdmin } from '../kafka-log.ts';
import type { TestKafka } from '../servers/kafka.ts';
import { until } from './life.ts';

interface StoredRecord {
  readonly offset: number;
  /** Epoch ms. */
  readonly at: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

interface StoredTopic {
  readonly topic: string;
  /** The topic's id in its brokers, which is stored with positions. */
  readonly id: string;
  /** Partitions in order; `end` is the next offset. */
  readonly partitions: readonly { readonly end: number; readonly records: readonly StoredRecord[] }[];
}

interface StoredPosition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

interface FoundPartition {
  readonly topic: string;
  readonly partition: number;
  readonly records: StoredRecord[];
}

export interface StoredLog {
  readonly topics: readonly StoredTopic[];
  readonly positions: readonly StoredPosition[];
}

const FOR_EVER_MS = String(36_500 * 86_400_000);
const PATIENCE_MS = 30_000;

/** Saves topics without a prefix. Nothing may be written meanwhile. */
export async function readLog(kafka: TestKafka): Promise<StoredLog> {
  return withAdmin(kafka, async (admin) => {
    const topics = (await admin.listTopics()).filter((topic) => !topic.startsWith('__')).toSorted();
    const records = await recordsOf(kafka, topics);
    const { groups } = await admin.listGroups();
    const ids = await idsOf(kafka, topics);
    return {
      topics: await Promise.all(
        topics.map(async (topic) => {
          const ends = (await admin.fetchTopicOffsets(topic)).toSorted((a, b) => a.partition - b.partition);
          const partitions = ends.map(({ partition, high }) => ({
            end: Number(high),
            records: records.flatMap((found) => (found.topic === topic && found.partition === partition ? found.records : [])),
          }));
          return { topic, id: idIn(ids, topic), partitions };
        }),
      ),
      positions: (
        await Promise.all(
          groups.map(async ({ groupId: group }) =>
            (
              await admin.fetchOffsets({ groupId: group })
            ).flatMap(({ topic, partitions }) =>
              partitions.map(({ partition, offset, metadata }) => ({
                group,
                topic,
                partition,
                offset: Number(offset),
                metadata: metadata ?? '',
              })),
            ),
          ),
        )
      )
        .flat()
        .filter(({ offset }) => offset >= 0),
    };
  });
}

/**
 * Restores it into new topics, with every record at its offset, and positions with the new topics' ids. Old records are kept, and the brokers'
 * limits for record times are lifted; `npm run topics -- --apply` sets them again.
 */
export async function writeLog(kafka: TestKafka, { topics, positions }: StoredLog): Promise<void> {
  await withAdmin(kafka, (admin) =>
    admin.createTopics({
      waitForLeaders: true,
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        numPartitions: partitions.length,
        replicationFactor: 1,
        configEntries: [topic === 'STATE' ? { name: 'cleanup.policy', value: 'compact' } : { name: 'retention.ms', value: FOR_EVER_MS }],
      })),
    }),
  );
  // A new partition has no leader for a moment, and then records for several partitions are sent to all of them again.
  await haveEnds(kafka, topics, () => 0);
  const ids = await idsOf(
    kafka,
    topics.map(({ topic }) => topic),
  );
  const renamed = (text: string): string => topics.reduce((done, { topic, id }) => done.replaceAll(id, idIn(ids, topic)), text);
  const client = new kafkajs.Kafka({ ...kafka.connection, logLevel: kafkajs.logLevel.NOTHING });
  const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
  const plain = client.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner });
  const marking = client.producer({ transactionalId: 'fixture', idempotent: true, maxInFlightRequests: 1, createPartitioner });
  await Promise.all([plain.connect(), marking.connect()]);
  const messageOf = (partition: number, { at, key, value, headers }: StoredRecord): Message => {
    return { partition, key, value: value === null ? null : renamed(value), timestamp: String(at), headers: { ...headers } };
  };
  const places = topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ records, end }, partition) => ({ topic, partition, runs: runsOf(records, end) })),
  );
  // One run of every partition at a time: a transaction leaves its marker in every partition that it writes to.
  for (let round = 0; places.some(({ runs }) => round < runs.length); round += 1) {
    const of = (marked: boolean) =>
      places.flatMap(({ topic, partition, runs }) => {
        const run = runs[round];
        return run?.marked === marked ? [{ topic, messages: run.stored.map((record) => messageOf(partition, record)) }] : [];
      });
    if (of(false).length > 0) await plain.sendBatch({ topicMessages: of(false) });
    if (of(true).length === 0) continue;
    const transaction = await marking.transaction();
    await transaction.sendBatch({ topicMessages: of(true) });
    await transaction.commit();
  }
  await Promise.all([plain.disconnect(), marking.disconnect()]);
  await haveEnds(kafka, topics, ({ end }) => end);
  await commit(
    kafka,
    positions.map((position) => ({ ...position, metadata: renamed(position.metadata) })),
  );
}

async function haveEnds(
  kafka: TestKafka,
  topics: readonly StoredTopic[],
  endOf: (partition: { readonly end: number }) => number,
): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    for (const { topic, partitions } of topics)
      await until(`the ends of ${topic}`, async () => {
        const found = await admin.fetchTopicOffsets(topic).catch(() => []);
        return partitions.every((stored, partition) =>
          found.some((one) => one.partition === partition && Number(one.high) === endOf(stored)),
        );
      });
  });
}

/** Runs of records: where an offset is missing there was a transaction's marker, so the records before it are written in one transaction. */
function runsOf(records: readonly StoredRecord[], end: number): { stored: readonly StoredRecord[]; marked: boolean }[] {
  const runs: { stored: readonly StoredRecord[]; marked: boolean }[] = [];
  const offsetOf = (i: number): number => records[i]?.offset ?? end;
  assert.equal(records.length === 0 ? end : offsetOf(0), 0, 'the first record is there');
  for (let from = 0; from < records.length; ) {
    let to = from + 1;
    while (to < records.length && offsetOf(to) === offsetOf(to - 1) + 1) to += 1;
    const missing = offsetOf(to) - offsetOf(to - 1) - 1;
    assert.ok(missing <= 1, `${missing} offsets are missing before ${offsetOf(to)}`);
    runs.push({ stored: records.slice(from, to), marked: missing === 1 });
    from = to;
  }
  return runs;
}

async function recordsOf(kafka: TestKafka, topics: readonly string[]) {
  const client = new kafkajs.Kafka({ ...kafka.connection, logLevel: kafkajs.logLevel.NOTHING });
  const consumer = client.consumer({ groupId: '__fixture' });
  const found = new Map<string, FoundPartition>();
  let heardAt = Date.now();
  await consumer.connect();
  await consumer.subscribe({ topics: [...topics], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      heardAt = Date.now();
      const place = `${topic}/${partition}`;
      const known = found.get(place) ?? { topic, partition, records: [] };
      found.set(place, known);
      known.records.push({
        offset: Number(message.offset),
        at: Number(message.timestamp),
        key: message.key?.toString() ?? null,
        value: message.value?.toString() ?? null,
        headers: Object.fromEntries(Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)])),
      });
    },
  });
  while (found.size === 0 || Date.now() - heardAt < 5_000) await sleep(100);
  await consumer.disconnect();
  return [...found.values()];
}

async function idsOf(kafka: TestKafka, topics: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return withClient(kafka, topics, async (client) => {
    for (const end = Date.now() + PATIENCE_MS; topics.some((topic) => client.topicId(topic) === undefined); await sleep(100)) {
      assert.ok(Date.now() < end, 'the brokers give no ids of topics');
      await client.refresh();
    }
    return new Map(topics.map((topic) => [topic, client.topicId(topic) ?? '']));
  });
}

function idIn(ids: ReadonlyMap<string, string>, topic: string): string {
  const id = ids.get(topic);
  assert.ok(id, `the id of ${topic}`);
  return id;
}

async function commit(kafka: TestKafka, positions: readonly StoredPosition[]): Promise<void> {
  const topics = [...new Set(positions.map(({ topic }) => topic))];
  await withClient(kafka, topics, async (client) => {
    for (const { group, topic, partition, offset, metadata } of positions) {
      const request = {
        groupId: group,
        groupGenerationId: -1,
        memberId: '',
        topics: [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }],
      };
      // A broker without any group so far creates its topic of positions first.
      await until(`the position of ${group}`, () =>
        client
          .atCoordinator('group', group, (broker) => ask(broker, 'OffsetCommit', request))
          .then(
            () => true,
            () => false,
          ),
      );
    }
  });
}

async function withClient<T>(kafka: TestKafka, topics: readonly string[], work: (client: Client) => Promise<T>): Promise<T> {
  const config = {
    brokers: kafka.brokers,
    partitions: 1,
    replicationFactor: 1,
    prefix: '',
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
  };
  const client = new Client(config, topics, pino({ level: 'silent' }));
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
