import { ALARM_TYPES, type AlarmType } from '../alarm/status.ts';
import { hitsOf, type Message } from './message.ts';

/** One alarm that must have been: the readings that raised it by the fleet's count, their `seq`, and whether its sensor recovered afterwards. */
export interface ExpectedAlarm {
  readonly readings: readonly number[];
  readonly evidence: readonly number[];
  readonly recovered: boolean;
}

/** What must have happened to one sensor and type; several possibilities only where the outcome of a message is unknown. */
export interface Expectation {
  readonly sensor: number;
  readonly type: AlarmType;
  readonly possible: readonly (readonly ExpectedAlarm[])[];
}

export type HitsNeeded = Readonly<Record<AlarmType, number>>;
/** The reference system's logic b and c. */
const REFERENCE_HITS: HitsNeeded = { motion: 1, smoke: 3, temperature: 3 };

/**
 * Knows what must have happened, from what the system acknowledged. It is written from the rules' text and shares no code with the detection:
 * a normal status changes nothing; a type's Nth different hit raises its alarm, unless it is active; a recovery clears what is active and
 * forgets the hits. What is one reading and what another the fleet says, never the bytes or the counter that it sends: one that is sent again has no effect. Must be told the messages of one sensor in the order in which they were acknowledged. It assumes that a sensor has no
 * alarm and no hits before its first message, or that this is a recovery, and that recoveries and hits lie further apart than clocks differ.
 */
export class Oracle {
  readonly #needed: HitsNeeded;
  readonly #sensors = new Map<number, Map<AlarmType, readonly World[]>>();

  constructor(needed: HitsNeeded = REFERENCE_HITS) {
    this.#needed = needed;
  }

  /** The system said that it has this message. */
  acknowledged(message: Message): void {
    this.#tell(message, (world, step) => [step(world)]);
  }

  /** Nobody knows whether the system has this message. */
  unknown(message: Message): void {
    this.#tell(message, (world, step) => [world, step(world)]);
  }

  *expectations(): Generator<Expectation, void> {
    for (const [sensor, types] of this.#sensors) {
      for (const [type, worlds] of types) yield { sensor, type, possible: distinct(worlds.map(({ alarms }) => alarms)) };
    }
  }

  #tell(message: Message, branch: (world: World, step: (world: World) => World) => World[]): void {
    const types = this.#sensors.get(message.sensor) ?? new Map<AlarmType, readonly World[]>();
    const recovery = message.topic === 'OK';
    for (const type of recovery ? ALARM_TYPES : hitsOf(message)) {
      const step = recovery ? recovered : (world: World) => hit(world, message, this.#needed[type]);
      const worlds = types.get(type);
      // A recovery of a sensor of which nothing is known leaves nothing to know.
      if (worlds === undefined && recovery) continue;
      types.set(type, distinct((worlds ?? [NOTHING]).flatMap((world) => branch(world, step))));
    }
    if (types.size > 0) this.#sensors.set(message.sensor, types);
  }
}

/** One possible history of a sensor and type: the hits since the last alarm or recovery, all readings that ever counted, and all alarms so far. */
interface World {
  readonly hits: readonly { readonly reading: number; readonly seq: number }[];
  readonly counted: readonly number[];
  readonly active: boolean;
  readonly alarms: readonly ExpectedAlarm[];
}

const NOTHING: World = { hits: [], counted: [], active: false, alarms: [] };

function hit(world: World, { reading, seq }: Message, needed: number): World {
  if (world.counted.includes(reading)) return world;
  const counted = [...world.counted, reading];
  if (world.active) return { ...world, counted };
  const hits = [...world.hits, { reading, seq }];
  if (hits.length < needed) return { ...world, counted, hits };
  const alarm = { readings: hits.map((one) => one.reading), evidence: hits.map((one) => one.seq), recovered: false };
  return { hits: [], counted, active: true, alarms: [...world.alarms, alarm] };
}

function recovered({ counted, active, alarms }: World): World {
  const latest = alarms.at(-1);
  return { hits: [], counted, active: false, alarms: active && latest ? [...alarms.slice(0, -1), { ...latest, recovered: true }] : alarms };
}

function distinct<T>(all: readonly T[]): readonly T[] {
  return all.length === 1 ? all : [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}
