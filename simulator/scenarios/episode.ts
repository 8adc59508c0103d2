import { type AlarmType, BUILT_IN_TYPES } from '../../alarm/alarm-type.ts';
import type { Random } from '../random.ts';
import type { Happening } from '../scenario.ts';

/** A recovery and a hit of one sensor are this far apart, in ms, since the outcome depends on the proxies' clocks if they are closer than `clockSkewMax` (2 s). */
export const APART_MS = 2_500;

export interface Episode {
  readonly sensor: number;
  /** Names. */
  readonly types: readonly string[];
  /** The first hit. */
  readonly fromMs: number;
  readonly hits: number;
  readonly gapMs: number;
  readonly recoveryMs?: number | undefined;
}

/** One episode of a sensor. It begins with a recovery, as when a sensor is switched on, so that nothing from an earlier run affects what must happen. */
export function episode({ sensor, types, fromMs, hits, gapMs, recoveryMs }: Episode): Happening[] {
  const happenings: Happening[] = [{ atMs: fromMs - APART_MS, sensor, does: 'recovery' }];
  for (let i = 0; i < hits; i += 1) happenings.push({ atMs: fromMs + i * gapMs, sensor, does: 'hit', types });
  if (recoveryMs !== undefined) happenings.push({ atMs: recoveryMs, sensor, does: 'recovery' });
  return happenings;
}

/** The number of hits after which alarms of all these types must be raised. */
export function hitsToRaise(names: readonly string[], types: readonly AlarmType[]): number {
  return Math.max(1, ...types.filter(({ name }) => names.includes(name)).map(({ hits }) => hits));
}

/** Hits that are further apart than this, in ms, may fail to raise an alarm of these types. */
export function gapMsMax(names: readonly string[], types: readonly AlarmType[]): number {
  const bounded = types.filter(({ name, within, hits }) => names.includes(name) && within !== undefined && hits > 1);
  return Math.min(...bounded.map(({ within = 0, hits }) => within / hits / 2));
}

/** The type for the ith of many sensors: the wanted one if it exists, otherwise any; for every second sensor one that the reference system doesn't have. */
export function typeFor(i: number, wanted: string, types: readonly AlarmType[]): AlarmType {
  const others = othersOf(types);
  const other = i % 2 === 1 ? others[(i >> 1) % Math.max(1, others.length)] : undefined;
  const found = other ?? types.find(({ name }) => name === wanted) ?? types[i % types.length];
  if (found === undefined) throw new RangeError('there are no types');
  return found;
}

/** The names for which there is a type. */
export function present(names: readonly string[], types: readonly AlarmType[]): readonly string[] {
  return names.filter((name) => types.some((type) => type.name === name));
}

/** The types that the reference system doesn't have. */
export function othersOf(types: readonly AlarmType[]): readonly AlarmType[] {
  return types.filter(({ name }) => !BUILT_IN_TYPES.some((type) => type.name === name));
}

/** Draws sensors, each once. */
export class Draw {
  readonly #taken: Set<number>;
  readonly #sensors: number;
  readonly #random: Random;

  constructor(sensors: number, random: Random, taken: Iterable<number> = []) {
    this.#sensors = sensors;
    this.#random = random;
    this.#taken = new Set(taken);
  }

  /** A sensor that hasn't been drawn; undefined once nearly all have. */
  next(): number | undefined {
    if (this.#taken.size >= this.#sensors * 0.9) return undefined;
    for (;;) {
      const sensor = 1 + this.#random.below(this.#sensors);
      if (this.#taken.has(sensor)) continue;
      this.#taken.add(sensor);
      return sensor;
    }
  }
}
