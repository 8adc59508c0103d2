import type { OutgoingRecord, StateDelta } from '../port.ts';
import type { Topic } from '../../records/topics.ts';
import { BATCH_BYTES } from './topics.ts';
import { BatchWriter } from '../../kafka/wire/batch-writer.ts';

/** Batches for one partition, in order, each small enough for the brokers; `topic` is its name in Kafka. */
export interface TransactionPart {
  readonly topic: string;
  readonly partition: number;
  readonly batches: readonly BatchWriter[];
}

/** The records that one transaction writes into a task's partition, gathered by topic. */
export class TransactionParts {
  readonly #topics = new Map<Topic, BatchWriter[]>();

  add({ topic, key, at, value }: OutgoingRecord): void {
    this.#open(topic, value.length).add(key, at, value, 0, value.length);
  }

  /** Adds a record of STATE; `key` is a sensor id, or the name of something else that is kept there. */
  change(key: StateDelta['key'] | string, at: number, value: Uint8Array | null): void {
    this.#open('STATE', value?.length ?? 0).addText(String(key), at, value);
  }

  parts(prefix: string, partition: number): TransactionPart[] {
    return [...this.#topics].map(([topic, batches]) => ({ topic: prefix + topic, partition, batches }));
  }

  #open(topic: Topic, bytes: number): BatchWriter {
    const batches = this.#topics.get(topic) ?? [];
    const last = batches.at(-1);
    if (last && last.size + bytes <= BATCH_BYTES) return last;
    const batch = new BatchWriter();
    this.#topics.set(topic, [...batches, batch]);
    return batch;
  }
}
