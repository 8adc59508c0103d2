import { Counter, Histogram, type Registry } from 'prom-client';
import type { AlarmEvent } from '../alarm/alarm.ts';
import type { Status } from '../alarm/status.ts';
import type { TypeSet } from '../alarm/type-set.ts';
import { hasWarnings } from '../alarm/warnings.ts';
import type { Topic } from '../records/topics.ts';

/** From the receipt of a reading until its alarm is durable: a millisecond, or minutes in a backlog. */
const LATENCY_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** What tasks count; sums per record are plain numbers that Prometheus gets on a scrape. */
export class TaskMetrics {
  readonly #read = new Map<Topic, number>();
  readonly #raisedSeconds: Histogram;
  readonly #events: Counter<'event' | 'type'>;
  readonly #parked: Counter;
  readonly #stale: Counter;
  readonly #repeated: Counter;
  readonly #forgotten: Counter;
  readonly #withheld: Counter;
  readonly #unknownForgotten: Counter;
  readonly #heldBack: Counter;
  readonly #types: TypeSet;
  /** By the place of the field in TypeSet. */
  readonly #absent: Float64Array;
  readonly #unreadable = new Map<string, number>();

  constructor(registry: Registry, types: TypeSet) {
    this.#types = types;
    const absent = new Float64Array(types.fields.length);
    this.#absent = absent;
    const unreadable = this.#unreadable;
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
    this.#forgotten = new Counter({
      name: 'tocsin_hits_forgotten_total',
      help: 'Sensors without an alarm whose hits were forgotten to stay within TOCSIN_SENSOR_MEMORY',
      registers,
    });
    this.#withheld = new Counter({
      name: 'tocsin_alarms_withheld_total',
      help: 'Hits that raised no MINOR or WARNING alarm, to stay within TOCSIN_ALARM_MEMORY',
      registers,
    });
    this.#unknownForgotten = new Counter({
      name: 'tocsin_quarantine_forgotten_total',
      help: 'Sensors that no client has whose hits were forgotten to stay within their share of TOCSIN_SENSOR_MEMORY',
      registers,
    });
    this.#heldBack = new Counter({
      name: 'tocsin_quarantine_held_back_total',
      help: 'Alarms of sensors that no client has that were not raised, since TOCSIN_QUARANTINE_ALARMS_MAX of them are kept',
      registers,
    });
    new Counter({
      name: 'tocsin_readings_not_reported_total',
      help: 'Readings that came without a field that every sensor should report, or with one that could not be read',
      labelNames: ['field', 'reason'],
      registers,
      collect() {
        this.reset();
        types.fields.forEach(({ name }, i) => {
          const count = absent[i] ?? 0;
          if (count > 0) this.inc({ field: name, reason: 'absent' }, count);
        });
        for (const [field, count] of unreadable) this.inc({ field, reason: 'unreadable' }, count);
      },
    });
  }

  /** Counts the expected fields that a reading doesn't have, and those that can't be read. */
  notReported(status: Status): void {
    const { fields, expected } = this.#types;
    if (!hasWarnings(status, this.#types)) return;
    for (const name of status.unreadable) this.#unreadable.set(name, (this.#unreadable.get(name) ?? 0) + 1);
    for (let i = 0; i < fields.length; i += 1) {
      const field = fields[i];
      if (field === undefined || (field.types & expected) === 0 || !Number.isNaN(status.values[i])) continue;
      if (!status.unreadable.includes(field.name)) this.#absent[i] = (this.#absent[i] ?? 0) + 1;
    }
  }

  /** Hits that were dropped as stale or as repeats. */
  notCounted(stale: number, repeated: number): void {
    if (stale > 0) this.#stale.inc(stale);
    if (repeated > 0) this.#repeated.inc(repeated);
  }

  /** Sensors whose hits were forgotten for lack of room. */
  forgotten(sensors: number): void {
    this.#forgotten.inc(sensors);
  }

  /** Hits that raised no alarm for lack of room. */
  withheld(hits: number): void {
    this.#withheld.inc(hits);
  }

  unknownForgotten(sensors: number): void {
    this.#unknownForgotten.inc(sensors);
  }

  /** Alarms of unknown sensors that were not raised. */
  heldBack(alarms: number): void {
    this.#heldBack.inc(alarms);
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
