import type { Registry } from 'prom-client';
import type { Clock } from '../../runtime/clock.ts';
import { counted } from '../../runtime/counted.ts';
import { PermanentError } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { RemovalClock } from '../../runtime/removal-clock.ts';
import { partitionOf } from '../partitioning.ts';
import type { From, InputProgress, MessageLog, Reader, RecordBatch, Records, Subscription, TaskOwner } from '../port.ts';
import { SENSOR_INPUTS, type Topic } from '../../records/topics.ts';
import type { CheckedNumbers } from './checked-numbers.ts';
import { Poller } from './cursor.ts';
import { aboutLog, type LogDatabases, nextKey, openDatabases, PARTITIONS } from './databases.ts';
import { closed } from './faults.ts';
import { RECORD_BYTES } from './frame.ts';
import { GroupCommit } from './group-commit.ts';
import { leftOutIn } from './left-out.ts';
import { type LogMetrics, logMetrics } from './metrics.ts';
import { PartitionLog } from './partition-log.ts';
import { Positions } from './positions.ts';
import { Retention, type RetentionLimits } from './retention.ts';
import type { Store } from './store.ts';
import { EmbeddedSubscription } from './subscription.ts';
import { TASK_GROUP, Tasks } from './tasks.ts';
import { Upkeep } from './upkeep.ts';
import { WriteAhead } from './write-ahead.ts';

export interface EmbeddedLogOptions extends RetentionLimits {
  /** Cannot be changed once a data folder exists. */
  readonly partitions: number;
  readonly clock: Clock;
  readonly removalClock: RemovalClock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
}

export interface EmbeddedLog extends MessageLog {
  /** Empties the journal and applies retention now instead of when they are next due. */
  sweep(): Promise<void>;
  /** Time of the newest record in any partition, epoch ms: new records must not be stamped earlier. */
  readonly lastTime: number;
}

/**
 * Opens the log in a store, which the caller still closes. Throws PermanentError `partitions` if the folder has a different number of partitions,
 * `store-damaged` if its contents cannot be trusted.
 */
export async function openEmbeddedLog(store: Store, options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  await checkPartitions(store, aboutLog(store.root), options.partitions);
  const databases = openDatabases(store.root, options.partitions);
  return new LmdbLog(store, databases, await WriteAhead.open(store, databases, options.clock), options);
}

class LmdbLog implements EmbeddedLog {
  readonly partitions: number;
  readonly #logs: ReadonlyMap<Topic, readonly PartitionLog[]>;
  readonly #writeAhead: WriteAhead;
  readonly #commits: GroupCommit;
  readonly #positions: Positions;
  readonly #tasks: Tasks;
  readonly #upkeep: Upkeep;
  readonly #metrics: LogMetrics;
  readonly #open = new Set<{ close(): Promise<void> }>();
  #closed = false;

  constructor(
    store: Store,
    databases: LogDatabases,
    writeAhead: WriteAhead,
    { partitions, removalClock, logger, registry, health, ...limits }: EmbeddedLogOptions,
  ) {
    this.partitions = partitions;
    this.#writeAhead = writeAhead;
    this.#metrics = logMetrics(
      registry,
      () => this.#sizes(),
      () => this.#commits.pendingBytes,
    );
    if (store.doubt !== undefined) logger.warn(store.doubt);
    if (writeAhead.damaged > 0) {
      this.#metrics.corruptFrames.inc({ topic: 'journal' }, writeAhead.damaged);
      logger.error(
        { entries: writeAhead.damaged, records: writeAhead.lost },
        'part of what was written last before a crash is damaged on disk and was skipped',
      );
    }
    this.#commits = new GroupCommit(writeAhead, health, logger, this.#metrics);
    const onCorrupt = (topic: Topic, partition: number, offset: number): void => {
      this.#metrics.corruptFrames.inc({ topic });
      logger.error({ topic, partition, offset }, 'records are damaged on disk and were skipped');
    };
    const leftOut = leftOutIn(databases.about);
    this.#logs = new Map(
      [...databases.frames].map(([topic, each]) => [
        topic,
        each.map((frames, p) => new PartitionLog(topic, p, frames, onCorrupt, leftOut(topic, p))),
      ]),
    );
    this.#positions = new Positions(databases.positions);
    for (const log of [...this.#logs.values()].flat()) {
      const repaired = databases.about.get(nextKey(log.topic, log.partition)) ?? 0;
      if (repaired > log.next) log.skipTo(repaired);
      const known = this.#positions.highest(log.topic, log.partition);
      if (known <= log.next) continue;
      const { topic, partition, next: from } = log;
      this.#metrics.corruptFrames.inc({ topic });
      logger.error({ topic, partition, from, to: known }, 'records that were already read are gone: new records continue after them');
      log.skipTo(known);
    }
    writeAhead.onMoved = (topic, partition, next) => this.#log(topic, partition).moved(next);
    this.#tasks = new Tasks({
      states: databases.states,
      newestStates: (partition) => writeAhead.statesOf(partition),
      positions: this.#positions,
      commits: this.#commits,
      log: (topic, partition) => this.#log(topic, partition),
      readAhead: (log, from) => this.#read(log, from, true),
    });
    const logs = [...this.#logs.values()].flat();
    const retention = new Retention(limits, { store, logs, positions: this.#positions, metrics: this.#metrics, removalClock, logger });
    this.#upkeep = new Upkeep(retention, writeAhead, logger);
  }

  async append(topic: Topic, records: Records, at: number): Promise<{ readonly partition: number; readonly offset: number }> {
    const { length, keys, starts, ends, bytes } = records;
    let size = length * RECORD_BYTES;
    for (let i = 0; i < length; i += 1) size += (ends[i] as number) - (starts[i] as number);
    this.#commits.admit(size);
    if (length === 0) {
      this.#commits.admit(0);
      return { partition: 0, offset: this.#log(topic, 0).next };
    }
    const partition = partitionOf(keys[0] as number, this.partitions);
    const first = this.#log(topic, partition);
    const index = first.stage.count;
    if (this.partitions === 1) this.#stageAll(first, records, at);
    else
      for (let i = 0; i < length; i += 1) {
        const log = this.#log(topic, partitionOf(keys[i] as number, this.partitions));
        log.stage.add(keys[i] as number, log.monotone(at), bytes, starts[i] as number, ends[i] as number);
        this.#commits.touch(log);
      }
    const round = this.#commits.next();
    await round.committed;
    this.#metrics.appendedRecords.inc({ topic }, length);
    return { partition, offset: (round.bases.get(first) ?? first.next) + index };
  }

  async reader(topic: Topic, partition: number, from: From): Promise<Reader> {
    const log = this.#log(topic, partition);
    return this.#read(log, from === 'earliest' ? log.earliest : from === 'latest' ? log.next : from, false);
  }

  async subscribe(group: string, topics: readonly Topic[]): Promise<Subscription> {
    this.#checkOpen();
    const logs = topics.flatMap((topic) => range(this.partitions).map((partition) => this.#log(topic, partition)));
    const subscription = new EmbeddedSubscription(group, logs, this.#positions, this.#commits, () => this.#open.delete(subscription));
    this.#open.add(subscription);
    return subscription;
  }

  async own(owner: TaskOwner): Promise<() => Promise<void>> {
    this.#checkOpen();
    return await this.#tasks.own(owner);
  }

  async bounds(topic: Topic, partition: number): Promise<{ readonly earliest: number; readonly next: number }> {
    const { earliest, next } = this.#log(topic, partition);
    return { earliest, next };
  }

  async offsetAt(topic: Topic, partition: number, at: number): Promise<number> {
    return this.#log(topic, partition).offsetAt(at);
  }

  async committed(group: string, topic: Topic, partition: number): Promise<number | undefined> {
    return this.#positions.get(group, topic, partition);
  }

  async progress(): Promise<readonly InputProgress[]> {
    this.#checkOpen();
    return SENSOR_INPUTS.flatMap((topic) =>
      range(this.partitions).map((partition) => ({
        topic,
        partition,
        decided: this.#positions.get(TASK_GROUP, topic, partition),
        next: this.#log(topic, partition).next,
      })),
    );
  }

  get lastTime(): number {
    return Math.max(...[...this.#logs.values()].flat().map((log) => log.lastTime));
  }

  async sweep(): Promise<void> {
    await this.#writeAhead.move();
    await this.#upkeep.run();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#tasks.close();
    await this.#upkeep.stop();
    await this.#commits.close();
    await this.#writeAhead.close();
    for (const open of this.#open) await open.close();
  }

  #read(log: PartitionLog, from: number, ahead: boolean): Reader {
    this.#checkOpen();
    const reader = new EmbeddedReader(log, from, ahead, () => this.#open.delete(reader));
    this.#open.add(reader);
    return reader;
  }

  #stageAll(log: PartitionLog, records: Records, at: number): void {
    log.stage.addAll(records, log.monotone(at));
    this.#commits.touch(log);
  }

  #log(topic: Topic, partition: number): PartitionLog {
    const log = this.#logs.get(topic)?.[partition];
    if (!log) throw new PermanentError('no-such-partition', `${topic}/${partition} is not a partition that is written or read as records`);
    return log;
  }

  #sizes(): Map<Topic, number> {
    return new Map([...this.#logs].map(([topic, logs]) => [topic, logs.reduce((sum, log) => sum + log.sizeBytes, 0)]));
  }

  #checkOpen(): void {
    if (this.#closed) throw closed();
  }
}

class EmbeddedReader implements Reader {
  /** Here a poll reads from the store directly. */
  readonly behind = false;
  onGap: ((from: number, to: number) => void) | undefined;
  readonly #poller: Poller;
  readonly #onClose: () => void;

  constructor(log: PartitionLog, start: number, ahead: boolean, onClose: () => void) {
    this.#onClose = onClose;
    this.#poller = new Poller([log], () => start, ahead);
    for (const cursor of this.#poller.cursors) cursor.onGap = (from, to) => this.onGap?.(from, to);
  }

  get position(): number {
    return this.#poller.cursors[0]?.position ?? 0;
  }

  poll(waitMs: number): Promise<readonly RecordBatch[]> {
    return this.#poller.poll(waitMs);
  }

  async close(): Promise<void> {
    this.#poller.close();
    this.#onClose();
  }
}

async function checkPartitions(store: Store, about: CheckedNumbers, partitions: number): Promise<void> {
  const stored = about.get(PARTITIONS);
  if (stored === undefined) await store.write(() => about.put(PARTITIONS, partitions));
  else if (stored !== partitions)
    throw new PermanentError(
      'partitions',
      `the data folder ${store.dataDir} has ${counted(stored, 'partition')}; their number cannot be changed to ${partitions}`,
    );
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
