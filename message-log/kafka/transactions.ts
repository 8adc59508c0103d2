import { setTimeout as sleep } from 'node:timers/promises';
import { type BackoffSettings, backoffMs } from '../../runtime/backoff.ts';
import type { Client } from '../../kafka/client.ts';
import {
  CONCURRENT_TRANSACTIONS,
  DUPLICATE_SEQUENCE,
  fenced,
  isFencing,
  isRetried,
  NotSent,
  produceFault,
  unavailable,
} from '../../kafka/faults.ts';
import { ask, type Broker, isPassing, kafkaErrorOf } from '../../kafka/kafkajs.ts';
import type { TransactionPart } from './transaction-parts.ts';
import type { ProducerIdentity } from '../../kafka/wire/batch-writer.ts';
import { PRODUCE, type ProducedBatch, type ProducedPlace, produceRequest, producedPlaces } from '../../kafka/wire/produce.ts';

export interface TransactionSettings {
  readonly transactionalId: string;
  readonly requestTimeoutMs: number;
}

/** The part of a client that a producer needs. */
export type TransactionClient = Pick<Client, 'atCoordinator' | 'exchange' | 'leaderOf' | 'prepare' | 'refresh'>;

/** Brokers abort a dead owner's open transaction after this; a successor aborts it at once. */
const TRANSACTION_TIMEOUT_MS = 10_000;
/** A commit that brokers keep putting off is given up before its transaction times out. */
const COMMIT_WITHIN_MS = 8_000;
const TAKE_OVER_TIMEOUT_MS = 15_000;
/** The previous transaction completes within milliseconds; an election takes seconds. */
const AGAIN: BackoffSettings = { firstMs: 3, maxMs: 50 };
const SEQUENCE_MODULUS = 2 ** 31;

/**
 * The producer of a transactional id in one epoch. It waits for leaders and coordinators that move, load or can't be reached where that is safe:
 * as long as nothing is written, or if a broker has answered that it did not do what was asked. Then the same batches are sent again with the
 * same sequence numbers. After a rejection it must not be used any more: begin another epoch.
 */
export class TransactionalProducer {
  readonly #client: TransactionClient;
  readonly #settings: TransactionSettings;
  readonly #identity: ProducerIdentity;
  readonly #sequences = new Map<string, number>();
  #failed = false;
  #deadline = 0;

  private constructor(client: TransactionClient, settings: TransactionSettings, identity: ProducerIdentity) {
    this.#client = client;
    this.#settings = settings;
    this.#identity = identity;
  }

  /**
   * Begins a new epoch: the owner of the previous one can't write any more, and its open transaction is aborted before this resolves. Rejects with
   * TransientError.
   */
  static async begin(client: TransactionClient, settings: TransactionSettings): Promise<TransactionalProducer> {
    const { transactionalId } = settings;
    const request = (broker: Broker) => ask(broker, 'InitProducerId', { transactionalId, transactionTimeout: TRANSACTION_TIMEOUT_MS });
    const end = performance.now() + TAKE_OVER_TIMEOUT_MS;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { producerId, producerEpoch } = await client.atCoordinator('transaction', transactionalId, request);
        return new TransactionalProducer(client, settings, { producerId: Number(producerId), epoch: Number(producerEpoch) });
      } catch (error) {
        // The predecessor's transaction is being aborted, or the coordinator is moving.
        if (performance.now() > end || !isPassing(error)) throw error;
        await sleep(backoffMs(attempt, AGAIN));
      }
    }
  }

  /**
   * Writes all parts or none, durable once it resolves. Rejects with PermanentError `fenced` or `record-too-large`, or with TransientError, after which the
   * outcome may be unknown.
   */
  async commit(parts: readonly TransactionPart[]): Promise<void> {
    if (this.#failed) throw unavailable('this producer has failed; its successor needs a new epoch');
    this.#failed = true;
    this.#deadline = performance.now() + COMMIT_WITHIN_MS;
    await this.#register(parts);
    await this.#write(parts);
    // Not repeated after a missing answer: the first request may still arrive, and would then end the next transaction.
    await this.#coordinate('EndTxn', { transactionResult: true }, (error) => kafkaErrorOf(error) !== undefined || error instanceof NotSent);
    this.#failed = false;
  }

  /** A commit under way stops waiting and rejects. */
  abandon(): void {
    this.#deadline = 0;
  }

  /** Looks up the coordinator and connects to it and to these leaders; done now and then so that a commit needn't. */
  async prepare(leaders: ReadonlySet<number>): Promise<void> {
    await this.#client.prepare(this.#settings.transactionalId, leaders);
  }

  async #register(parts: readonly TransactionPart[]): Promise<void> {
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of parts) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
    // Always safe to repeat: nothing is written yet, and naming a partition twice changes nothing.
    const options = { topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) };
    await this.#coordinate('AddPartitionsToTxn', options, () => true);
  }

  /** A request takes one batch per partition: the others follow in rounds. */
  async #write(parts: readonly TransactionPart[]): Promise<void> {
    const rounds = Math.max(...parts.map(({ batches }) => batches.length));
    for (let round = 0; round < rounds; round += 1) await this.#writeRound(parts, round);
  }

  async #writeRound(parts: readonly TransactionPart[], round: number): Promise<void> {
    let left = parts.flatMap((part) => this.#sealed(part, round));
    for (let attempt = 0; ; attempt += 1) {
      const outcomes = await Promise.all([...this.#byLeader(left)].map(([leader, batches]) => this.#produce(leader, batches, attempt > 0)));
      left = outcomes.flat();
      if (left.length === 0) return;
      if (performance.now() > this.#deadline) throw unavailable(`${left.map(placeOf).join(', ')}: no broker takes records at the moment`);
      await sleep(backoffMs(attempt, AGAIN));
      await this.#client.refresh().catch(() => undefined);
    }
  }

  #sealed({ topic, partition, batches }: TransactionPart, round: number): ProducedBatch[] {
    const batch = batches[round];
    if (!batch) return [];
    const place = placeOf({ topic, partition });
    const sequence = this.#sequences.get(place) ?? 0;
    this.#sequences.set(place, (sequence + batch.count) % SEQUENCE_MODULUS);
    return [{ topic, partition, batch: batch.seal(this.#identity, sequence, true) }];
  }

  #byLeader(batches: readonly ProducedBatch[]): Map<number | undefined, ProducedBatch[]> {
    const byLeader = new Map<number | undefined, ProducedBatch[]>();
    for (const batch of batches) {
      const leader = this.#client.leaderOf(batch.topic, batch.partition);
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), batch]);
    }
    return byLeader;
  }

  /** Resolves with the batches that were certainly not taken and may succeed later or at another broker. */
  async #produce(leader: number | undefined, batches: readonly ProducedBatch[], again: boolean): Promise<readonly ProducedBatch[]> {
    if (leader === undefined) return batches;
    const { transactionalId, requestTimeoutMs } = this.#settings;
    const request = produceRequest(transactionalId, requestTimeoutMs, batches);
    let places: readonly ProducedPlace[];
    try {
      places = producedPlaces(await this.#client.exchange(leader, 'patient', PRODUCE, request, requestTimeoutMs * 2));
    } catch (error) {
      if (error instanceof NotSent) return batches;
      throw error;
    }
    for (const { topic, partition, error } of places) {
      const isTaken = error === 0 || (again && error === DUPLICATE_SEQUENCE);
      if (!isTaken && !isPutOff(error)) throw produceFault(placeOf({ topic, partition }), error);
    }
    // A batch that is missing from the answer is not acknowledged.
    if (places.length !== batches.length) throw unavailable('the broker left partitions out of its answer');
    const putOff = new Set(places.filter(({ error }) => isPutOff(error)).map(placeOf));
    return batches.filter((batch) => putOff.has(placeOf(batch)));
  }

  /** Retries passing errors, such as a previous transaction that is still being completed, where `mayAskAgain` says that repeating is safe. */
  async #coordinate(name: 'AddPartitionsToTxn' | 'EndTxn', options: object, mayAskAgain: (error: unknown) => boolean): Promise<void> {
    const { transactionalId } = this.#settings;
    const { producerId, epoch } = this.#identity;
    const request = (broker: Broker) => ask(broker, name, { transactionalId, producerId, producerEpoch: epoch, ...options });
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#client.atCoordinator('transaction', transactionalId, request);
        return;
      } catch (error) {
        const type = kafkaErrorOf(error);
        if (type === 'INVALID_PRODUCER_EPOCH' || type === 'PRODUCER_FENCED' || isFencing(codeOf(error))) throw fenced();
        if (!isPassing(error) || !mayAskAgain(error) || performance.now() > this.#deadline) throw error;
        await sleep(backoffMs(attempt, AGAIN));
      }
    }
  }
}

const isPutOff = (error: number): boolean => isRetried(error) || error === CONCURRENT_TRANSACTIONS;
const placeOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string => `${topic}/${partition}`;

/** kafkajs doesn't know newer errors and gives only their number, in its text. */
function codeOf(error: unknown): number {
  return Number(/Unknown error code (\d+)/.exec(error instanceof Error ? error.message : '')?.[1] ?? 0);
}
