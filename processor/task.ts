import type { AlarmEvent } from '../alarm/alarm.ts';
import { parseAction } from '../alarm/action.ts';
import { Decoder } from '../alarm/decode.ts';
import { Detection, type Effects } from '../alarm/detection.ts';
import type { SensorFaults } from '../alarm/faults.ts';
import { NewerState, UnreadableState } from '../alarm/sensor-state.ts';
import { multiplierFrom } from '../alarm/scatter.ts';
import { emptyRecovery, emptyStatus, type Status } from '../alarm/status.ts';
import type { TypeSet } from '../alarm/type-set.ts';
import type { InputPositions, OutgoingRecord, RecordBatch, StateDelta, TaskLog } from '../message-log/port.ts';
import { textOf } from '../message-log/values.ts';
import type { Clock } from '../runtime/clock.ts';
import type { DamagedRows } from '../runtime/damaged-rows.ts';
import { PermanentError, reasonOf } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logging.ts';
import { letterAbout, letterAboutState } from './dead-letters.ts';
import { Inputs, type Run } from './inputs.ts';
import type { ReadBack } from './read-back.ts';
import type { TaskMetrics } from './metrics.ts';

export interface TaskSettings {
  readonly types: TypeSet;
  readonly clockSkewMaxMs: number;
  readonly repeatWithinMs: number;
  readonly hitsKeptMs?: number | undefined;
  /** Memory for sensors without an alarm, in this partition alone, bytes. */
  readonly roomBytes?: number | undefined;
  /** Memory for sensors with alarms, in this partition alone, bytes. */
  readonly alarmRoomBytes?: number | undefined;
  /** See DetectionSettings. */
  readonly isUnknown?: ((sensor: number) => boolean) | undefined;
  /** Alarms of unknown sensors, in this partition alone. */
  readonly quarantineMax?: number | undefined;
}

export interface TaskDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: TaskMetrics;
  readonly damagedRows: Pick<DamagedRows, 'found'>;
  /** What the log still says of these sensors of a partition. Rejects if it can't be read. */
  readBack(partition: number, sensors: ReadonlySet<number>): Promise<ReadBack>;
}

/** Positions without effects are committed this often, so that a restart has little to read again. */
const POSITIONS_EVERY_MS = 5_000;
/** How long a task without input waits at most before it looks around; any record ends the wait. */
const IDLE_WAIT_MS = 2_000;
/** Commits at most about this many alarms at a time, so that a city-wide burst cannot starve the other partitions of this process, or its heartbeat. */
const COMMITTED_AT_ONCE = 1_000;
/** When this many sensors wait to be stored with the next commit, they get a commit of their own, so that commits stay small. */
const RIDING_MAX = 5_000;
/** A commit logs at most this many sensors with stale hits. */
const STALE_LOGGED_AT_ONCE = 10;
const BEGINS_ANEW =
  'its hits so far are lost, so the next hit of the sensor raises an alarm at once; open alarms of it were read back from the log';
const WITHOUT_ALARMS =
  'its hits so far are lost, so the next hit of the sensor raises an alarm at once; open alarms of it could not be read back from the log: they stay in the lists, but can be acted on no more, so look at this sensor';
/** The key decides the partition: under another key, an alarm and its recovery could be in different partitions. */
const FOREIGN_KEY = "the record's key is not the id of its sensor";

/**
 * The task over one partition: decode → detect → one atomic commit of alarms, counts, state and positions.
 * Lives until `close` or the first fault; after a fault a new one must be restored from the log.
 */
export class Task {
  readonly #taskLog: TaskLog;
  readonly #inputs: Inputs;
  readonly #detection: Detection;
  readonly #deps: TaskDeps;
  readonly #decoder: Decoder;
  readonly #status: Status;
  readonly #recovery = emptyRecovery();
  /** How much of what detection has let go of is counted in the metrics so far. */
  #counted = { letGo: 0, unknownLetGo: 0, heldBack: 0, withheld: 0 };
  #dead: OutgoingRecord[] = [];
  #committedAt: number;
  #uncommitted = false;
  #closing = false;

  private constructor(taskLog: TaskLog, inputs: Inputs, detection: Detection, types: TypeSet, deps: TaskDeps) {
    this.#taskLog = taskLog;
    this.#inputs = inputs;
    this.#detection = detection;
    this.#decoder = new Decoder(types);
    this.#status = emptyStatus(types);
    this.#deps = deps;
    this.#committedAt = deps.clock();
  }

  /** Restores detection and input positions from the log. Rejects as `TaskLog.restore` and `TaskLog.reader` do. */
  static async restore(taskLog: TaskLog, settings: TaskSettings, deps: TaskDeps): Promise<Task> {
    const { partition } = taskLog;
    const detection = new Detection({ ...settings, partition, idMultiplier: multiplierFrom(Math.random) });
    const damaged = new Set<number>();
    const positions = await taskLog.restore(
      (sensor, value) => {
        if (!restoreSensor(detection, sensor, value)) damaged.add(sensor);
      },
      (sensor) => damaged.add(sensor),
    );
    if (damaged.size > 0) await beginAnew(damaged, detection, taskLog, positions, deps);
    const inputs = await Inputs.open(taskLog, positions, (topic, from, to) => {
      deps.logger.error({ topic, partition, from, to }, 'records were gone before they were read: removed by retention, or damaged');
    });
    deps.logger.info({ partition, sensors: detection.sensors, positions }, 'task restored');
    return new Task(taskLog, inputs, detection, settings.types, deps);
  }

  get detection(): Detection {
    return this.#detection;
  }

  get positions(): Inputs['positions'] {
    return this.#inputs.positions;
  }

  /** Works until closed. Rejects with the log's fault. */
  async run(onProgress: () => void): Promise<void> {
    try {
      let found = true;
      while (!this.#closing) {
        found = await this.#inputs.fill(found ? undefined : this.#idleMs());
        for (let run = this.#inputs.take(); run; run = this.#inputs.take()) {
          this.#apply(run);
          if (this.#isLarge()) await this.#commitIfDue();
        }
        const committed = await this.#commitIfDue();
        onProgress();
        // A backlog is read without waiting, so the rest of the process gets a turn here unless a commit has given it one.
        if (found && !committed) await new Promise(setImmediate);
      }
      if (this.#uncommitted) await this.#commit(this.#detection.takeEffects(true));
    } finally {
      await this.#inputs.close();
    }
  }

  /** Ends `run` after a last commit; doesn't wait for it. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#inputs.wake();
  }

  #idleMs(): number {
    if (!this.#uncommitted) return IDLE_WAIT_MS;
    const dueIn = this.#committedAt + POSITIONS_EVERY_MS - this.#deps.clock();
    return Math.max(0, Math.min(IDLE_WAIT_MS, dueIn));
  }

  #isLarge(): boolean {
    return this.#detection.waiting + this.#dead.length >= COMMITTED_AT_ONCE || this.#detection.riding >= RIDING_MAX;
  }

  #apply({ batch, from, to }: Run): void {
    this.#uncommitted = true;
    this.#deps.metrics.read(batch.topic, to - from);
    if (batch.topic === 'ENTRY') this.#entries(batch, from, to);
    else if (batch.topic === 'OK') this.#recoveries(batch, from, to);
    else this.#actions(batch, from, to);
    this.#countLosses();
  }

  #countLosses(): void {
    const { letGo, unknownLetGo, heldBack, withheld } = this.#detection;
    const { metrics } = this.#deps;
    const counted = this.#counted;
    if (letGo > counted.letGo) metrics.forgotten(letGo - counted.letGo);
    if (unknownLetGo > counted.unknownLetGo) metrics.unknownForgotten(unknownLetGo - counted.unknownLetGo);
    if (heldBack > counted.heldBack) metrics.heldBack(heldBack - counted.heldBack);
    counted.letGo = letGo;
    counted.unknownLetGo = unknownLetGo;
    if (withheld > counted.withheld) metrics.withheld(withheld - counted.withheld);
    counted.heldBack = heldBack;
    counted.withheld = withheld;
  }

  #entries(batch: RecordBatch, from: number, to: number): void {
    const { bytes } = batch;
    const decoder = this.#decoder;
    const status = this.#status;
    const { stale, repeated } = this.#detection;
    let i = from;
    // One closure for the whole run; detection calls it only for readings that are hits.
    const value = (): string => status.repaired?.toString() ?? textOf(batch, i);
    for (; i < to; i += 1) {
      const reason = decoder.status(bytes, batch.start(i), batch.end(i), status);
      if (reason !== undefined) this.#park(batch, i, reason);
      else if (batch.key(i) !== status.id) this.#park(batch, i, FOREIGN_KEY);
      else {
        if (status.silent !== 0 || status.unreadable.length > 0) this.#deps.metrics.notReported(status);
        this.#detection.entry(status, batch.time(i), batch.offset(i), value);
      }
    }
    this.#deps.metrics.notCounted(this.#detection.stale - stale, this.#detection.repeated - repeated);
  }

  #recoveries(batch: RecordBatch, from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      const reason = this.#decoder.recovery(batch.bytes, batch.start(i), batch.end(i), this.#recovery);
      if (reason !== undefined) this.#park(batch, i, reason);
      else if (batch.key(i) !== this.#recovery.id) this.#park(batch, i, FOREIGN_KEY);
      else this.#detection.recovery(this.#recovery.id, batch.time(i), batch.offset(i));
    }
  }

  #actions(batch: RecordBatch, from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      const parsed = parseAction(textOf(batch, i));
      const about = 'problem' in parsed ? parsed.action : parsed;
      if (about && about.sensor !== batch.key(i)) this.#park(batch, i, FOREIGN_KEY);
      else if (!('problem' in parsed)) this.#detection.action(parsed, batch.time(i), batch.offset(i));
      else if (parsed.action) this.#detection.refuse(parsed.action, parsed.problem, batch.time(i), batch.offset(i));
      else this.#park(batch, i, parsed.problem);
    }
  }

  #park(batch: RecordBatch, i: number, reason: string): void {
    this.#deps.metrics.parked();
    this.#dead.push(outgoing('DEAD', batch.key(i), batch.time(i), letterAbout(batch, i, reason, 'processor')));
  }

  /** Resolves with false if nothing had to be committed yet. */
  async #commitIfDue(): Promise<boolean> {
    const positionsDue = this.#uncommitted && this.#deps.clock() - this.#committedAt >= POSITIONS_EVERY_MS;
    const effects = this.#detection.takeEffects(positionsDue || this.#detection.riding >= RIDING_MAX);
    if (!effects && this.#dead.length === 0 && !positionsDue) return false;
    await this.#commit(effects);
    return true;
  }

  async #commit(effects: Effects | undefined): Promise<void> {
    const outputs = this.#dead;
    if (effects) outputs.push(...recordsOf(effects));
    await this.#taskLog.commit(outputs, statesOf(effects), this.#inputs.positions);
    this.#dead = [];
    this.#uncommitted = false;
    this.#committedAt = this.#deps.clock();
    if (!effects) return;
    this.#deps.metrics.committed(effects.events, this.#committedAt);
    this.#logStale(effects.faults);
  }

  /** Logs a sensor when the fault begins, not while it lasts; of many at once only the first few and how many more. */
  #logStale(changes: readonly SensorFaults[]): void {
    const stale = changes.filter(({ at, faults }) => faults.some(({ reason, since }) => reason === 'stale' && since === at));
    for (const { sensor, at, cause } of stale.slice(0, STALE_LOGGED_AT_ONCE)) {
      this.#deps.logger.warn(
        { sensor, at, cause },
        "a hit was dropped as older than the sensor's recovery: its proxy's clock, or another's, is off",
      );
    }
    const others = stale.length - STALE_LOGGED_AT_ONCE;
    if (others > 0) this.#deps.logger.warn({ sensors: others }, 'hits of more sensors were dropped as older than their recoveries');
  }
}

/** False: the state can't be read. Throws PermanentError `data-format` if a newer version wrote it. */
function restoreSensor(detection: Detection, sensor: number, value: Buffer): boolean {
  try {
    detection.restore(sensor, value);
    return true;
  } catch (error) {
    if (error instanceof UnreadableState) return false;
    throw error instanceof NewerState ? new PermanentError('data-format', error.message) : error;
  }
}

/** In one step: letters that say which states are damaged, and their sensors begun anew, so that it is told once. */
async function beginAnew(
  damaged: ReadonlySet<number>,
  detection: Detection,
  taskLog: TaskLog,
  positions: InputPositions,
  deps: TaskDeps,
): Promise<void> {
  const { partition } = taskLog;
  const known = await deps.readBack(partition, damaged).catch((error: unknown) => {
    deps.logger.error({ partition, reason: reasonOf(error) }, 'alarms of sensors with damaged states cannot be read back from the log');
  });
  const now = deps.clock();
  const sensors = [...damaged];
  for (let i = 0; i < sensors.length; i += COMMITTED_AT_ONCE) {
    const some = sensors.slice(i, i + COMMITTED_AT_ONCE);
    for (const sensor of some) detection.beginAnew(sensor, now, known?.alarms.get(sensor) ?? [], known?.faults.get(sensor));
    const effects = detection.takeEffects(true);
    const letters = some.map((sensor) => outgoing('DEAD', sensor, now, letterAboutState(sensor, partition, now)));
    await taskLog.commit([...letters, ...(effects ? recordsOf(effects) : [])], statesOf(effects), positions);
    for (const sensor of some) deps.damagedRows.found('state', sensor, known ? BEGINS_ANEW : WITHOUT_ALARMS);
  }
}

function recordsOf({ events, counts, faults }: Effects): OutgoingRecord[] {
  return [
    ...events.map((event) => outgoing('ALARM', sensorOf(event), event.at, event)),
    ...counts.map((count) => outgoing('COUNT', count.sensor, count.at, count)),
    ...faults.map((own) => outgoing('SUPERVISION', own.sensor, own.at, own)),
  ];
}

function statesOf(effects: Effects | undefined): StateDelta[] {
  return [...(effects?.changed ?? [])].map(([key, json]) => ({ key, value: json === null ? null : Buffer.from(json) }));
}

function sensorOf(event: AlarmEvent): number {
  return event.event === 'refused' ? event.action.sensor : event.alarm.sensor;
}

function outgoing(topic: OutgoingRecord['topic'], key: number, at: number, value: unknown): OutgoingRecord {
  return { topic, key, at, value: Buffer.from(JSON.stringify(value)) };
}
