/** The internals of kafkajs 2.2.4 that Tocsin uses, with their types. */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import kafkajs, { type ISocketFactory, type KafkaConfig } from 'kafkajs';
import { OwnError, TransientError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logging.ts';
import { METADATA, type Metadata, metadataRequest, readMetadata, type TopicMetadata } from './wire/metadata.ts';

interface Entry {
  readonly apiKey: number;
  readonly apiName: string;
  readonly apiVersion: number;
  readonly correlationId: number;
  resolve(answer: { readonly payload: Buffer }): void;
  reject(error: Error): void;
}

export interface Connection {
  readonly socket: Socket | undefined;
  readonly sasl: unknown;
  readonly requestQueue: {
    /** Requests held back by a broker's quota. */
    readonly pending: readonly unknown[];
    push(request: { readonly entry: Entry; readonly expectResponse: boolean; readonly requestTimeout: number; sendRequest(): void }): void;
    scheduleCheckPendingRequests(): void;
  };
  connect(): Promise<unknown>;
  isConnected(): boolean;
  send(exchange: Exchange): Promise<unknown>;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  nextCorrelationId(): number;
}

/** One of kafkajs' own requests, and how its answer is read. */
interface Exchange {
  readonly request: object;
  readonly response: { decode(bytes: Buffer): Promise<unknown>; parse(data: unknown): Promise<unknown> };
  readonly requestTimeout?: number;
}
type Definition = object;

export interface Broker {
  readonly nodeId: number | string | null;
  readonly connectionPool: {
    readonly pool: readonly Connection[];
    getConnection(index: number): Promise<Connection>;
    send(exchange: Exchange): Promise<unknown>;
  };
  /** Versions that the broker supports, by number of the request; null: not asked for yet. */
  readonly versions?: Readonly<Record<number, { readonly maxVersion: number }>> | null;
  metadata(topics: readonly string[]): Promise<unknown>;
  lookupRequest(apiKey: number, definition: Definition): (options: object) => Exchange;
}

export interface KafkajsCluster {
  readonly targetTopics: ReadonlySet<string>;
  readonly brokerPool: {
    readonly brokers: Readonly<Record<string, Broker>>;
    readonly seedBroker: Broker | undefined;
    readonly metadata: { readonly topicMetadata: readonly TopicMetadata[] } | null;
    createBroker(options: object): Broker;
  };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findBroker(place: { nodeId: number }): Promise<Broker>;
  findGroupCoordinator(group: { groupId: string; coordinatorType: 0 | 1 }): Promise<Broker>;
}

export interface ClusterOptions extends KafkaConfig {
  readonly connectionTimeout: number;
  readonly authenticationTimeout: number;
  readonly socketFactory: ISocketFactory;
}

type Parsed = Record<string, unknown>;

const require = createRequire(import.meta.url);
const Cluster = require('kafkajs/src/cluster') as new (options: object) => KafkajsCluster;
const { createLogger, LEVELS } = require('kafkajs/src/loggers') as {
  createLogger(options: { level: number; logCreator: () => (entry: { namespace: string; log: { message: string } }) => void }): object;
  LEVELS: { readonly ERROR: number };
};
interface Encoder {
  writeBufferInternal(bytes: Buffer): void;
}
const KafkajsEncoder = require('kafkajs/src/protocol/encoder') as new () => Encoder;
const { requests } = require('kafkajs/src/protocol/requests') as { requests: Readonly<Record<string, Definition>> };
const apiKeys = require('kafkajs/src/protocol/requests/apiKeys') as Readonly<Record<string, number>>;
const { createErrorFromCode, errorCodes } = require('kafkajs/src/protocol/error') as {
  createErrorFromCode(code: number): Error;
  readonly errorCodes: { readonly code: number; message: string }[];
};

/** kafkajs' texts say "this group" even where a transaction or a producer is meant. */
const COORDINATORS: Readonly<Record<number, string>> = {
  14: 'the coordinator is still loading',
  15: 'there is no coordinator at the moment',
  16: 'the coordinator has moved',
};
for (const error of errorCodes) error.message = COORDINATORS[error.code] ?? error.message;

/** kafkajs logs every failed attempt as an error; these only go to the debug log, since our own code retries and reports. */
export function createCluster(options: ClusterOptions, logger: Logger): KafkajsCluster {
  const kafkajsLogger = createLogger({
    level: LEVELS.ERROR,
    logCreator: () => (entry) => logger.debug({ part: entry.namespace }, 'kafkajs reports an error'),
  });
  return new Cluster({
    ...options,
    logger: kafkajsLogger,
    reauthenticationThreshold: 10_000,
    enforceRequestTimeout: true,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
    metadataMaxAge: 300_000,
    retry: { retries: 0, initialRetryTime: 20 },
  });
}

const LEADER_NOT_AVAILABLE = 5;
/** Metadata of a topic that may be absent are as good with these as without. */
const UNKNOWN_TOPIC = 3;
const NOT_ALLOWED = 29;

/**
 * Topics that are `dispensable` may be absent: then the others work all the same.
 *
 * Works around five faults of kafkajs:
 * - metadata are rejected as a whole when one partition has no leader, although the other leaders are needed;
 * - callers that need a connection at the same time each open one, and all but the last are leaked;
 * - a connection that broke in the middle of an answer takes the part it has for the beginning of the next one, and understands no answer again;
 * - from its first answer on, every connection checks a thousand times a second whether a quota still holds requests back;
 * - a broker that has stopped answering still counts as connected, and is asked again and again.
 */
export function repair(cluster: KafkajsCluster, dispensable: ReadonlySet<string> = new Set()): void {
  const isFault = ({ topic, topicErrorCode: code }: TopicMetadata): boolean =>
    code !== 0 && code !== LEADER_NOT_AVAILABLE && !(dispensable.has(topic) && (code === UNKNOWN_TOPIC || code === NOT_ALLOWED));
  const { brokerPool } = cluster;
  const create = brokerPool.createBroker.bind(brokerPool);
  brokerPool.createBroker = (options) => {
    const broker = create(options);
    for (const connection of broker.connectionPool.pool) {
      connectOnce(connection);
      checkQuotaOnlyIfPending(connection);
      closeOnTimeout(connection);
    }
    const read = readOnce();
    broker.metadata = async (topics) => {
      const { request, response } = metadataOf(broker, topics, read);
      const parse = async (data: unknown): Promise<unknown> => {
        const failed = (data as { topicMetadata: readonly TopicMetadata[] }).topicMetadata.find(isFault);
        if (failed) throw new OwnError(`topic ${failed.topic}: ${createErrorFromCode(failed.topicErrorCode).message}`);
        return data;
      };
      return await broker.connectionPool.send({ request, response: { decode: response.decode, parse } });
    };
    return broker;
  };
}

/** Asks for topic ids too, if the broker supports that. */
function metadataOf(broker: Broker, topics: readonly string[], read: (bytes: Buffer) => Metadata): Exchange {
  if (!supports(broker, METADATA)) return exchangeOf(broker, 'Metadata', { topics, allowAutoTopicCreation: false });
  const encode = async (): Promise<Encoder> => {
    const encoder = new KafkajsEncoder();
    encoder.writeBufferInternal(metadataRequest(topics));
    return encoder;
  };
  const request = { apiKey: METADATA.key, apiVersion: METADATA.version, apiName: METADATA.name, encode };
  return { request, response: { decode: async (bytes) => read(bytes), parse: async (data) => data } };
}

/** A broker is asked every second and repeats itself for days: equal answers are parsed once and give the same object. */
function readOnce(): (bytes: Buffer) => Metadata {
  let last: { readonly bytes: Buffer; readonly metadata: Metadata } | undefined;
  return (bytes) => {
    if (!last?.bytes.equals(bytes)) last = { bytes: Buffer.from(bytes), metadata: readMetadata(bytes) };
    return last.metadata;
  };
}

/** Whether the broker has said that it supports this version of a request. */
export function supports(broker: Broker | undefined, { key, version }: { readonly key: number; readonly version: number }): boolean {
  return (broker?.versions?.[key]?.maxVersion ?? 0) >= version;
}

/** Every answer begins with its length. */
const LENGTH_BYTES = 4;

function connectOnce(connection: Connection): void {
  const connect = connection.connect.bind(connection);
  let connecting: Promise<unknown> | undefined;
  connection.connect = () => {
    // Bytes of an answer that broke off must not be read as the beginning of the next one.
    if (!connecting && !connection.isConnected()) Object.assign(connection, { chunks: [], bytesBuffered: 0, bytesNeeded: LENGTH_BYTES });
    connecting ??= connect().finally(() => {
      connecting = undefined;
    });
    return connecting;
  };
}

function closeOnTimeout(connection: Connection): void {
  const send = connection.send.bind(connection);
  connection.send = async (exchange) => {
    try {
      return await send(exchange);
    } catch (error) {
      if (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError') connection.socket?.destroy(error);
      throw error;
    }
  };
}

function checkQuotaOnlyIfPending({ requestQueue }: Connection): void {
  const schedule = requestQueue.scheduleCheckPendingRequests.bind(requestQueue);
  requestQueue.scheduleCheckPendingRequests = () => {
    if (requestQueue.pending.length > 0) schedule();
  };
}

/** Encodes what members of a group tell each other about the partitions they read. */
export const { AssignerProtocol } = kafkajs;

/** Sends one of kafkajs' own requests, in the newest version that both sides know. Rejects with kafkajs' errors. */
export async function ask(broker: Broker, name: string, options: object, timeoutMs?: number): Promise<Parsed> {
  const exchange = exchangeOf(broker, name, options);
  return (await broker.connectionPool.send(timeoutMs === undefined ? exchange : { ...exchange, requestTimeout: timeoutMs })) as Parsed;
}

/** The id with which the coordinator asks a new member to join again; undefined: it is another error. */
export function memberIdRequired(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at.name === 'KafkaJSMemberIdRequired' && 'memberId' in at) return String(at.memberId);
  }
  return undefined;
}

/** Kafka's name for the error (`REBALANCE_IN_PROGRESS`, …), wherever it is in the chain of causes. */
export function kafkaErrorOf(error: unknown): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('type' in at && typeof at.type === 'string') return at.type;
  }
  return undefined;
}

/** Whether the same request may succeed in a moment: the coordinator is moving, loading or still busy, or can't be reached. */
export function isPassing(error: unknown): boolean {
  if (error instanceof TransientError && error.code === 'log-closed') return false;
  return isStale(error) || PASSING.has(kafkaErrorOf(error) ?? '');
}

const PASSING: ReadonlySet<string> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'GROUP_LOAD_IN_PROGRESS',
  'NOT_LEADER_FOR_PARTITION',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS',
]);

/** Whether the coordinator has to be looked up again: it has moved, is loading, or can't be reached. */
export function isStale(error: unknown): boolean {
  const type = kafkaErrorOf(error);
  return type === undefined || type.includes('COORDINATOR');
}

function exchangeOf(broker: Broker, name: string, options: object): Exchange {
  return broker.lookupRequest(apiKeys[name] as number, requests[name] as Definition)(options);
}
