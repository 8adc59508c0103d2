import { PermanentError } from '../../runtime/errors.ts';
import type { InputPositions, OutgoingRecord, Reader, StateDelta, TaskLog } from '../port.ts';
import type { Logger } from '../../runtime/logging.ts';
import { type InputTopic, INPUTS, type Topic } from '../../records/topics.ts';
import type { Client } from '../../kafka/client.ts';
import { fenced, unavailable } from '../../kafka/faults.ts';
import type { KafkaMetrics } from './metrics.ts';
import { boundsOf } from '../../kafka/offsets.ts';
import { readState, type StoredState } from './state-reader.ts';
import { encodePositions, type TaskPositions, type TopicIds } from './task-positions.ts';
import { type TransactionPart, TransactionParts } from './transaction-parts.ts';
import { TransactionalProducer } from './transactions.ts';

/** The key of a task's input positions in STATE; all other keys there are sensor ids, which are numbers. */
const POSITIONS_KEY = '@positions';

/** The topics that nearly every commit writes. */
const WRITTEN = ['ALARM', 'COUNT', 'STATE'] as const satisfies readonly Topic[];
/** A task that commits more often than this notices by itself that a leader has moved. */
const QUIET_MS = 4_000;
/** The topics whose ids are stored with the positions. */
const TOPICS_KEPT = [...INPUTS, 'STATE'] as const;

export interface TaskLogDeps {
  readonly client: Client;
  readonly logger: Logger;
  readonly metrics: KafkaMetrics;
  readonly prefix: string;
  readonly requestTimeoutMs: number;
  /** Epoch ms. */
  readonly clock: () => number;
  /** Rejects unless the partition is still assigned to this process: one that was suspended must not take it from its new owner. */
  confirm(partition: number): Promise<void>;
  /** Called when a commit finds that another owner has taken over. */
  onFenced(task: KafkaTaskLog): void;
  /** `topicId`: the topic that `from` is a position in; the reader rejects rather than go on in another one. */
  reader(topic: InputTopic, partition: number, from: number, topicId: string | undefined): Promise<Reader>;
}

/** One partition's task on Kafka: its epoch is that of a transactional id; its state and positions are records of STATE. */
export class KafkaTaskLog implements TaskLog {
  readonly partition: number;
  readonly #deps: TaskLogDeps;
  #producer: TransactionalProducer | undefined;
  #positions: InputPositions | undefined;
  #committedAt = 0;
  #topics: TopicIds = {};
  /** Sensors in a stored state that doesn't count; the next commit removes them. */
  #obsolete: readonly number[] = [];
  #fenced = false;

  constructor(partition: number, deps: TaskLogDeps) {
    this.partition = partition;
    this.#deps = deps;
  }

  /** The positions that were last restored or committed in this process. */
  get committed(): TaskPositions | undefined {
    return this.#positions && { positions: this.#positions, topics: this.#topics };
  }

  /** Stops the task from writing anything more, whatever its epoch. */
  fence(): void {
    this.#fenced = true;
    this.#producer?.abandon();
    this.#producer = undefined;
  }

  /**
   * Looks up the coordinator and the leaders that the next commit needs: a task that commits rarely would otherwise find out about a move only when
   * it commits an alarm. Failures don't matter; the commit looks again.
   */
  async keepReady(moved: boolean): Promise<void> {
    const { client, clock, prefix } = this.#deps;
    const producer = this.#producer;
    if (!producer || (!moved && clock() - this.#committedAt < QUIET_MS)) return;
    try {
      if (moved) await client.refresh();
      const leaders = WRITTEN.map((topic) => client.leaderOf(prefix + topic, this.partition));
      await producer.prepare(new Set(leaders.filter((leader) => leader !== undefined)));
    } catch {
      // The commit looks again.
    }
  }

  async close(): Promise<void> {
    this.fence();
    await this.#deps.client.close();
  }

  /** Takes the epoch first and reads the state up to the end after that, so that nobody else can have written anything that isn't read. */
  async restore(visit: (key: number, value: Buffer) => void): Promise<InputPositions> {
    if (this.#fenced) throw fenced();
    const { client, metrics, prefix, requestTimeoutMs } = this.#deps;
    const began = performance.now();
    this.#producer = undefined;
    await client.refresh();
    await this.#deps.confirm(this.partition);
    const settings = { transactionalId: `${prefix}task-${this.partition}`, requestTimeoutMs };
    const producer = await TransactionalProducer.begin(client, settings);
    const topics = this.#topicIds();
    const state = await readState(client, `${prefix}STATE`, this.partition, topics.STATE);
    const isOurs = this.#isOf('STATE', state, topics);
    const positions = await this.#inputs(isOurs ? state : { stored: undefined }, topics);
    if (this.#fenced) throw fenced();
    if (isOurs) for (const [key, value] of state.latest) visit(key, value);
    this.#obsolete = isOurs ? [] : [...state.latest.keys()];
    this.#producer = producer;
    this.#positions = positions;
    this.#topics = topics;
    metrics.restoreSeconds.observe((performance.now() - began) / 1_000);
    return positions;
  }

  reader(topic: InputTopic, from: number): Promise<Reader> {
    return this.#deps.reader(topic, this.partition, from, this.#topics[topic]);
  }

  async commit(outputs: readonly OutgoingRecord[], state: readonly StateDelta[], positions: InputPositions): Promise<void> {
    if (this.#fenced) throw fenced();
    // Not restored yet: there is no epoch to write in.
    this.#producer ??= await this.#begin();
    const producer = this.#producer;
    const began = performance.now();
    try {
      await producer.commit(this.#parts(outputs, state, positions));
    } catch (error) {
      this.#producer = undefined;
      if (error instanceof PermanentError && error.code === 'fenced') this.#onFenced();
      throw error;
    }
    this.#positions = positions;
    this.#committedAt = this.#deps.clock();
    this.#obsolete = [];
    this.#deps.metrics.transactionSeconds.observe((performance.now() - began) / 1_000);
  }

  #onFenced(): void {
    this.#deps.metrics.fenced.inc();
    this.fence();
    this.#deps.onFenced(this);
  }

  /** A task that writes without having asked for its state takes its epoch now; after a fault it has to be restored instead. */
  async #begin(): Promise<TransactionalProducer> {
    if (this.#positions) throw unavailable('the task has to be restored first');
    await this.restore(() => undefined);
    return this.#producer ?? Promise.reject(fenced());
  }

  #parts(outputs: readonly OutgoingRecord[], state: readonly StateDelta[], positions: InputPositions): TransactionPart[] {
    const { prefix, clock } = this.#deps;
    const parts = new TransactionParts();
    for (const output of outputs) parts.add(output);
    const now = clock();
    for (const key of this.#obsolete) parts.change(key, now, null);
    for (const { key, value } of state) parts.change(key, now, value);
    parts.change(POSITIONS_KEY, now, encodePositions({ positions, topics: this.#topics }));
    return parts.parts(prefix, this.partition);
  }

  #topicIds(): TopicIds {
    const { client, prefix } = this.#deps;
    return Object.fromEntries(TOPICS_KEPT.map((topic) => [topic, client.topicId(prefix + topic)]));
  }

  /** Whether what is stored belongs to the topic that exists now. Without a stored id, as earlier versions wrote it, it is trusted. */
  #isOf(topic: keyof TopicIds, { stored }: Pick<StoredState, 'stored'>, topics: TopicIds): boolean {
    const [then, now] = [stored?.topics[topic], topics[topic]];
    if (then === undefined || now === undefined || then === now) return true;
    const consequence = topic === 'STATE' ? 'the state is rebuilt from the first readings held' : 'it is read from its beginning';
    this.#deps.logger.error(
      { topic: this.#deps.prefix + topic, partition: this.partition },
      `the topic was deleted and created again: ${consequence}`,
    );
    return false;
  }

  /** The input positions; an input without one begins with the first record held. */
  async #inputs(state: Pick<StoredState, 'stored'>, topics: TopicIds): Promise<InputPositions> {
    const { client, prefix } = this.#deps;
    const position = async (topic: InputTopic): Promise<number> => {
      const known = this.#isOf(topic, state, topics) ? state.stored?.positions[topic] : undefined;
      return known ?? (await boundsOf(client, prefix + topic, this.partition)).earliest;
    };
    const [ENTRY, OK, ACTION] = await Promise.all([position('ENTRY'), position('OK'), position('ACTION')]);
    return { ENTRY, OK, ACTION };
  }
}
