import { Counter, Histogram, type Registry } from 'prom-client';
import type { AlarmEvent } from '../alarm/alarm.ts';
import { FIELD_NAMES } from '../alarm/field-names.ts';
import type { Status } from '../alarm/status.ts';
import type { Topic } from '../records/topics.ts';

/** From receiving a reading to its alarm being durable: sub-millisecond to minutes of backlog. */
const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What tasks count, added up in numbers and handed to Prometheus on a scrape. */
export class TaskMetrics {
  readonly #read = new Map<Topic, number>();
  readonly #raisedSeconds: Histogram;
  readonly #events: Counter<'event' | 'type'>;
  readonly #parked: Counter;
  readonly #stale: Counter;
  readonly #repeated: Counter;
  /** By field, first absent and then unreadable. */
  readonly #notReported = new Float64Array(2 * FIELD_NAMES.length);

  constructor(registry: Registry) {
    const read = this.#read;
    const registers = [registry];
    new Counter({
      name: 'tocsin_task_records_total',
      help: 'Records read by the tasks of this process',
      labelNames: ['topic'],
      registers,
      collect() {
        this.reset();
        for (const [topic, count] of read) this.inc({ topic }, count);
      },
    });
    this.#raisedSeconds = new Histogram({
      name: 'tocsin_alarm_raised_seconds',
      help: 'From receiving the reading that raises an alarm until the alarm is durable',
      buckets: LATENCY_BUCKETS_S,
      registers,
    });
    this.#events = new Counter({ name: 'tocsin_alarm_events_total', help: 'Changes of alarms', labelNames: ['event', 'type'], registers });
    this.#parked = new Counter({
      name: 'tocsin_task_parked_total',
      help: 'Records that could not be decoded and went to the dead letters',
      registers,
    });
    this.#stale = new Counter({
      name: 'tocsin_hits_stale_total',
      help: 'Hits dropped as older than a recovery of their sensor by more than clocks may differ',
      registers,
    });
    this.#repeated = new Counter({
      name: 'tocsin_hits_repeated_total',
      help: 'Hits that were sent again with the same seq and bytes, and so counted once',
      registers,
    });
    const notReported = this.#notReported;
    new Counter({
      name: 'tocsin_readings_not_reported_total',
      help: 'Readings that came without a field, or with one that could not be read',
      labelNames: ['field', 'reason'],
      registers,
      collect() {
        this.reset();
        FIELD_NAMES.forEach(([, field], i) => {
          const [absent = 0, unreadable = 0] = notReported.subarray(2 * i);
          if (absent > 0) this.inc({ field, reason: 'absent' }, absent);
          if (unreadable > 0) this.inc({ field, reason: 'unreadable' }, unreadable);
        });
      },
    });
  }

  /** A reading of which not every field could be read. */
  notReported({ notReported, unreadable }: Status): void {
    for (let i = 0; i < FIELD_NAMES.length; i += 1) {
      const [bit] = FIELD_NAMES[i] ?? [0];
      const place = 2 * i + ((unreadable & bit) === 0 ? 0 : 1);
      if ((notReported & bit) !== 0) this.#notReported[place] = (this.#notReported[place] ?? 0) + 1;
    }
  }

  /** Hits that raised nothing. */
  notCounted(stale: number, repeated: number): void {
    if (stale > 0) this.#stale.inc(stale);
    if (repeated > 0) this.#repeated.inc(repeated);
  }

  read(topic: Topic, records: number): void {
    this.#read.set(topic, (this.#read.get(topic) ?? 0) + records);
  }

  parked(): void {
    this.#parked.inc();
  }

  /** `now`: when the commit was durable, epoch ms. */
  committed(events: readonly AlarmEvent[], now: number): void {
    for (const event of events) {
      this.#events.inc({ event: event.event, type: event.alarm?.type ?? 'unknown' });
      if (event.event === 'raised') this.#raisedSeconds.observe(Math.max(0, now - event.at) / 1_000);
    }
  }
}
