import { backoffMs } from '../../runtime/backoff.ts';
import { OwnError, reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import { partitionOf } from '../partitioning.ts';
import type { Records } from '../port.ts';
import type { Topic } from '../../records/topics.ts';
import { absenceOf } from './absence.ts';
import { BrokerClocks } from './broker-clocks.ts';
import type { Client } from '../../kafka/client.ts';
import { closed, DUPLICATE_SEQUENCE, INVALID_TIMESTAMP, isRetried, nameOf, produceFault } from '../../kafka/faults.ts';
import { ask } from '../../kafka/kafkajs.ts';
import type { KafkaMetrics } from './metrics.ts';
import { isDispensable, isTimed } from './topics.ts';
import { PartitionQueue, type PendingBatch } from './partition-queue.ts';
import type { ProducerIdentity } from '../../kafka/wire/batch-writer.ts';
import { PRODUCE, produceRequest, producedPlaces, type ProducedPlace } from '../../kafka/wire/produce.ts';

export interface AppenderSettings {
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly prefix: string;
  readonly appendTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

export interface AppenderDeps {
  readonly clock: Clock;
  readonly client: Client;
  readonly health: Health;
  readonly logger: Logger;
  readonly metrics: KafkaMetrics;
}

const MAX_PENDING_BYTES = 64 * 1024 * 1024;
const RECORD_OVERHEAD = 40;
const RETRY = { firstMs: 20, maxMs: 500 };
const CHECK_MS = 100;
const HEALTH_PART = 'log writing';

/**
 * Group commit on Kafka: records that gather while a request to a broker is under way go out with the next one, without further waiting. Each
 * partition has at most one batch under way, which is sent again with the same sequence number until it is acknowledged or its time is up.
 */
export class Appender {
  readonly #settings: AppenderSettings;
  readonly #deps: AppenderDeps;
  readonly #queues = new Map<Topic, readonly PartitionQueue[]>();
  readonly #ready = new Set<PartitionQueue>();
  readonly #busy = new Set<number>();
  /** Started by the first append, since a process that appends nothing needs no such timer. */
  #check: NodeJS.Timeout | undefined;
  readonly #clocks: BrokerClocks;
  /** For partitions that have no producer yet; dropped once a batch was given up under it. */
  #shared: ProducerIdentity | undefined;
  #identifying = false;
  #pendingBytes = 0;
  #scheduled = false;
  #refusal: Error | undefined;
  #troubled = false;
  #closing = false;

  constructor(settings: AppenderSettings, deps: AppenderDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#clocks = new BrokerClocks({ ...deps, requestTimeoutMs: settings.requestTimeoutMs });
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Rejects appends with this error while no broker can be reached; undefined: one can again. */
  refuse(error: Error | undefined): void {
    this.#refusal = error;
    if (!error) this.#wake();
  }

  async append(topic: Topic, records: Records, at: number): Promise<{ readonly partition: number; readonly offset: number }> {
    const { length, keys, starts, ends, bytes } = records;
    const queues = this.#queuesOf(topic);
    let size = length * RECORD_OVERHEAD;
    for (let i = 0; i < length; i += 1) size += (ends[i] as number) - (starts[i] as number);
    this.#admit(size);
    if (isDispensable(topic)) this.#checkThere(topic);
    const { partitions } = this.#settings;
    const now = performance.now();
    if (length === 0) {
      if (isTimed(topic)) await this.#clocks.ask(this.#settings.prefix + topic);
      for (const queue of queues) this.#admitTo(queue, now);
      return { partition: 0, offset: 0 };
    }
    const partition = partitionOf(keys[0] as number, partitions);
    for (let i = 0; i < length; i += 1) this.#admitTo(queues[partitionOf(keys[i] as number, partitions)] as PartitionQueue, now);
    let first: PendingBatch | undefined;
    let index = 0;
    const touched = new Set<PendingBatch>();
    for (let i = 0; i < length; i += 1) {
      const queue = queues[partitionOf(keys[i] as number, partitions)] as PartitionQueue;
      const start = starts[i] as number;
      const end = ends[i] as number;
      const pending = queue.open(end - start + RECORD_OVERHEAD, now);
      if (!first) {
        first = pending;
        index = pending.writer.count;
      }
      queue.lastTime = Math.max(queue.lastTime, at);
      pending.writer.add(keys[i] as number, queue.lastTime, bytes, start, end);
      touched.add(pending);
      this.#ready.add(queue);
    }
    this.#pendingBytes += size;
    this.#wake();
    try {
      let offset = 0;
      for (const pending of touched) {
        const base = await pending.acknowledged;
        if (pending === first) offset = base + index;
      }
      this.#deps.metrics.appendedRecords.inc({ topic }, length);
      return { partition, offset };
    } finally {
      this.#pendingBytes -= size;
    }
  }

  /** Refuses further records, and waits until the others are acknowledged or their time is up. */
  async close(): Promise<void> {
    this.#closing = true;
    while (this.#busy.size > 0 || this.#ready.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    clearInterval(this.#check);
  }

  #admit(size: number): void {
    if (this.#closing) throw closed();
    if (this.#refusal) throw this.#refusal;
    if (this.#pendingBytes + size > MAX_PENDING_BYTES)
      throw new TransientError('log-full', `more than ${MAX_PENDING_BYTES} bytes wait for the brokers`);
  }

  #checkThere(topic: Topic): void {
    const { prefix, partitions } = this.#settings;
    const absence = absenceOf(this.#deps.client, prefix + topic, partitions);
    if (absence) throw absence;
  }

  #admitTo(queue: PartitionQueue, now: number): void {
    const refusal = queue.refusal(now) ?? (this.#clocks.agree ? undefined : this.#clockRefusal(queue));
    if (refusal) throw refusal;
  }

  #clockRefusal({ topic, name, partition }: PartitionQueue): Error | undefined {
    return isTimed(topic) ? this.#clocks.refusal(this.#deps.client.leaderOf(name, partition)) : undefined;
  }

  #queuesOf(topic: Topic): readonly PartitionQueue[] {
    let queues = this.#queues.get(topic);
    if (!queues) {
      const { partitions, prefix } = this.#settings;
      queues = Array.from({ length: partitions }, (_, partition) => new PartitionQueue(topic, prefix + topic, partition));
      this.#queues.set(topic, queues);
      this.#check ??= setInterval(() => this.#expire(), CHECK_MS).unref();
    }
    return queues;
  }

  /** Sends in the next turn of the event loop, so that all records of this turn go out together. */
  #wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    const now = performance.now();
    const byNode = new Map<number, PartitionQueue[]>();
    for (const queue of this.#ready) {
      if (queue.idle) {
        this.#ready.delete(queue);
        continue;
      }
      if (queue.notBefore > now) continue;
      queue.identity ??= this.#shared;
      const node = this.#deps.client.leaderOf(queue.name, queue.partition);
      if (!queue.identity) this.#identify();
      else if (node === undefined) this.#failed(queue, 'no leader at the moment');
      else if (!this.#busy.has(node)) {
        const others = byNode.get(node);
        if (others) others.push(queue);
        else byNode.set(node, [queue]);
      }
    }
    for (const [node, queues] of byNode) void this.#send(node, queues);
  }

  async #send(node: number, queues: readonly PartitionQueue[]): Promise<void> {
    const { client, metrics } = this.#deps;
    const { requestTimeoutMs } = this.#settings;
    this.#busy.add(node);
    for (const queue of queues) {
      this.#ready.delete(queue);
      queue.sending = true;
    }
    const began = performance.now();
    try {
      const batches = queues.map((queue) => ({ topic: queue.name, partition: queue.partition, batch: queue.next() ?? Buffer.alloc(0) }));
      // While replicas are slow, the other lane stays free for requests that must be answered promptly.
      const request = produceRequest(null, requestTimeoutMs, batches);
      const answer = await client.exchange(node, 'patient', PRODUCE, request, requestTimeoutMs * 2);
      metrics.commitSeconds.observe((performance.now() - began) / 1_000);
      const places = new Map(producedPlaces(answer).map((place) => [`${place.topic}/${place.partition}`, place]));
      for (const queue of queues) this.#settle(queue, node, places.get(queue.place));
    } catch (error) {
      for (const queue of queues) this.#failed(queue, reasonOf(error));
    } finally {
      this.#busy.delete(node);
      for (const queue of queues) {
        queue.sending = false;
        if (!queue.idle) this.#ready.add(queue);
      }
      if (this.#ready.size > 0) this.#wake();
    }
  }

  #settle(queue: PartitionQueue, node: number, place: ProducedPlace | undefined): void {
    if (place && (place.error === 0 || place.error === DUPLICATE_SEQUENCE)) {
      this.#deps.metrics.appendedBytes.inc({ topic: queue.topic }, queue.current?.sealed?.length ?? 0);
      queue.acknowledge(place.baseOffset);
      if (!this.#clocks.agree && isTimed(queue.topic)) this.#clocks.accepted(node);
    } else if (!place || isRetried(place.error)) this.#failed(queue, place ? nameOf(place.error) : 'the broker left it out of its answer');
    else {
      const untimely = place.error === INVALID_TIMESTAMP;
      const fault = untimely ? this.#clocks.refused(node, queue, place.words) : produceFault(queue.place, place.error);
      // The time of a refused record must not push later ones forward.
      if (untimely) queue.lastTime = 0;
      this.#deps.logger.warn({ partition: queue.place, reason: reasonOf(fault) }, 'a batch was refused');
      queue.abandon(fault);
      this.#shared = undefined;
    }
  }

  /** Sends the batch again a little later, to the leader that the partition has then. */
  #failed(queue: PartitionQueue, reason: string): void {
    const delayMs = backoffMs(queue.attempts, RETRY);
    queue.attempts += 1;
    queue.notBefore = performance.now() + delayMs;
    queue.reason = reason;
    this.#deps.metrics.retries.inc({ what: 'append' });
    const again = (): void => {
      setTimeout(() => this.#wake(), Math.max(1, queue.notBefore - performance.now()));
    };
    this.#deps.client.refresh().then(again, again);
  }

  #expire(): void {
    this.#clocks.look();
    const now = performance.now();
    let late: Error | undefined;
    let troubled = false;
    for (const queues of this.#queues.values())
      for (const queue of queues) {
        // A request that is under way ends by its answer or its own time-out.
        if (queue.sending) continue;
        const fault = queue.expire(now - this.#settings.appendTimeoutMs, now);
        if (fault) this.#shared = undefined;
        if (this.#isWell(queue)) queue.calm();
        // Whoever appends to it says so; it is no reason to take no alarms.
        if (isDispensable(queue.topic)) continue;
        late = fault ?? late;
        troubled = troubled || queue.troubledSince !== undefined;
      }
    if (this.#troubled && !troubled) this.#deps.health.report(HEALTH_PART, undefined);
    this.#troubled = troubled;
    if (late) {
      this.#deps.health.report(HEALTH_PART, reasonOf(late));
      this.#deps.logger.warn({ reason: reasonOf(late) }, 'records were refused: brokers did not take them in time');
    }
    if (this.#ready.size > 0) this.#wake();
  }

  /** Whether the brokers have confirmed, since the trouble began, that the partition has a leader and enough replicas. */
  #isWell(queue: PartitionQueue): boolean {
    const { troubledSince: since, name, partition } = queue;
    const { client } = this.#deps;
    if (since === undefined || this.#refusal || client.refreshedAt <= since || client.leaderOf(name, partition) === undefined) return false;
    return client.inSyncOf(name, partition) >= Math.max(1, this.#settings.replicationFactor - 1);
  }

  /** Asks for a producer id without transactions; partitions that gave up a batch need a new one. */
  #identify(): void {
    if (this.#identifying) return;
    this.#identifying = true;
    this.#shared = undefined;
    const node = this.#anyLeader();
    const identified =
      node === undefined
        ? Promise.reject(new OwnError('no broker is known'))
        : this.#deps.client.atBroker(node, (broker) =>
            ask(broker, 'InitProducerId', { transactionalId: null, transactionTimeout: 60_000 }),
          );
    identified
      .then(
        ({ producerId, producerEpoch }) => {
          this.#shared = { producerId: Number(producerId), epoch: Number(producerEpoch) };
        },
        async (error: unknown) => {
          for (const queue of this.#ready) if (!queue.identity) queue.reason = reasonOf(error);
          await this.#deps.client.refresh().catch(() => undefined);
          await new Promise((resolve) => setTimeout(resolve, RETRY.maxMs).unref());
        },
      )
      .finally(() => {
        this.#identifying = false;
        this.#wake();
      });
  }

  #anyLeader(): number | undefined {
    for (const queue of this.#ready) {
      const node = this.#deps.client.leaderOf(queue.name, queue.partition);
      if (node !== undefined) return node;
    }
    return undefined;
  }
}
