import type { TypeSet } from '../../alarm/type-set.ts';
import type { RecordBatch } from '../../message-log/port.ts';
import { decodeRecords } from '../../message-log/values.ts';
import { decodeSensorFaults } from '../../records/sensor-faults.ts';
import { retryForever } from '../../runtime/backoff.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Running } from '../../runtime/lifecycle.ts';
import { FaultySensors } from './faulty-sensors.ts';
import { type Follower, type FollowerDeps, followTopic } from './topic-follower.ts';

export interface FaultViewDeps extends FollowerDeps {
  readonly health: Health;
  readonly types: TypeSet;
}

export interface FaultListener {
  /** Called once everything that was in the log at the start has been read. */
  known(): void;
  /** Called after that for each sensor whose faults have changed. */
  changed(sensor: number): void;
}

const PART = 'console-faults';

/** Which sensors have faults, from topic SUPERVISION. No alarm depends on it, so its own problems are only notices. */
export class FaultView implements Running {
  readonly #deps: FaultViewDeps;
  readonly #listener: FaultListener;
  readonly #sensors: FaultySensors;
  readonly #stopping = new AbortController();
  #known = false;
  #follower: Follower | undefined;
  #beginning: Promise<void> | undefined;

  constructor(deps: FaultViewDeps, listener: FaultListener) {
    this.#deps = deps;
    this.#sensors = new FaultySensors(deps.types);
    this.#listener = listener;
  }

  /** Undefined until everything that was in the log at the start has been read: before that, "none" could be wrong. */
  get sensors(): FaultySensors | undefined {
    return this.#known ? this.#sensors : undefined;
  }

  start(): void {
    this.#beginning ??= retryForever(
      () => this.#begin(),
      (error) => this.#report(`cannot read the faults of sensors: ${reasonOf(error)}`),
      this.#stopping.signal,
    ).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) this.#report(`cannot read the faults of sensors: ${reasonOf(error)}`);
    });
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'));
    await this.#follower?.stop();
    await this.#beginning;
    await this.#follower?.stop();
  }

  async #begin(): Promise<void> {
    await this.#follower?.stop();
    this.#follower = await followTopic(
      {
        topic: 'SUPERVISION',
        from: Array.from({ length: this.#deps.log.partitions }, () => 'earliest' as const),
        what: 'the faults of sensors',
        report: (problem) => this.#report(problem),
        onBatch: (batch) => this.#take(batch),
        onGap: (partition, first, end) => {
          this.#deps.logger.warn({ partition, first, end }, 'faults of sensors were removed from the log before the console read them');
          this.#forget(partition);
        },
        onRecreated: (partition) => {
          this.#deps.logger.error({ partition }, 'topic SUPERVISION was created again: it is read from its beginning');
          this.#forget(partition);
        },
      },
      this.#deps,
    );
    if (this.#stopping.signal.aborted) return;
    await this.#follower.caughtUp;
    this.#known = true;
    this.#listener.known();
  }

  #take(batch: RecordBatch): void {
    const { partition } = batch;
    const { read, unreadable } = decodeRecords(batch, decodeSensorFaults);
    for (const { value } of read) {
      this.#sensors.apply(value, partition);
      this.#changed(value.sensor);
    }
    for (const { i, problem } of unreadable)
      this.#deps.logger.warn({ partition, offset: batch.offset(i), problem }, 'faults of a sensor cannot be read');
  }

  /** Otherwise a fault whose end was in an unread record would stand for ever. Faults that last are written again within a day. */
  #forget(partition: number): void {
    for (const sensor of this.#sensors.forget(partition)) this.#changed(sensor);
  }

  #changed(sensor: number): void {
    if (this.#known) this.#listener.changed(sensor);
  }

  #report(problem: string | undefined): void {
    this.#deps.health.notice(PART, problem);
  }
}
