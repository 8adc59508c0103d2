import { type AlarmType, BUILT_IN_TYPES } from '../alarm/alarm-type.ts';
import type { Message } from './message.ts';

/** One alarm that must have been raised: its readings by the fleet's numbers, their `seq`, and whether it was cleared afterwards. */
export interface ExpectedAlarm {
  readonly readings: readonly number[];
  readonly evidence: readonly number[];
  readonly recovered: boolean;
}

/** What must have happened for one sensor and type; several possibilities only if something about a message is unknown. */
export interface Expectation {
  readonly sensor: number;
  readonly type: string;
  readonly possible: readonly (readonly ExpectedAlarm[])[];
}

/** Clocks of proxies differ by at most this, so the time between two hits is not known more exactly. */
const CLOCKS_DIFFER_MS = 2_000;

/**
 * Works out what must have happened from the messages that the system acknowledged. It implements the documented rules and shares no code with the
 * detection: a type's Nth different hit raises its alarm unless it is active; if the type has a `within`, the latest N hits must lie within it. A
 * recovery clears active alarms and forgets hits. A normal status changes nothing, except for types with `clears: normal`, for which it acts like a
 * recovery. The fleet says of which types a message is a hit, and which messages are the same reading, so bytes and counters don't matter: a hit that is
 * sent again has no effect. Messages of one sensor must be given in the order in which they were acknowledged. Assumes that a sensor has no alarm and no
 * hits before its first message, or that this is a recovery, and that hits and messages that clear are further apart than clocks differ.
 */
export class Oracle {
  readonly #types: ReadonlyMap<string, AlarmType>;
  readonly #sensors = new Map<number, Map<string, readonly World[]>>();

  constructor(types: readonly AlarmType[] = BUILT_IN_TYPES) {
    this.#types = new Map(types.map((type) => [type.name, type]));
  }

  /** The system has acknowledged the message, at `byMs` since the start of the run. */
  acknowledged(message: Message, byMs = message.dueMs): void {
    this.#take(message, byMs, (world, step) => step(world));
  }

  /** It is unknown whether the system has the message. */
  unknown(message: Message): void {
    this.#take(message, Number.POSITIVE_INFINITY, (world, step) => [world, ...step(world)]);
  }

  *expectations(): Generator<Expectation, void> {
    for (const [sensor, types] of this.#sensors) {
      for (const [type, worlds] of types) yield { sensor, type, possible: distinct(worlds.map(({ alarms }) => alarms)) };
    }
  }

  #take(message: Message, byMs: number, branch: (world: World, step: Step) => readonly World[]): void {
    const { sensor, topic, hits, clears, reading, seq, dueMs } = message;
    const known = this.#sensors.get(sensor);
    // A type without hits or alarms has nothing to clear.
    for (const type of topic === 'OK' ? (known?.keys() ?? []) : clears) {
      const worlds = known?.get(type);
      if (worlds) known?.set(type, distinct(worlds.flatMap((world) => branch(world, recovered))));
    }
    if (hits.length === 0) return;
    const types = known ?? new Map<string, readonly World[]>();
    this.#sensors.set(sensor, types);
    for (const name of hits) {
      const type = this.#types.get(name);
      if (type === undefined) continue;
      const step: Step = (world) => hit(world, { reading, seq, fromMs: dueMs, toMs: byMs }, type);
      types.set(name, distinct((types.get(name) ?? [NOTHING]).flatMap((world) => branch(world, step))));
    }
  }
}

/** The worlds that may follow from a world. */
type Step = (world: World) => readonly World[];

/** A hit that was received between two times, ms since the start of the run. */
interface Hit {
  readonly reading: number;
  readonly seq: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** One possible history of a sensor and type: the hits since the last alarm or recovery, all readings that counted, and all alarms so far. */
interface World {
  readonly hits: readonly Hit[];
  readonly counted: readonly number[];
  readonly active: boolean;
  readonly alarms: readonly ExpectedAlarm[];
}

const NOTHING: World = { hits: [], counted: [], active: false, alarms: [] };

function hit(world: World, one: Hit, type: AlarmType): readonly World[] {
  if (world.counted.includes(one.reading)) return [world];
  const counted = [...world.counted, one.reading];
  if (world.active) return [{ ...world, counted }];
  const hits = [...world.hits, one].slice(-type.hits);
  const waiting = { ...world, counted, hits };
  if (hits.length < type.hits) return [waiting];
  const alarm = { readings: hits.map(({ reading }) => reading), evidence: hits.map(({ seq }) => seq), recovered: false };
  const raised = { hits: [], counted, active: true, alarms: [...world.alarms, alarm] };
  switch (areWithin(hits, type.within)) {
    case true:
      return [raised];
    case false:
      return [waiting];
    case undefined:
      return [waiting, raised];
  }
}

/** Whether the hits certainly lie within a span, or certainly don't; undefined: either is possible. */
function areWithin(hits: readonly Hit[], spanMs = Number.POSITIVE_INFINITY): boolean | undefined {
  const [first, last] = [hits[0], hits.at(-1)];
  if (spanMs === Number.POSITIVE_INFINITY || first === last || first === undefined || last === undefined) return true;
  if (last.toMs - first.fromMs <= spanMs - CLOCKS_DIFFER_MS) return true;
  return last.fromMs - first.toMs > spanMs + CLOCKS_DIFFER_MS ? false : undefined;
}

function recovered({ counted, active, alarms }: World): readonly World[] {
  const latest = alarms.at(-1);
  return [
    { hits: [], counted, active: false, alarms: active && latest ? [...alarms.slice(0, -1), { ...latest, recovered: true }] : alarms },
  ];
}

function distinct<T>(all: readonly T[]): readonly T[] {
  return all.length === 1 ? all : [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}
