/**
 * Connections to Kafka. kafkajs opens, secures and authenticates them, times requests out and knows the cluster; requests that carry records are
 * encoded and decoded by our own code (wire/). Only this file and `kafkajs.ts` touch kafkajs' internals (its version is pinned).
 */
import net from 'node:net';
import tls from 'node:tls';
import { reasonOf, TransientError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logging.ts';
import type { KafkaConfig } from './config.ts';
import { connectionOf } from './connection.ts';
import { NotSent } from './faults.ts';
import { type Broker, type Connection, createCluster, isStale, type KafkajsCluster, repair, supports } from './kafkajs.ts';
import type { TopicMetadata } from './wire/metadata.ts';

export interface Api {
  readonly key: number;
  readonly version: number;
  readonly name: string;
}

/** A broker answers the requests of a connection one after another, so requests that may wait long have a connection of their own. */
export type Lane = 'prompt' | 'patient';

const CONNECT_TIMEOUT_MS = 2_000;
const LANES: Readonly<Record<Lane, number>> = { prompt: 0, patient: 1 };
const FRAME_OVERHEAD = 2 + 2 + 4 + 2;

/** One set of connections, at most two to each broker. Every failure is a TransientError: `log-closed` after `close`, else `log-unavailable`. */
export class Client {
  readonly #cluster: KafkajsCluster;
  readonly #clientId: Buffer;
  readonly #topics: readonly string[];
  readonly #coordinators = new Map<string, number>();
  #refreshing: Promise<void> | undefined;
  /** By answer: equal answers are the same object (see kafkajs.ts), and are indexed only once. */
  readonly #indexed = new WeakMap<readonly TopicMetadata[], ClusterState>();
  #topicsKnown: ClusterState['partitions'] = new Map();
  #topicIds: ReadonlyMap<string, string> = new Map();
  #absences: ReadonlyMap<string, number> = new Map();
  #refreshedAt = 0;
  #leadership = '';
  #closed = false;

  /** `topics`: names in Kafka of the topics whose leaders are tracked; those that are also `dispensable` may be absent. */
  constructor(config: KafkaConfig, topics: readonly string[], logger: Logger, dispensable: ReadonlySet<string> = new Set()) {
    this.#clientId = Buffer.from(config.clientId);
    this.#topics = topics;
    this.#cluster = createCluster(
      {
        ...connectionOf(config),
        connectionTimeout: CONNECT_TIMEOUT_MS,
        authenticationTimeout: config.requestTimeoutMs,
        socketFactory,
      },
      logger.child({ client: 'kafka' }),
    );
    repair(this.#cluster, dispensable);
  }

  /** Connects and learns the leaders. Rejects with TransientError unless a broker answers for all topics but dispensable ones. */
  async connect(): Promise<void> {
    await this.#attempt(async () => {
      await this.#cluster.connect();
      await this.#cluster.addMultipleTargetTopics([...this.#topics]);
    });
    this.#learn();
  }

  /** Asks for the leaders again; concurrent calls share one request. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#attempt(async () => {
      await this.#cluster.connect();
      if (this.#cluster.targetTopics.size < this.#topics.length) await this.#cluster.addMultipleTargetTopics([...this.#topics]);
      else await this.#cluster.refreshMetadata();
    })
      .then(() => this.#learn())
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  /** How many partitions the topic has; 0 while that isn't known. */
  partitionsOf(topic: string): number {
    return this.#topicsKnown.get(topic)?.length ?? 0;
  }

  /** Kafka's error code for a dispensable topic that isn't there, or that this user may not see; 0: it is there. */
  absenceOf(topic: string): number {
    return this.#absences.get(topic) ?? 0;
  }

  leaderOf(topic: string, partition: number): number | undefined {
    return this.#topicsKnown.get(topic)?.[partition]?.leader;
  }

  /** The id of the topic: one that is deleted and created again gets another. Undefined: not known, or the brokers are older than 2.8. */
  topicId(topic: string): string | undefined {
    return this.#topicIds.get(topic);
  }

  /** Whether the broker supports this version of a request; false before the first connection to it. */
  supports(node: number, api: Api): boolean {
    return supports(this.#cluster.brokerPool.brokers[node], api);
  }

  /** How many replicas of the partition are in sync. */
  inSyncOf(topic: string, partition: number): number {
    return this.#topicsKnown.get(topic)?.[partition]?.inSync ?? 0;
  }

  /** When the leaders were last learnt, ms of the monotonic clock. */
  get refreshedAt(): number {
    return this.#refreshedAt;
  }

  /** The leaders of all partitions as a text that changes when any of them does. */
  get leadership(): string {
    return this.#leadership;
  }

  /** Sends one request and resolves with the body of the answer. The pieces must not change until then. Rejects with NotSent if nothing was sent. */
  async exchange(node: number, lane: Lane, api: Api, pieces: readonly Buffer[], timeoutMs: number): Promise<Buffer> {
    return await this.#attempt(async () => {
      const connection = await this.#connection(node, LANES[lane]).catch(notSent);
      const answer = this.#send(connection, api, pieces, timeoutMs);
      return (await answer).payload;
    });
  }

  /**
   * Runs one of kafkajs' own requests at the coordinator of a group or of a transactional id; a failure makes the next call look the coordinator
   * up again. Rejects with NotSent if none could be reached.
   */
  async atCoordinator<T>(kind: 'group' | 'transaction', key: string, work: (broker: Broker) => Promise<T>): Promise<T> {
    const place = `${kind}/${key}`;
    try {
      return await this.#attempt(async () => work(await this.#coordinator(kind, key, place).catch(notSent)));
    } catch (error) {
      if (isStale(error)) this.#coordinators.delete(place);
      throw error;
    }
  }

  /** Looks up the coordinator of the transactional id and connects to it and to these leaders, so that the next commit needn't. */
  async prepare(transactionalId: string, leaders: ReadonlySet<number>): Promise<void> {
    const place = `transaction/${transactionalId}`;
    const prepared = this.#attempt(async () => {
      await this.#find('transaction', transactionalId, place);
      await Promise.all([...leaders].map((node) => this.#connection(node, LANES.patient)));
    });
    await prepared.catch((error: unknown) => {
      this.#coordinators.delete(place);
      throw error;
    });
  }

  /** Runs one of kafkajs' own requests at a broker. */
  atBroker<T>(node: number, work: (broker: Broker) => Promise<T>): Promise<T> {
    return this.#attempt(async () => work(await this.#cluster.findBroker({ nodeId: node })));
  }

  /** Closes at once: requests under way are rejected. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of this.#connections()) connection.socket?.destroy(new Error('closed'));
    await this.#cluster.disconnect().catch(() => undefined);
  }

  #connections(): Connection[] {
    const { brokers, seedBroker } = this.#cluster.brokerPool;
    const all = new Set([...Object.values(brokers), ...(seedBroker ? [seedBroker] : [])]);
    return [...all].flatMap((broker) => broker.connectionPool.pool);
  }

  async #connection(node: number, index: number): Promise<Connection> {
    const open = this.#cluster.brokerPool.brokers[node]?.connectionPool.pool[index];
    if (open?.isConnected() && (!open.sasl || open.isAuthenticated())) return open;
    const broker = await this.#cluster.findBroker({ nodeId: node });
    const connection = await broker.connectionPool.getConnection(index);
    await connection.authenticate();
    return connection;
  }

  #send(connection: Connection, api: Api, pieces: readonly Buffer[], timeoutMs: number): Promise<{ readonly payload: Buffer }> {
    const correlationId = connection.nextCorrelationId();
    const size = pieces.reduce((sum, piece) => sum + piece.length, FRAME_OVERHEAD + this.#clientId.length);
    const head = Buffer.allocUnsafe(4 + FRAME_OVERHEAD + this.#clientId.length);
    head.writeInt32BE(size, 0);
    head.writeInt16BE(api.key, 4);
    head.writeInt16BE(api.version, 6);
    head.writeInt32BE(correlationId, 8);
    head.writeInt16BE(this.#clientId.length, 12);
    this.#clientId.copy(head, 14);
    return new Promise((resolve, reject) => {
      connection.requestQueue.push({
        entry: {
          apiKey: api.key,
          apiName: api.name,
          apiVersion: api.version,
          correlationId,
          resolve,
          // Everything queued behind a late answer would be late too: start over with a new connection.
          reject: (error) => {
            if (error.name === 'KafkaJSRequestTimeoutError') connection.socket?.destroy(error);
            reject(error);
          },
        },
        expectResponse: true,
        requestTimeout: timeoutMs,
        sendRequest: () => {
          const { socket } = connection;
          if (!socket) throw new TransientError('log-unavailable', 'the connection is closed');
          socket.cork();
          socket.write(head);
          for (const piece of pieces) socket.write(piece);
          socket.uncork();
        },
      });
    });
  }

  async #coordinator(kind: 'group' | 'transaction', key: string, place: string): Promise<Broker> {
    const known = this.#coordinators.get(place);
    return known === undefined ? await this.#find(kind, key, place) : await this.#cluster.findBroker({ nodeId: known });
  }

  async #find(kind: 'group' | 'transaction', key: string, place: string): Promise<Broker> {
    await this.#cluster.connect();
    const broker = await this.#cluster.findGroupCoordinator({ groupId: key, coordinatorType: kind === 'group' ? 0 : 1 });
    if (broker.nodeId !== null) this.#coordinators.set(place, Number(broker.nodeId));
    return broker;
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw new TransientError('log-closed', 'the log is closed');
    try {
      return await work();
    } catch (error) {
      throw error instanceof TransientError ? error : new TransientError('log-unavailable', `Kafka: ${reasonOf(error)}`, { cause: error });
    }
  }

  #learn(): void {
    const topics = this.#cluster.brokerPool.metadata?.topicMetadata ?? [];
    this.#refreshedAt = performance.now();
    const state = this.#indexed.get(topics) ?? indexed(topics);
    this.#indexed.set(topics, state);
    this.#topicIds = state.topicIds;
    this.#absences = state.absences;
    this.#topicsKnown = state.partitions;
    this.#leadership = state.leadership;
  }
}

/** A broker's metadata, indexed for look-ups. */
interface ClusterState {
  readonly topicIds: ReadonlyMap<string, string>;
  /** Error codes of topics without metadata. */
  readonly absences: ReadonlyMap<string, number>;
  readonly partitions: ReadonlyMap<string, readonly (PartitionState | undefined)[]>;
  readonly leadership: string;
}

function indexed(topics: readonly TopicMetadata[]): ClusterState {
  const partitions = new Map(
    topics.map(({ topic, partitionMetadata }) => {
      const states: (PartitionState | undefined)[] = new Array(partitionMetadata.length).fill(undefined);
      for (const { partitionId, leader, isr } of partitionMetadata)
        states[partitionId] = { leader: leader >= 0 ? leader : undefined, inSync: isr.length };
      return [topic, states];
    }),
  );
  const leaders = [...partitions].map(([topic, states]) => `${topic}:${states.map((one) => one?.leader)}`);
  return {
    topicIds: new Map(topics.flatMap(({ topic, topicId }) => (topicId === undefined ? [] : [[topic, topicId] as const]))),
    absences: new Map(
      topics.flatMap(({ topic, topicErrorCode: code, partitionMetadata }) =>
        partitionMetadata.length === 0 ? [[topic, code] as const] : [],
      ),
    ),
    partitions,
    // The order of topics differs from answer to answer.
    leadership: leaders.sort().join(' '),
  };
}

function notSent(error: unknown): never {
  throw error instanceof TransientError ? error : new NotSent('log-unavailable', `Kafka: ${reasonOf(error)}`, { cause: error });
}

interface PartitionState {
  readonly leader: number | undefined;
  readonly inSync: number;
}

function socketFactory({ host, port, ssl, onConnect }: { host: string; port: number; ssl: tls.ConnectionOptions; onConnect: () => void }) {
  const socket = ssl
    ? tls.connect({ host, port, ...(net.isIP(host) ? {} : { servername: host }), ...ssl }, onConnect)
    : net.connect({ host, port }, onConnect);
  socket.setKeepAlive(true, 60_000);
  socket.setNoDelay(true);
  // kafkajs adds a listener whenever it gives up a connection that is still being opened.
  socket.setMaxListeners(0);
  return socket;
}
