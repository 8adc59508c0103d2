import { Counter, Histogram, type Registry } from 'prom-client';
import type { AlarmEvent } from '../alarm/alarm.ts';
import type { Topic } from '../message-log/topics.ts';

/** From receiving a reading to its alarm being durable: sub-millisecond to minutes of backlog. */
const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What tasks count, added up in numbers and handed to Prometheus on a scrape. */
export class TaskMetrics {
  readonly #read = new Map<Topic, number>();
  readonly #raisedSeconds: Histogram;
  readonly #events: Counter<'event' | 'type'>;
  readonly #parked: Counter;

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
