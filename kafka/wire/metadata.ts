import { RequestWriter, ResponseReader } from './request-writer.ts';

/** The first version with topic ids: Kafka 2.8. */
export const METADATA = { key: 3, version: 10, name: 'Metadata' } as const;

/** In kafkajs' form, since this replaces kafkajs' own request. */
export interface Metadata {
  readonly throttleTime: number;
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number; readonly rack: string }[];
  readonly clusterId: string;
  readonly controllerId: number;
  readonly topicMetadata: readonly TopicMetadata[];
}

export interface TopicMetadata {
  readonly topicErrorCode: number;
  readonly topic: string;
  /** A topic that is deleted and created again gets another. Undefined: the brokers assign none. */
  readonly topicId?: string | undefined;
  readonly partitionMetadata: readonly PartitionMetadata[];
}

export interface PartitionMetadata {
  readonly partitionErrorCode: number;
  readonly partitionId: number;
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
  readonly offlineReplicas: readonly number[];
}

const NO_ID = '0'.repeat(32);

export function metadataRequest(topics: readonly string[]): Buffer {
  const request = new RequestWriter().tags().compactArray(topics.length);
  for (const topic of topics) request.uuid(NO_ID).compactString(topic).tags();
  // Creates no topics, and doesn't ask what this user may do.
  return Buffer.concat(request.int8(0).int8(0).int8(0).tags().pieces());
}

export function readMetadata(response: Buffer): Metadata {
  const reader = new ResponseReader(response);
  reader.tags();
  const throttleTime = reader.int32();
  const brokers = reader.compactArray(() => {
    const broker = { nodeId: reader.int32(), host: reader.compactString(), port: reader.int32(), rack: reader.compactString() };
    reader.tags();
    return broker;
  });
  const clusterId = reader.compactString();
  const controllerId = reader.int32();
  return { throttleTime, brokers, clusterId, controllerId, topicMetadata: reader.compactArray(() => readTopic(reader)) };
}

function readTopic(reader: ResponseReader): TopicMetadata {
  const topicErrorCode = reader.int16();
  const topic = reader.compactString();
  const id = reader.uuid();
  // Skips whether it is one of Kafka's own.
  reader.at += 1;
  const partitionMetadata = reader.compactArray(() => readPartition(reader));
  // Skips what this user may do with it.
  reader.at += 4;
  reader.tags();
  return { topicErrorCode, topic, topicId: id === NO_ID ? undefined : id, partitionMetadata };
}

function readPartition(reader: ResponseReader): PartitionMetadata {
  const partitionErrorCode = reader.int16();
  const partitionId = reader.int32();
  const leader = reader.int32();
  // Skips the leader's epoch.
  reader.at += 4;
  const nodes = (): number[] => reader.compactArray(() => reader.int32());
  const partition = { partitionErrorCode, partitionId, leader, replicas: nodes(), isr: nodes(), offlineReplicas: nodes() };
  reader.tags();
  return partition;
}
