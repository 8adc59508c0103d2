import { RequestWriter, ResponseReader } from './request-writer.ts';

/** One sealed batch and its destination; `topic` is its name in Kafka. */
export interface ProducedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly batch: Buffer;
}

export interface ProducedPlace {
  readonly topic: string;
  readonly partition: number;
  /** Kafka's error code; 0: acknowledged by all replicas in sync. */
  readonly error: number;
  readonly baseOffset: number;
  /** The broker's error text for the first record that it refused, or for the batch; empty: none. */
  readonly words: string;
}

export const PRODUCE = { key: 0, version: 8, name: 'Produce' } as const;

const ALL_REPLICAS = -1;

/** `batches`: at most one for each partition. */
export function produceRequest(transactionalId: string | null, timeoutMs: number, batches: readonly ProducedBatch[]): readonly Buffer[] {
  const request = new RequestWriter().string(transactionalId).int16(ALL_REPLICAS).int32(timeoutMs);
  const topics = new Map<string, ProducedBatch[]>();
  for (const one of batches) {
    const others = topics.get(one.topic);
    if (others) others.push(one);
    else topics.set(one.topic, [one]);
  }
  request.int32(topics.size);
  for (const [topic, parts] of topics) {
    request.string(topic).int32(parts.length);
    for (const { partition, batch } of parts) request.int32(partition).piece(batch);
  }
  return request.pieces();
}

export function producedPlaces(response: Buffer): ProducedPlace[] {
  const reader = new ResponseReader(response);
  const topics = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => readPlace(reader, topic));
  });
  return topics.flat();
}

function readPlace(reader: ResponseReader, topic: string): ProducedPlace {
  const place = { topic, partition: reader.int32(), error: reader.int16(), baseOffset: reader.int64() };
  // Skips the time of the append and the first offset of the log.
  reader.at += 16;
  const ofRecords = reader.array(() => {
    // Skips the index of the record.
    reader.at += 4;
    return reader.string();
  });
  const ofBatch = reader.string();
  return { ...place, words: ofRecords.find((words) => words !== '') ?? ofBatch };
}
