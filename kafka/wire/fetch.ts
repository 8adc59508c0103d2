import { RequestWriter, ResponseReader } from './request-writer.ts';

/** An aborted transaction: the producer's records from the first offset up to its marker. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** One partition's records in a fetch answer: batches in bytes[from, to), the last one perhaps incomplete. */
export interface RecordSet {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  readonly aborted: readonly AbortedTransaction[];
}

/** What to read of a partition; `topic` is the topic's name in Kafka, `topicId` its id. */
export interface FetchedPartition {
  readonly topic: string;
  readonly topicId: string | undefined;
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

export interface FetchLimits {
  /** How long the broker waits for the first byte. */
  readonly maxWaitMs: number;
  readonly maxBytes: number;
}

/** The records of one partition in an answer. */
export interface FetchedSet extends RecordSet {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code. */
  readonly error: number;
  /** Every transaction before it is committed or aborted. */
  readonly lastStableOffset: number;
}

export interface FetchAnswer {
  /** Of the whole answer; 0: none. */
  readonly error: number;
  /** Views of the answer's memory. */
  readonly sets: readonly FetchedSet[];
}

/** By name: a reader doesn't notice when the topic is deleted and created again. */
export const FETCH = { key: 1, version: 11, name: 'Fetch' } as const;
/** By id, from Kafka 3.1 on: a topic that was deleted and created again is another one. */
export const FETCH_BY_ID = { key: 1, version: 13, name: 'Fetch' } as const;

const READ_COMMITTED = 1;
const CONSUMER = -1;
const NO_SESSION = -1;
const NO_EPOCH = -1;
const NO_OFFSET = -1;

/** The broker reads the partitions in the order given. */
export function fetchRequest({ maxWaitMs, maxBytes }: FetchLimits, partitions: readonly FetchedPartition[]): readonly Buffer[] {
  const request = new RequestWriter().int32(CONSUMER).int32(maxWaitMs).int32(1).int32(maxBytes).int8(READ_COMMITTED);
  request.int32(0).int32(NO_SESSION).int32(partitions.length);
  for (const { topic, partition, offset, maxBytes: most } of partitions)
    request.string(topic).int32(1).int32(partition).int32(NO_EPOCH).int64(offset).int64(NO_OFFSET).int32(most);
  return request.int32(0).string('').pieces();
}

/** The same by ids; partitions without one are left out. */
export function fetchByIdRequest({ maxWaitMs, maxBytes }: FetchLimits, partitions: readonly FetchedPartition[]): readonly Buffer[] {
  const request = new RequestWriter().tags().int32(CONSUMER).int32(maxWaitMs).int32(1).int32(maxBytes).int8(READ_COMMITTED);
  request.int32(0).int32(NO_SESSION);
  const known = partitions.flatMap(({ topicId, ...rest }) => (topicId === undefined ? [] : [{ topicId, ...rest }]));
  request.compactArray(known.length);
  for (const { topicId, partition, offset, maxBytes: most } of known) {
    request.uuid(topicId).compactArray(1).int32(partition).int32(NO_EPOCH).int64(offset).int32(NO_EPOCH).int64(NO_OFFSET).int32(most);
    request.tags().tags();
  }
  return request.compactArray(0).compactString('').tags().pieces();
}

export function fetchedSets(response: Buffer): FetchAnswer {
  const reader = new ResponseReader(response);
  reader.at += 4;
  const error = reader.int16();
  reader.at += 4;
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => {
      const partition = reader.int32();
      const head = readHead(reader);
      const aborted = reader.array(() => readAborted(reader));
      reader.at += 4;
      return { topic, partition, ...head, aborted, ...readRecords(reader, Math.max(0, reader.int32())) };
    });
  });
  return { error, sets: topics.flat() };
}

/** `asked` gives the names of the topics. */
export function fetchedSetsById(response: Buffer, asked: readonly FetchedPartition[]): FetchAnswer {
  const names = new Map(asked.map(({ topic, topicId }) => [topicId, topic]));
  const reader = new ResponseReader(response);
  reader.tags();
  reader.at += 4;
  const error = reader.int16();
  reader.at += 4;
  const topics = reader.compactArray(() => {
    const topic = names.get(reader.uuid()) ?? '';
    const partitions = reader.compactArray(() => {
      const partition = reader.int32();
      const head = readHead(reader);
      const aborted = reader.compactArray(() => {
        const transaction = readAborted(reader);
        reader.tags();
        return transaction;
      });
      reader.at += 4;
      const set = { topic, partition, ...head, aborted, ...readRecords(reader, reader.compactLength()) };
      reader.tags();
      return set;
    });
    reader.tags();
    return partitions;
  });
  return { error, sets: topics.flat() };
}

function readHead(reader: ResponseReader): Pick<FetchedSet, 'error' | 'lastStableOffset'> {
  const error = reader.int16();
  // Skips the high watermark; read_committed ends at the last stable offset.
  reader.at += 8;
  const lastStableOffset = reader.int64();
  // Skips the first offset of the log.
  reader.at += 8;
  return { error, lastStableOffset };
}

function readAborted(reader: ResponseReader): AbortedTransaction {
  return { producerId: reader.int64(), firstOffset: reader.int64() };
}

function readRecords(reader: ResponseReader, size: number): Pick<FetchedSet, 'bytes' | 'from' | 'to'> {
  const from = reader.at;
  reader.at += size;
  return { bytes: reader.bytes, from, to: from + size };
}
