import { setTimeout as sleep } from 'node:timers/promises';
import { Counter } from 'prom-client';
import { isActive } from '../alarm/lifecycle.ts';
import type { TypeSet } from '../alarm/type-set.ts';
import { partitionOf } from '../message-log/partitioning.ts';
import type { RecordBatch } from '../message-log/port.ts';
import { decodeRecords } from '../message-log/values.ts';
import { afterStart } from '../runtime/after-start.ts';
import type { Clock } from '../runtime/clock.ts';
import { PermanentError } from '../runtime/errors.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { Archive } from '../archive/port.ts';
import { type ConsumerDeps, SHARE_SURE_MS, startConsumer } from '../processor/consumer.ts';
import type { Group } from '../records/groups.ts';
import { decodeAlarmChange } from '../records/alarm-event.ts';
import { startPeriodic } from '../processor/periodic.ts';
import type { Directory, PlacesPart } from '../directory/port.ts';
import type { History, SensorState } from './port.ts';
import { SensorAlarms } from './sensor-alarms.ts';

export const STATES_GROUP = 'states' satisfies Group;

export interface StateWriterDeps extends ConsumerDeps {
  readonly history: History;
  readonly directory: Directory;
  readonly archive: Archive;
  /** How grave an alarm is of which the history keeps only the type. */
  readonly types: TypeSet;
  readonly clock: Clock;
}

const LOOK_EVERY_MS = 30_000;
const REFRESH_EVERY_MS = 86_400_000;
const STATES_PER_STEP = 1_000;
/** A step takes some milliseconds; the pause leaves the rest to those who wait for an answer. */
const PAUSE_MS = 25;

/** A refresh of all states under way: its time, the number of clients when it began, and where it goes on. */
interface Refresh {
  readonly at: number;
  readonly size: number;
  next: string | undefined;
}

/** Writes the state of a sensor whenever it changes, and that of all known sensors at the start, once a day, and when clients were added. */
export async function startStateWriter(deps: StateWriterDeps): Promise<Running> {
  const writer = new StateWriter(deps);
  const abort = new AbortController();
  const started = afterStart(abort.signal);
  let onShared: () => void = () => undefined;
  const shared = new Promise<void>((resolve) => {
    onShared = resolve;
  });
  const consumer = await startConsumer(
    STATES_GROUP,
    ['ALARM'],
    async (batch) => {
      await writer.take(batch);
      return undefined;
    },
    deps,
    async (assigned) => {
      await started;
      await writer.share(assigned);
      if (assigned.size > 0) onShared();
    },
  );
  const refreshing = startPeriodic(
    'states of all sensors',
    LOOK_EVERY_MS,
    async (signal) => {
      await shared;
      await writer.refreshIfDue(signal);
    },
    deps.logger,
  );
  return {
    stop: async () => {
      abort.abort();
      onShared();
      await Promise.all([refreshing.stop(), consumer.stop()]);
    },
  };
}

/**
 * What is active now is what the history said when the sensor's partition came to this process, changed by the events since. Events that are read again after a restart end in the
 * same state: the last one of each alarm decides. Times of one sensor never run backwards, and an event's state is always newer than what
 * a refresh of all has written, whatever the proxies' clocks say, so that a store that shows the newest shows the right one.
 */
export class StateWriter {
  readonly #deps: StateWriterDeps;
  readonly #pauseMs: number;
  readonly #sensors = new Map<number, SensorAlarms>();
  /** Sensors whose state is still to be written: a batch that failed is taken again and must not find nothing to do. */
  readonly #unwritten = new Set<number>();
  readonly #unreadable: Counter;
  /** No state of a sensor that isn't among `#sensors` is newer than this. */
  #shownUpTo = 0;
  #refreshedAt = 0;
  #refreshedSize = -1;
  #refresh: Refresh | undefined;
  /** The partitions whose sensors are this process's to write, as the log numbers their coming. */
  #shared: ReadonlyMap<number, number> = new Map();
  #sharedAt = 0;

  constructor(deps: StateWriterDeps, pauseMs = PAUSE_MS) {
    this.#deps = deps;
    this.#pauseMs = pauseMs;
    this.#unreadable = new Counter({
      name: 'tocsin_states_unreadable_total',
      help: 'Alarm events that the state writer could not read; the archiver parks them',
      registers: [deps.registry],
    });
  }

  /** Forgets the sensors of partitions that went away, and recalls those of partitions that came. Call it again and again. */
  async share(assigned: ReadonlyMap<number, number>): Promise<void> {
    const kept = new Map([...assigned].filter(([partition, term]) => this.#shared.get(partition) === term));
    if (kept.size < this.#shared.size) {
      this.#shared = kept;
      for (const sensor of this.#sensors.keys()) if (!kept.has(this.#partitionOf(sensor))) this.#forget(sensor);
    }
    if (kept.size < assigned.size) {
      const came = new Set([...assigned.keys()].filter((partition) => !kept.has(partition)));
      for (const sensor of this.#sensors.keys()) if (came.has(this.#partitionOf(sensor))) this.#forget(sensor);
      await this.#recall(came);
      this.#shared = new Map(assigned);
      this.#refreshedSize = -1;
      this.#refresh = undefined;
    }
    this.#sharedAt = performance.now();
  }

  /** Alarms of sensors that the history has no state of, such as after it was lost, are taken from the archive. */
  async #recall(partitions: ReadonlySet<number>): Promise<void> {
    const { history, archive, clock } = this.#deps;
    const now = clock();
    const isTheirs = (sensor: number): boolean => partitions.has(this.#partitionOf(sensor));
    for await (const states of history.states()) {
      for (const { sensor, active, at } of states) {
        if (!isTheirs(sensor)) continue;
        if (active.length > 0 || at > now) this.#sensors.set(sensor, SensorAlarms.of(active, at));
        else this.#shownUpTo = Math.max(this.#shownUpTo, at);
      }
    }
    for (const alarm of await archive.open()) {
      if (!isActive(alarm) || !isTheirs(alarm.sensor)) continue;
      const known = this.#sensors.get(alarm.sensor);
      if (known && !this.#unwritten.has(alarm.sensor)) known.identify(alarm);
      else if (known || !(await history.state(alarm.sensor))) {
        const sensor = this.#sensorOf(alarm.sensor);
        sensor.raise(alarm);
        sensor.at = Math.max(sensor.at, alarm.raisedAt);
        this.#unwritten.add(alarm.sensor);
      }
    }
    await this.#write();
  }

  async take(batch: RecordBatch): Promise<void> {
    const { read, unreadable } = decodeRecords(batch, decodeAlarmChange);
    for (const { value: change } of read) {
      const sensor = this.#sensorOf(change.alarm.sensor);
      if (!sensor.apply(change)) continue;
      sensor.at = Math.max(sensor.at, change.at, this.#shownUpTo + 1);
      this.#unwritten.add(change.alarm.sensor);
    }
    await this.#write();
    for (const { i, problem } of unreadable) this.#leaveOut(batch, i, problem);
  }

  /** All known sensors, quiet ones too, step by step. */
  async refreshIfDue(signal: AbortSignal): Promise<void> {
    const { clock, directory, types } = this.#deps;
    if (!this.#isSure) return;
    const size = await directory.size();
    if (!this.#refresh && size === this.#refreshedSize && clock() < this.#refreshedAt + REFRESH_EVERY_MS) return;
    // A refresh that failed goes on where it stopped.
    const refresh = this.#refresh ?? this.#begunRefresh(size);
    this.#refresh = refresh;
    const { at } = refresh;
    for await (const { placed, next } of this.#partsOf(refresh)) {
      for (let i = 0; i < placed.length; i += STATES_PER_STEP) {
        if (signal.aborted || !this.#isSure) return;
        const ours = placed.slice(i, i + STATES_PER_STEP).filter(({ sensor }) => this.#shared.has(this.#partitionOf(sensor)));
        const states = ours.map(({ sensor, geohash, region }): SensorState => {
          return { sensor, geohash, region, active: this.#sensors.get(sensor)?.types(types) ?? [], at };
        });
        if (states.length === 0) continue;
        await this.#deps.history.writeStates(states);
        await sleep(this.#pauseMs);
      }
      refresh.next = next;
    }
    // Partitions that came meanwhile need a refresh of their own.
    if (this.#refresh !== refresh) return;
    this.#refresh = undefined;
    this.#refreshedSize = refresh.size;
    for (const [sensor, alarms] of this.#sensors)
      if (alarms.quiet && alarms.at <= at && !this.#unwritten.has(sensor)) this.#sensors.delete(sensor);
  }

  #begunRefresh(size: number): Refresh {
    const at = Math.max(this.#deps.clock(), this.#shownUpTo + 1);
    this.#refreshedAt = at;
    this.#shownUpTo = at;
    return { at, size, next: undefined };
  }

  async *#partsOf({ next }: Refresh): AsyncGenerator<PlacesPart> {
    try {
      yield* this.#deps.directory.places(next);
    } catch (error) {
      // The place where it stopped may be what the directory refuses.
      if (error instanceof PermanentError) this.#refresh = undefined;
      throw error;
    }
  }

  /** Waits for a directory that is away: without its place a state would take the sensor off the map. */
  async #write(): Promise<void> {
    if (this.#unwritten.size === 0) return;
    const states: SensorState[] = [];
    for (const sensor of this.#unwritten) {
      const client = await this.#deps.directory.find(sensor);
      const alarms = this.#sensorOf(sensor);
      states.push({
        sensor,
        geohash: client?.geohash ?? '',
        region: client?.region ?? '',
        active: alarms.types(this.#deps.types),
        at: alarms.at,
      });
    }
    await this.#deps.history.writeStates(states);
    this.#unwritten.clear();
  }

  /** Whether the partitions are still this process's, as far as it can know: one that was stopped for a while has to ask first. */
  get #isSure(): boolean {
    return this.#shared.size > 0 && performance.now() - this.#sharedAt < SHARE_SURE_MS;
  }

  #partitionOf(sensor: number): number {
    return partitionOf(sensor, this.#deps.log.partitions);
  }

  #forget(sensor: number): void {
    this.#sensors.delete(sensor);
    this.#unwritten.delete(sensor);
  }

  #sensorOf(sensor: number): SensorAlarms {
    const known = this.#sensors.get(sensor);
    if (known) return known;
    const fresh = new SensorAlarms();
    this.#sensors.set(sensor, fresh);
    return fresh;
  }

  #leaveOut(batch: RecordBatch, i: number, problem: string): void {
    // The archiver reads the same topic and parks what it can't read; a second copy would add nothing.
    this.#unreadable.inc();
    this.#deps.logger.warn({ partition: batch.partition, offset: batch.offset(i), problem }, 'an alarm event could not be read');
  }
}
