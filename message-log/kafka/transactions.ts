import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '../../runtime/errors.ts';
import type { Client } from './client.ts';
import { fenced, isFencing, produceFault, unavailable } from './faults.ts';
import { ask, type Broker, isStale, kafkaErrorOf } from './kafkajs.ts';
import type { TransactionPart } from './transaction-parts.ts';
import type { ProducerIdentity } from './wire/batch-writer.ts';
import { PRODUCE, type ProducedBatch, produceRequest, producedPlaces } from './wire/produce.ts';

export interface TransactionSettings {
  readonly transactionalId: string;
  readonly requestTimeoutMs: number;
}

/** An open transaction of a dead owner ends by itself after this; a successor ends it at once. */
const TRANSACTION_TIMEOUT_MS = 10_000;
const AGAIN_MS = 3;
const EPOCH_AGAIN_MS = 20;
const TAKE_OVER_TIMEOUT_MS = 15_000;
const SEQUENCE_MODULUS = 2 ** 31;

/** A transactional id's producer, one epoch of it. After any rejection it must not be used any more: take another epoch. */
export class TransactionalProducer {
  readonly #client: Client;
  readonly #settings: TransactionSettings;
  readonly #identity: ProducerIdentity;
  readonly #sequences = new Map<string, number>();
  #failed = false;

  private constructor(client: Client, settings: TransactionSettings, identity: ProducerIdentity) {
    this.#client = client;
    this.#settings = settings;
    this.#identity = identity;
  }

  /**
   * Takes a new epoch: whoever had one before can't write any more, and its open transaction is aborted before this resolves. Rejects with
   * TransientError.
   */
  static async begin(client: Client, settings: TransactionSettings): Promise<TransactionalProducer> {
    const { transactionalId } = settings;
    const request = (broker: Broker) => ask(broker, 'InitProducerId', { transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS });
    for (const end = performance.now() + TAKE_OVER_TIMEOUT_MS; ; ) {
      try {
        const { producerId, producerEpoch } = await client.atCoordinator('transaction', transactionalId, request);
        return new TransactionalProducer(client, settings, { producerId: Number(producerId), epoch: Number(producerEpoch) });
      } catch (error) {
        const type = kafkaErrorOf(error);
        // The predecessor's transaction is being aborted, or the coordinator is moving.
        const passing = type === 'CONCURRENT_TRANSACTIONS' || type === 'GROUP_LOAD_IN_PROGRESS' || isStale(error);
        if (performance.now() > end || !passing) throw error;
        await sleep(EPOCH_AGAIN_MS);
      }
    }
  }

  /** All parts or none, durable once it resolves. Rejects with PermanentError `fenced`, or TransientError when the outcome isn't known. */
  async commit(parts: readonly TransactionPart[]): Promise<void> {
    if (this.#failed) throw unavailable('this producer has failed; its successor needs a new epoch');
    this.#failed = true;
    await this.#register(parts);
    await this.#write(parts);
    await this.#coordinate('EndTxn', { transactionResult: true });
    this.#failed = false;
  }

  async #register(parts: readonly TransactionPart[]): Promise<void> {
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of parts) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
    await this.#coordinate('AddPartitionsToTxn', { topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) });
  }

  /** A request takes one batch of a partition: the others follow in rounds. */
  async #write(parts: readonly TransactionPart[]): Promise<void> {
    const rounds = Math.max(...parts.map(({ batches }) => batches.length));
    for (let round = 0; round < rounds; round += 1) await this.#writeRound(parts, round);
  }

  async #writeRound(parts: readonly TransactionPart[], round: number): Promise<void> {
    const byLeader = new Map<number, ProducedBatch[]>();
    for (const { topic, partition, batches } of parts) {
      const batch = batches[round];
      if (!batch) continue;
      const leader = this.#client.leaderOf(topic, partition);
      if (leader === undefined) throw unavailable(`${topic}/${partition} has no leader at the moment`);
      const place = `${topic}/${partition}`;
      const sequence = this.#sequences.get(place) ?? 0;
      this.#sequences.set(place, (sequence + batch.count) % SEQUENCE_MODULUS);
      const sealed = { topic, partition, batch: batch.seal(this.#identity, sequence, true) };
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), sealed]);
    }
    await Promise.all([...byLeader].map(([leader, produced]) => this.#produce(leader, produced)));
  }

  async #produce(leader: number, batches: readonly ProducedBatch[]): Promise<void> {
    const { transactionalId, requestTimeoutMs } = this.#settings;
    const request = produceRequest(transactionalId, requestTimeoutMs, batches);
    const places = producedPlaces(await this.#client.exchange(leader, 'patient', PRODUCE, request, requestTimeoutMs * 2));
    for (const { topic, partition, error } of places) if (error !== 0) throw produceFault(`${topic}/${partition}`, error);
    // An answer that leaves one out is no acknowledgement of it.
    if (places.length !== batches.length) throw unavailable('the broker left partitions out of its answer');
  }

  /** The transaction before may still be completing: that takes milliseconds. */
  async #coordinate(name: 'AddPartitionsToTxn' | 'EndTxn', options: object): Promise<void> {
    const { transactionalId, requestTimeoutMs } = this.#settings;
    const { producerId, epoch } = this.#identity;
    const request = (broker: Broker) => ask(broker, name, { transactionalId, producerId, producerEpoch: epoch, ...options });
    for (const end = performance.now() + requestTimeoutMs; ; ) {
      try {
        await this.#client.atCoordinator('transaction', transactionalId, request);
        return;
      } catch (error) {
        const type = kafkaErrorOf(error);
        if (type === 'INVALID_PRODUCER_EPOCH' || type === 'PRODUCER_FENCED' || isFencing(codeOf(error))) throw fenced();
        if (type !== 'CONCURRENT_TRANSACTIONS' || performance.now() > end) throw error;
        await sleep(AGAIN_MS);
      }
    }
  }
}

/** kafkajs doesn't know newer errors and says their number only. */
function codeOf(error: unknown): number {
  return Number(/Unknown error code (\d+)/.exec(reasonOf(error))?.[1] ?? 0);
}
