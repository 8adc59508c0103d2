/** Bounds the alarms of sensors that no client has: anybody can make up any number of them. */
import type { Alarm } from './alarm.ts';
import { endedAt, isOver, isUnacknowledged } from './lifecycle.ts';
import { type InOrder, SensorQueue } from './sensor-queue.ts';
import type { SensorState } from './sensor-state.ts';

interface Count {
  /** All that are remembered, and those of them that aren't over. */
  readonly held: number;
  readonly open: number;
}

const NONE: Count = { held: 0, open: 0 };

export class Quarantine {
  readonly #max: number;
  readonly #counts = new Map<number, Count>();
  #held = 0;
  #open = 0;
  /** Sensors whose quarantined alarms have all been acknowledged; the one whose last was acknowledged longest ago comes first. */
  readonly #seen = new SensorQueue<InOrder>();
  #isInOrder = true;

  constructor(max: number) {
    this.#max = max;
  }

  /** How many quarantined alarms are open. */
  get open(): number {
    return this.#open;
  }

  get isFull(): boolean {
    return this.#held >= this.#max;
  }

  /** To be called whenever quarantined alarms of a sensor may have changed. */
  track(sensor: number, state: SensorState): void {
    const alarms = quarantinedIn(state);
    const before = this.#counts.get(sensor) ?? NONE;
    const count = { held: alarms.length, open: alarms.filter((alarm) => !isOver(alarm)).length };
    this.#held += count.held - before.held;
    this.#open += count.open - before.open;
    if (count.held === 0) this.#counts.delete(sensor);
    else this.#counts.set(sensor, count);
    if (count.held === 0 || alarms.some(isUnacknowledged)) this.#seen.delete(sensor);
    else if (!this.#seen.get(sensor)) this.#seen.set(sensor, { at: Math.max(...alarms.map(endedAt)) });
  }

  /** As `track`, for restored sensors, which come in any order. */
  restore(sensor: number, state: SensorState): void {
    this.track(sensor, state);
    this.#isInOrder = false;
  }

  /** The sensor whose quarantined alarms give way next, all of them seen by an operator; undefined: there is none. */
  get firstSeen(): number | undefined {
    if (!this.#isInOrder) this.#seen.order();
    this.#isInOrder = true;
    return this.#seen.first;
  }
}

/** Asked for every sensor that is restored, so without arrays of its own. */
export function hasQuarantined({ types, ended }: SensorState): boolean {
  for (const { open } of types) if (open.some(isQuarantined)) return true;
  return ended.some(isQuarantined);
}

const isQuarantined = ({ quarantined }: Alarm): boolean => quarantined === true;

export function quarantinedIn({ types, ended }: SensorState): readonly Alarm[] {
  return [...types.flatMap(({ open }) => open), ...ended].filter(isQuarantined);
}
