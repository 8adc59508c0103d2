import { type AlarmType, BUILT_IN_TYPES } from '../alarm/alarm-type.ts';
import { dirtyWording, UNAVAILABLE } from './dirty-wording.ts';
import type { Fields, Message, Wording } from './message.ts';
import { mixed, Random } from './random.ts';
import { Readings } from './readings.ts';
import type { Happening, Plot, Scenario } from './scenario.ts';

/** A fleet and what it will do. Sensors are 1 to `sensors`; the id modulo `apps` says which app sends for a sensor. */
export interface FleetPlan {
  readonly scenario: Scenario;
  /** The types that the sensors can detect; default: those of the reference system. */
  readonly types?: readonly AlarmType[];
  readonly seed: number;
  readonly apps: number;
  /** Messages per second of one app. */
  readonly ratePerApp: number;
  /** May be Infinity. */
  readonly durationMs: number;
  readonly sensors: number;
  /** The first value of the sensors' counters, different in every run. */
  readonly firstSeq: number;
  /** Sensors of one neighbourhood, in the fleet's range; `at` in [0, 1) picks the neighbourhood. */
  readonly neighbours: (count: number, at: number) => readonly number[];
}

/** A long run is planned in chapters, so that memory stays bounded. */
const CHAPTER_MS = 30 * 60_000;

/** Everything that `app` sends, in order: normal statuses of its sensors in turn, at an even rate, and what happens in the scenario. */
export function* traffic(plan: FleetPlan, app: number): Generator<Message, void> {
  const sensors = new AppSensors(plan, app);
  for (let startMs = 0, n = 0; startMs < plan.durationMs; startMs += CHAPTER_MS, n += 1) {
    yield* chapter(plan, app, sensors, n, startMs, Math.min(CHAPTER_MS, plan.durationMs - startMs));
  }
}

/** What happens in one chapter, for the whole fleet. */
export function plotOf(plan: FleetPlan, n: number, durationMs: number): Plot {
  const { scenario, types = BUILT_IN_TYPES, seed, apps, ratePerApp, sensors, neighbours } = plan;
  const random = new Random(mixed(seed, n));
  const messages = Math.round((apps * ratePerApp * durationMs) / 1_000);
  return scenario.plot({ types, sensors, durationMs, messages, random, neighbours: (count) => neighbours(count, random.next()) });
}

function* chapter(
  plan: FleetPlan,
  app: number,
  sensors: AppSensors,
  n: number,
  startMs: number,
  durationMs: number,
): Generator<Message, void> {
  const plot = plotOf(plan, n, durationMs);
  const own = plot.happenings.filter(({ sensor }) => sensor % plan.apps === app).sort((a, b) => a.atMs - b.atMs);
  const silences = new Map(plot.silences?.map((silence) => [silence.sensor, silence]));
  const slots = sensors.size === 0 ? 0 : Math.max(0, Math.round((plan.ratePerApp * durationMs) / 1_000) - own.length);
  const spacingMs = durationMs / Math.max(1, slots);
  let next = 0;
  for (let slot = 0; slot < slots; slot += 1) {
    // Shifted by a part of the spacing, so that apps don't send in step.
    const atMs = (slot + app / plan.apps) * spacingMs;
    for (let due = own[next]; due !== undefined && due.atMs <= atMs; due = own[next]) {
      yield sensors.happening(due, startMs + due.atMs);
      next += 1;
    }
    const sensor = sensors.inTurn();
    const silence = silences.get(sensor);
    if (silence === undefined || atMs < silence.fromMs || atMs >= silence.toMs) yield sensors.normal(sensor, startMs + atMs);
  }
  for (const due of own.slice(next)) yield sensors.happening(due, startMs + due.atMs);
}

/** Which fields are unreadable, and what is sent in place of values. */
interface Worded {
  readonly silent: readonly string[];
  readonly wording: Wording | undefined;
}

/** The sensors of one app: their counters, whose turn it is, and what each sends. */
class AppSensors {
  readonly size: number;
  readonly #plan: FleetPlan;
  readonly #readings: Readings;
  readonly #app: number;
  readonly #sent: Uint32Array;
  readonly #stride: number;
  readonly #latest = new Map<number, Message>();
  readonly #latestHit = new Map<number, Message>();
  #turn: number;

  constructor(plan: FleetPlan, app: number) {
    this.#plan = plan;
    this.#readings = new Readings(plan.types ?? BUILT_IN_TYPES);
    this.#app = app;
    this.size = Math.floor((plan.sensors - app) / plan.apps) + (app === 0 ? 0 : 1);
    this.#sent = new Uint32Array(plan.sensors + 1);
    this.#stride = strideThrough(this.size, mixed(plan.seed, 17));
    this.#turn = mixed(plan.seed, app) % Math.max(1, this.size);
  }

  /** Every sensor once per cycle, in an order that looks random. */
  inTurn(): number {
    this.#turn = (this.#turn + this.#stride) % this.size;
    return this.#turn * this.#plan.apps + (this.#app === 0 ? this.#plan.apps : this.#app);
  }

  normal(sensor: number, dueMs: number): Message {
    const seq = this.#nextSeq(sensor);
    const fields = this.#readings.fields(mixed(seq ^ this.#plan.seed, sensor), []);
    return { dueMs, sensor, topic: 'ENTRY', fields, ...this.#readings.meaning(fields), reading: seq, seq, form: this.#form(sensor) };
  }

  happening(happening: Happening, dueMs: number): Message {
    const { sensor, does } = happening;
    const before = { hit: undefined, recovery: undefined, repeat: this.#latest.get(sensor), resend: this.#latestHit.get(sensor) }[does];
    const message = before === undefined ? this.#new(happening, dueMs) : { ...before, dueMs };
    this.#latest.set(sensor, message);
    if (message.topic === 'ENTRY') this.#latestHit.set(sensor, message);
    return message;
  }

  #new({ sensor, does, types = [], unreadable, counterStays, dirty }: Happening, dueMs: number): Message {
    const message = this.normal(sensor, dueMs);
    const chance = mixed(message.seq, sensor);
    if (does !== 'hit') return { ...message, topic: 'OK', hits: [], clears: [], form: chance % 2 === 0 ? 'bare' : message.form };
    const fields = this.#readings.fields(chance, types);
    const { silent, wording } = dirty ? this.#dirty(fields, chance) : this.#silent(unreadable);
    return {
      ...message,
      fields,
      ...this.#readings.meaning(fields, silent),
      ...(counterStays && { seq: 0, uptimeMs: Math.round(dueMs) }),
      ...(wording && { wording }),
    };
  }

  /** Only the fields that make it a hit are readable, in unusual forms. */
  #dirty(fields: Fields, chance: number): Worded {
    const readable = this.#readings.fieldsOf(this.#readings.meaning(fields).hits);
    const silent = Object.keys(fields).filter((name) => !readable.includes(name));
    return { silent, wording: dirtyWording(fields, readable, chance) };
  }

  /** The detector of a type sends nothing readable. */
  #silent(type: string | undefined): Worded {
    const silent = type === undefined ? [] : this.#readings.fieldsOf([type]).slice(0, 1);
    return { silent, wording: silent.length === 0 ? undefined : Object.fromEntries(silent.map((name) => [name, UNAVAILABLE])) };
  }

  #nextSeq(sensor: number): number {
    const sent = this.#sent[sensor] ?? 0;
    this.#sent[sensor] = sent + 1;
    return this.#plan.firstSeq + sent;
  }

  /** One sensor in four is of the reference system's kind, whose values are all strings. */
  #form(sensor: number): Message['form'] {
    return mixed(sensor, this.#plan.seed) % 4 === 0 ? 'strings' : 'json';
  }
}

/** A step that visits all of `size` places before it returns to the first. */
function strideThrough(size: number, chance: number): number {
  for (let stride = 1 + (chance % Math.max(1, size)); ; stride += 1) if (commonDivisor(stride, size) === 1) return stride;
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b);
}
