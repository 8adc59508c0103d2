/** How late alarms come on a real Kafka: a proxy's log, a processor and a reader, each with connections of its own, as in processes of their own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import { Registry } from 'prom-client';
import { partitionOf } from '../../message-log/partitioning.ts';
import type { MessageLog, Reader } from '../../message-log/port.ts';
import { processorSettings } from '../../processor/config.ts';
import { startProcessor } from '../../processor/processor.ts';
import { readSettings } from '../../runtime/configuration.ts';
import { Health } from '../../runtime/health.ts';
import type { Running } from '../../runtime/lifecycle.ts';
import { oneRecord } from '../../message-log/one-record.ts';
import type { KafkaInstallation } from './kafka-log.ts';
import { valuesOf } from './log-reading.ts';
import { REFERENCE } from './alarm-types.ts';

const ALARM_DEADLINE_MS = 60_000;

export interface Lateness {
  readonly takenMs: number;
  readonly seenMs: number;
}

/** Log lines of the processor. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
}

export class QuietSystem {
  readonly lines: LogLine[];
  readonly #proxy: MessageLog;
  readonly #processing: MessageLog;
  readonly #watching: MessageLog;
  readonly #processor: Running;
  readonly #readers: readonly Reader[];
  readonly #following: Promise<void>;
  readonly #seen = new Map<number, number>();
  #sensor = 0;
  #closed = false;

  private constructor(
    logs: readonly [MessageLog, MessageLog, MessageLog],
    processor: Running,
    readers: readonly Reader[],
    lines: LogLine[],
  ) {
    [this.#proxy, this.#processing, this.#watching] = logs;
    this.#processor = processor;
    this.#readers = readers;
    this.lines = lines;
    this.#following = Promise.all(readers.map((reader) => this.#follow(reader))).then(() => undefined);
  }

  static async start(installation: KafkaInstallation): Promise<QuietSystem> {
    const lines: LogLine[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line) as LogLine) });
    const logs = [await opened(installation), await opened(installation, logger), await opened(installation)] as const;
    const deps = { log: logs[1], types: REFERENCE, clock: Date.now, logger, registry: new Registry(), health: new Health() };
    const processor = startProcessor(readSettings(processorSettings, {}), deps);
    await processor.restored;
    const readers = Array.from({ length: logs[2].partitions }, (_, partition) => logs[2].reader('ALARM', partition, 'latest'));
    return new QuietSystem(logs, processor, await Promise.all(readers), lines);
  }

  /** Raises an alarm in every partition at once; resolves with how long the last one took, ms: until the log accepted it, and until a reader had it. */
  async alarm(): Promise<Lateness> {
    const { partitions } = this.#proxy;
    const began = performance.now();
    const sensors = Array.from({ length: partitions }, (_, partition) => this.#sensorOf(partition));
    await Promise.all(sensors.map((sensor) => this.#report(sensor, began + ALARM_DEADLINE_MS)));
    const takenMs = performance.now() - began;
    while (sensors.some((sensor) => !this.#seen.has(sensor))) {
      if (performance.now() > began + ALARM_DEADLINE_MS) throw new Error('an alarm did not come');
      await sleep(5);
    }
    return { takenMs, seenMs: Math.max(...sensors.map((sensor) => (this.#seen.get(sensor) ?? 0) - began)) };
  }

  async stop(): Promise<void> {
    this.#closed = true;
    await this.#processor.stop();
    await Promise.all(this.#readers.map((reader) => reader.close()));
    await this.#following;
    await Promise.all([this.#proxy, this.#processing, this.#watching].map((log) => log.close()));
  }

  /** A sensor that has no alarm yet. */
  #sensorOf(partition: number): number {
    do this.#sensor += 1;
    while (partitionOf(this.#sensor, this.#proxy.partitions) !== partition);
    return this.#sensor;
  }

  /** Sends again what was refused, as sensors do. */
  async #report(sensor: number, deadline: number): Promise<void> {
    const status = JSON.stringify({ id: sensor, motion: true, smoke: false, temperature: 20, maxTemperature: 30 });
    for (;;) {
      try {
        await this.#proxy.append('ENTRY', oneRecord(sensor, status), Date.now());
        return;
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(100);
      }
    }
  }

  async #follow(reader: Reader): Promise<void> {
    while (!this.#closed) {
      for (const value of valuesOf(await reader.poll(200))) {
        const { alarm } = JSON.parse(value) as { alarm: { sensor: number } };
        this.#seen.set(alarm.sensor, performance.now());
      }
    }
  }
}

/** Retries, since not every broker has heard of topics that were just created. */
async function opened(installation: KafkaInstallation, logger?: Logger): Promise<MessageLog> {
  for (const end = performance.now() + 10_000; ; ) {
    try {
      return await installation.open({}, Date.now, logger);
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(100);
    }
  }
}
