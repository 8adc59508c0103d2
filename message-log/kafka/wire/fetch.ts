import type { AbortedTransaction, RecordSet } from './record-set.ts';
import { RequestWriter, ResponseReader } from './request-writer.ts';

/** What to read of a partition; `topic` is its name in Kafka. */
export interface FetchedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

export interface FetchLimits {
  /** How long the broker waits for the first byte. */
  readonly maxWaitMs: number;
  readonly maxBytes: number;
}

/** What is there for one partition. */
export interface FetchedSet extends RecordSet {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code. */
  readonly error: number;
  /** Everything before is decided: committed or aborted. */
  readonly lastStableOffset: number;
}

export const FETCH = { key: 1, version: 11, name: 'Fetch' } as const;

const READ_COMMITTED = 1;
const CONSUMER = -1;
const NO_SESSION = -1;

/** The broker reads the partitions in the order given. */
export function fetchRequest({ maxWaitMs, maxBytes }: FetchLimits, partitions: readonly FetchedPartition[]): readonly Buffer[] {
  const request = new RequestWriter().int32(CONSUMER).int32(maxWaitMs).int32(1).int32(maxBytes).int8(READ_COMMITTED);
  request.int32(0).int32(NO_SESSION).int32(partitions.length);
  for (const { topic, partition, offset, maxBytes: most } of partitions)
    request.string(topic).int32(1).int32(partition).int32(-1).int64(offset).int64(-1).int32(most);
  return request.int32(0).string('').pieces();
}

/** The error of the whole answer (0: none), and what is there of each partition. The sets stay in the answer's memory. */
export function fetchedSets(response: Buffer): { readonly error: number; readonly sets: readonly FetchedSet[] } {
  const reader = new ResponseReader(response);
  reader.at += 4;
  const error = reader.int16();
  reader.at += 4;
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => readSet(reader, topic));
  });
  return { error, sets: topics.flat() };
}

function readSet(reader: ResponseReader, topic: string): FetchedSet {
  const partition = reader.int32();
  const error = reader.int16();
  // The high watermark, which read_committed doesn't go up to.
  reader.at += 8;
  const lastStableOffset = reader.int64();
  reader.at += 8;
  const aborted = reader.array((): AbortedTransaction => ({ producerId: reader.int64(), firstOffset: reader.int64() }));
  reader.at += 4;
  const size = Math.max(0, reader.int32());
  const from = reader.at;
  reader.at += size;
  return { topic, partition, error, lastStableOffset, aborted, bytes: reader.bytes, from, to: from + size };
}
