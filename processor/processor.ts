import { Gauge, type Registry } from 'prom-client';
import type { Detection } from '../alarm/detection.ts';
import type { TypeSet } from '../alarm/type-set.ts';
import type { MessageLog, TaskLog } from '../message-log/port.ts';
import { INPUTS } from '../records/topics.ts';
import { retryForever } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { damagedRowsOf } from '../runtime/damaged-rows.ts';
import { PermanentError, reasonOf, retriable } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logging.ts';
import type { ProcessorConfig } from './config.ts';
import { TaskMetrics } from './metrics.ts';
import { readBack } from './read-back.ts';
import { Task, type TaskDeps, type TaskSettings } from './task.ts';

export interface ProcessorDeps {
  readonly log: MessageLog;
  /** The types of alarms to detect. */
  readonly types: TypeSet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
  /** Whether it is sure that no client has a sensor: its alarms are then quarantined. Undefined: all are treated alike. Must not throw or wait. */
  readonly isUnknown?: ((sensor: number) => boolean) | undefined;
}

/** Health shows a notice from this part of the room on. */
const ROOM_NOTICE_FROM = 0.8;
const TIGHT =
  'hits that raised nothing take nearly all of the memory for sensors; beyond it the oldest are forgotten: see TOCSIN_SENSOR_MEMORY and TOCSIN_HITS_KEPT, and who sends them';
const FULL =
  'open alarms take all of their memory, so MINOR and WARNING alarms are not raised; graver ones are: acknowledge and clear what is over, see TOCSIN_ALARM_MEMORY, and who sends them';
const FILLING = 'open alarms take nearly all of their memory; beyond it MINOR and WARNING alarms are not raised: see TOCSIN_ALARM_MEMORY';
const QUARANTINE_FULL =
  'as many alarms of sensors that no client has are kept as TOCSIN_QUARANTINE_ALARMS_MAX allows: further ones of such sensors are not raised until some are acknowledged';
const AGAIN = { firstMs: 50, maxMs: 5_000 };

export interface Processor extends Running {
  /** Resolves once this process owns its partitions; embedded, their tasks are restored then. Rejects as MessageLog.own does. */
  readonly restored: Promise<void>;
}

/** Runs a task for every partition that is assigned to this process. */
export function startProcessor(config: ProcessorConfig, deps: ProcessorDeps): Processor {
  const logger = deps.logger.child({ role: 'processor' });
  const damagedRows = damagedRowsOf(deps);
  const taskDeps: TaskDeps = {
    clock: deps.clock,
    logger,
    metrics: new TaskMetrics(deps.registry, deps.types),
    damagedRows,
    readBack: (partition, sensors) => readBack(deps.log, partition, sensors),
  };
  const runners = new Map<number, TaskRunner>();
  observe(deps, runners);

  let stopping = false;
  let release: (() => Promise<void>) | undefined;
  const owning = deps.log.own({
    assigned: async (taskLog) => {
      if (stopping) return;
      const runner = new TaskRunner(
        taskLog,
        {
          ...config,
          ...{ types: deps.types, isUnknown: deps.isUnknown, quarantineMax: Math.ceil(config.quarantineMax / deps.log.partitions) },
          ...roomsOf(config, deps.log.partitions),
        },
        taskDeps,
        deps.health,
      );
      runners.set(taskLog.partition, runner);
      await runner.started;
    },
    revoked: async (partition) => {
      await runners.get(partition)?.stop();
      runners.delete(partition);
    },
  });
  const restored = owning.then((giveBack) => {
    release = giveBack;
  });
  // Whoever waits for it is told.
  restored.catch(() => undefined);
  return {
    restored,
    stop: async () => {
      stopping = true;
      await Promise.all([...runners.values()].map((runner) => runner.stop()));
      // Before that the log has nothing to take back: closing it does the rest.
      await release?.();
    },
  };
}

/** Keeps one partition's task alive: after a fault it is thrown away and restored, until the partition goes to another process. */
class TaskRunner {
  readonly started: Promise<void>;
  task: Task | undefined;
  readonly #endHealth: () => void;
  readonly #abort = new AbortController();
  readonly #loop: Promise<void>;

  constructor(taskLog: TaskLog, settings: TaskSettings, deps: TaskDeps, health: Health) {
    const part = `task ${taskLog.partition}`;
    health.report(part, 'what is known of its sensors is being read');
    this.#endHealth = () => {
      health.report(part, undefined);
      health.notice(part, undefined);
    };
    let noticed: string | undefined;
    let onStarted: () => void = () => undefined;
    this.started = new Promise((resolve) => {
      onStarted = resolve;
    });
    const once = async (works: () => void): Promise<void> => {
      const task = await Task.restore(taskLog, settings, deps);
      this.task = task;
      health.report(part, undefined);
      onStarted();
      if (this.#abort.signal.aborted) await task.close();
      await task.run(() => {
        works();
        health.report(part, task.detection.isAlarmRoomFull ? FULL : undefined);
        const notice = noticeOf(task.detection, settings);
        if (notice !== noticed) health.notice(part, notice);
        noticed = notice;
      });
    };
    // Other permanent errors may be corrected from outside, and a partition must not be left without a task.
    const attempt = (works: () => void): Promise<void> =>
      once(works).catch((error: unknown) => Promise.reject(isFenced(error) ? error : retriable(error)));
    const onFault = (error: unknown, failuresBefore: number): void => {
      // The next task may begin at other positions than this one's, so no lag is shown meanwhile.
      this.task = undefined;
      health.report(part, reasonOf(error));
      if (failuresBefore === 0) deps.logger.warn({ partition: taskLog.partition, reason: reasonOf(error) }, 'task failed and is restored');
    };
    this.#loop = retryForever(attempt, onFault, this.#abort.signal, AGAIN, deps.clock).catch((error: unknown) => {
      if (this.#abort.signal.aborted) return;
      health.report(part, reasonOf(error));
      if (!isFenced(error)) throw error;
      deps.logger.error({ partition: taskLog.partition, reason: error.message }, 'task given up: the partition belongs to another owner');
    });
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('stopping'));
    await this.task?.close();
    await this.#loop;
    // From now on the next owner reports problems of this partition.
    this.#endHealth();
  }
}

/** Partitions share the memory equally. */
function roomsOf({ sensorMemoryBytes, alarmMemoryBytes }: ProcessorConfig, partitions: number) {
  return { roomBytes: sensorMemoryBytes / partitions, alarmRoomBytes: alarmMemoryBytes / partitions };
}

function noticeOf({ roomTaken, alarmRoomTaken, quarantine }: Detection, { roomBytes, alarmRoomBytes }: TaskSettings): string | undefined {
  const isTight = (taken: number, max = Number.POSITIVE_INFINITY): boolean => taken > ROOM_NOTICE_FROM * max;
  const notices = [
    ...(isTight(alarmRoomTaken, alarmRoomBytes) ? [FILLING] : []),
    ...(isTight(roomTaken, roomBytes) ? [TIGHT] : []),
    ...(quarantine.isFull ? [QUARANTINE_FULL] : []),
  ];
  return notices.length === 0 ? undefined : notices.join('; ');
}

function isFenced(error: unknown): error is PermanentError {
  return error instanceof PermanentError && error.code === 'fenced';
}

function lagsOf(log: MessageLog, partition: number, { positions }: Task) {
  return INPUTS.map(async (topic) => {
    const { next } = await log.bounds(topic, partition);
    return { topic, partition, records: Math.max(0, next - positions[topic]) };
  });
}

function observe({ registry, log, types }: ProcessorDeps, runners: ReadonlyMap<number, TaskRunner>): void {
  const detections = () => [...runners.values()].flatMap(({ task }) => task?.detection ?? []);
  new Gauge({
    name: 'tocsin_task_lag_records',
    help: 'Records in the log that their task has not read yet',
    labelNames: ['topic', 'partition'],
    registers: [registry],
    async collect() {
      const lags = [...runners].flatMap(([partition, { task }]) => (task ? lagsOf(log, partition, task) : []));
      this.reset();
      // Reports no lag while the log does not answer, so that the other metrics are still served.
      for (const lag of await Promise.allSettled(lags))
        if (lag.status === 'fulfilled') this.set({ topic: lag.value.topic, partition: lag.value.partition }, lag.value.records);
    },
  });
  new Gauge({
    name: 'tocsin_alarms_active',
    help: 'Alarms active now, without quarantined ones, in the partitions of this process',
    labelNames: ['type'],
    registers: [registry],
    collect() {
      sums(this, 'type', namesOf(types), detections(), ({ active }) => active);
    },
  });
  new Gauge({
    name: 'tocsin_alarms_quarantined',
    help: 'Open alarms of sensors that no client had when they were raised, in the partitions of this process',
    registers: [registry],
    collect() {
      this.set(detections().reduce((sum, { quarantine }) => sum + quarantine.open, 0));
    },
  });
  new Gauge({
    name: 'tocsin_sensor_memory_bytes',
    help: 'Approximate memory for sensors that have no alarm, in the partitions of this process',
    registers: [registry],
    collect() {
      this.set(detections().reduce((sum, { roomTaken }) => sum + roomTaken, 0));
    },
  });
  new Gauge({
    name: 'tocsin_alarm_memory_bytes',
    help: 'Approximate memory for sensors that have alarms, in the partitions of this process',
    registers: [registry],
    collect() {
      this.set(detections().reduce((sum, { alarmRoomTaken }) => sum + alarmRoomTaken, 0));
    },
  });
  new Gauge({
    name: 'tocsin_sensors_faulty',
    help: 'Sensors with a detector that has fallen silent or whose hits were dropped, in the partitions of this process',
    labelNames: ['detector'],
    registers: [registry],
    collect() {
      sums(this, 'detector', namesOf(types), detections(), ({ faulty }) => faulty);
    },
  });
}

const namesOf = ({ types }: TypeSet): readonly string[] => types.map(({ name }) => name);

/** Sets the sum over all partitions for each name, including types that are no longer in the settings. */
function sums<L extends string>(
  gauge: Gauge<L>,
  label: L,
  names: readonly string[],
  detections: readonly Detection[],
  countsOf: (detection: Detection) => ReadonlyMap<string, number>,
): void {
  const counts = detections.map(countsOf);
  gauge.reset();
  for (const name of new Set([...names, ...counts.flatMap((count) => [...count.keys()])])) {
    const labels: Partial<Record<L, string>> = {};
    labels[label] = name;
    gauge.set(
      labels,
      counts.reduce((sum, count) => sum + (count.get(name) ?? 0), 0),
    );
  }
}
