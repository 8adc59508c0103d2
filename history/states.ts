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
  /** Give the severity of alarms of which the history has only the type. */
  readonly types: TypeSet;
  readonly clock: Clock;
}

const LOOK_EVERY_MS = 30_000;
const REFRESH_EVERY_MS = 86_400_000;
const STATES_PER_STEP = 1_000;
/** A step takes some milliseconds; the pause after it leaves time for other work. */
const PAUSE_MS = 25;

/** A refresh of all states that is under way. */
interface Refresh {
  /** Time of its states, epoch ms. */
  readonly at: number;
  /** The number of clients when it began. */
  readonly size: number;
  /** Where it continues. */
  next: string | undefined;
}

/** Writes the state of a sensor whenever it changes, and the states of all sensors at the start, once a day, and when the number of clients changes. */
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

const isKnown = (state: SensorState | 'damaged' | undefined): boolean => state !== undefined && state !== 'damaged';

/**
 * The active alarms are those in the history when this process took over the sensor's partition, changed by the events since. Events that are read
 * again after a restart lead to the same state, since the last one of each alarm decides. The times of one sensor's states never run backwards, and
 * the state after an event is always newer than what a refresh has written, whatever the proxies' clocks say: so a store that shows the newest state
 * shows the right one.
 */
export class StateWriter {
  readonly #deps: StateWriterDeps;
  readonly #pauseMs: number;
  readonly #sensors = new Map<number, SensorAlarms>();
  /** Sensors whose state is still to be written. Kept here, since a failed batch that is taken again changes no alarm any more. */
  readonly #unwritten = new Set<number>();
  readonly #unreadable: Counter;
  /** No stored state of a sensor that isn't in `#sensors` is newer than this, epoch ms. */
  #shownUpTo = 0;
  #refreshedAt = 0;
  #refreshedSize = -1;
  #refresh: Refresh | undefined;
  /** The partitions whose sensors this process writes, each with the number of its assignment. */
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

  /** Forgets the sensors of partitions that were taken away, and loads those of new ones. Call it with every assignment, and every few seconds. */
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

  /** Loads states from the history, and the alarms of sensors that have none there, for example after it was lost, from the archive. */
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
    for await (const alarms of archive.open())
      for (const alarm of alarms) {
        if (!isActive(alarm) || !isTheirs(alarm.sensor)) continue;
        const known = this.#sensors.get(alarm.sensor);
        if (known && !this.#unwritten.has(alarm.sensor)) known.identify(alarm);
        else if (known || !isKnown(await history.state(alarm.sensor))) {
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

  /** Writes the states of all clients' sensors, quiet ones too, step by step, if that is due. Rejects as directory and history do. */
  async refreshIfDue(signal: AbortSignal): Promise<void> {
    const { clock, directory, types } = this.#deps;
    if (!this.#isSure) return;
    const size = await directory.size();
    if (!this.#refresh && size === this.#refreshedSize && clock() < this.#refreshedAt + REFRESH_EVERY_MS) return;
    // A refresh that failed continues where it stopped.
    const refresh = this.#refresh ?? this.#beginRefresh(size);
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
    // New partitions need a refresh of their own.
    if (this.#refresh !== refresh) return;
    this.#refresh = undefined;
    this.#refreshedSize = refresh.size;
    for (const [sensor, alarms] of this.#sensors)
      if (alarms.quiet && alarms.at <= at && !this.#unwritten.has(sensor)) this.#sensors.delete(sensor);
  }

  #beginRefresh(size: number): Refresh {
    const at = Math.max(this.#deps.clock(), this.#shownUpTo + 1);
    this.#refreshedAt = at;
    this.#shownUpTo = at;
    return { at, size, next: undefined };
  }

  async *#partsOf({ next }: Refresh): AsyncGenerator<PlacesPart> {
    try {
      yield* this.#deps.directory.places(next);
    } catch (error) {
      // The position where it stopped may be the reason.
      if (error instanceof PermanentError) this.#refresh = undefined;
      throw error;
    }
  }

  /** Rejects while the directory is away, since a state without a place would take the sensor off the map. */
  async #write(): Promise<void> {
    if (this.#unwritten.size === 0) return;
    const states: SensorState[] = [];
    for (const sensor of this.#unwritten) {
      const found = await this.#deps.directory.find(sensor);
      const client = found === 'damaged' ? undefined : found;
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

  /** Whether the partitions are certainly still this process's: one that was suspended for a while has to ask first. */
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
    // Not parked, since the archiver reads the same topic and parks what it can't read.
    this.#unreadable.inc();
    this.#deps.logger.warn({ partition: batch.partition, offset: batch.offset(i), problem }, 'an alarm event could not be read');
  }
}
