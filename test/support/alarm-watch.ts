/** Watches topic ALARM, committed records only: how late alarms come, how long a partition is silent, and whether any alarm comes twice. */
import type { AlarmEvent } from '../../alarm/alarm.ts';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { kafkaSettings } from '../../kafka/config.ts';
import { openKafkaLog } from '../../message-log/kafka/log.ts';
import type { MessageLog, Reader, RecordBatch } from '../../message-log/port.ts';
import { retryForever } from '../../runtime/backoff.ts';
import { systemClock } from '../../runtime/clock.ts';
import { readSettings } from '../../runtime/configuration.ts';
import { Health } from '../../runtime/health.ts';
import { SETTING_NAMES } from '../../main/settings.ts';
import { valuesOf } from './log-reading.ts';

const POLL_MS = 200;

/** What was seen since the last `mark`. */
export interface Lateness {
  /** From the mark to the first event with a later cause, in the partition where that took longest, ms. Undefined: a partition had none. */
  readonly firstMs: number | undefined;
  /** The longest time from receiving the cause until the event could be read, ms. */
  readonly worstMs: number;
}

export class AlarmWatch {
  /** Number of events by kind. */
  readonly events = new Map<string, number>();
  /** Every `alarm version` that came more than once. */
  readonly doubled: string[] = [];
  readonly #log: MessageLog;
  readonly #readers: readonly Reader[];
  readonly #loops: Promise<void>;
  readonly #seen = new Set<string>();
  /** When the first event with a cause after the mark came, by partition. */
  readonly #first = new Map<number, number>();
  /** Receive time of the newest cause, by partition. */
  readonly #newest = new Map<number, number>();
  #markedAt = 0;
  #worstMs = 0;
  #closed = false;

  private constructor(log: MessageLog, readers: readonly Reader[]) {
    this.#log = log;
    this.#readers = readers;
    this.#loops = Promise.all(readers.map((reader) => this.#follow(reader))).then(() => undefined);
  }

  /** The cluster's topics must exist. */
  static async begin(brokers: readonly string[]): Promise<AlarmWatch> {
    const config = readSettings(kafkaSettings, { TOCSIN_KAFKA_BROKERS: brokers.join(',') }, SETTING_NAMES);
    const deps = { clock: systemClock, logger: pino({ level: 'silent' }), registry: new Registry(), health: new Health() };
    const log = await openKafkaLog({ ...config, brokers }, deps);
    const open = () => Promise.all(Array.from({ length: log.partitions }, (_, partition) => log.reader('ALARM', partition, 'latest')));
    // Topics that were just created may not have leaders yet.
    const abort = AbortSignal.timeout(30_000);
    return new AlarmWatch(log, await retryForever(open, () => undefined, abort));
  }

  mark(): void {
    this.#markedAt = Date.now();
    this.#first.clear();
    this.#worstMs = 0;
  }

  get lateness(): Lateness {
    const all = this.silent.length === 0;
    return { firstMs: all ? Math.max(...this.#first.values()) - this.#markedAt : undefined, worstMs: this.#worstMs };
  }

  /** Partitions without an event since the mark. */
  get silent(): number[] {
    return [...this.#readers.keys()].filter((partition) => !this.#first.has(partition));
  }

  /** Partitions without an event whose cause came at or after `at`, epoch ms. */
  silentSince(at: number): number[] {
    return [...this.#readers.keys()].filter((partition) => (this.#newest.get(partition) ?? 0) < at);
  }

  /** Number of records in DEAD. */
  async parked(): Promise<number> {
    const bounds = await Promise.all([...this.#readers.keys()].map((partition) => this.#log.bounds('DEAD', partition)));
    return bounds.reduce((sum, { next }) => sum + next, 0);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#readers.map((reader) => reader.close()));
    await this.#loops;
    await this.#log.close();
  }

  async #follow(reader: Reader): Promise<void> {
    while (!this.#closed) for (const batch of await reader.poll(POLL_MS)) this.#take(batch);
  }

  #take(batch: RecordBatch): void {
    const now = Date.now();
    for (const text of valuesOf([batch])) {
      const event = JSON.parse(text) as AlarmEvent;
      this.events.set(event.event, (this.events.get(event.event) ?? 0) + 1);
      if (event.event === 'refused') continue;
      const key = `${event.alarm.id} ${event.alarm.version}`;
      if (this.#seen.has(key)) this.doubled.push(key);
      this.#seen.add(key);
      this.#worstMs = Math.max(this.#worstMs, now - event.at);
      this.#newest.set(batch.partition, Math.max(event.at, this.#newest.get(batch.partition) ?? 0));
      if (event.at >= this.#markedAt && !this.#first.has(batch.partition)) this.#first.set(batch.partition, now);
    }
  }
}
