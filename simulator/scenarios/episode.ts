import type { AlarmType } from '../../alarm/status.ts';
import type { Random } from '../random.ts';
import type { Happening } from '../scenario.ts';

/**
 * A recovery and a hit of one sensor are kept this far apart, in ms. The clocks of proxies may differ by 2 s (`clockSkewMax`), and nearer than that the
 * outcome depends on them.
 */
export const APART_MS = 2_500;

export interface Episode {
  readonly sensor: number;
  readonly types: readonly AlarmType[];
  /** The first hit. */
  readonly fromMs: number;
  readonly hits: number;
  readonly gapMs: number;
  readonly recoveryMs?: number | undefined;
}

/**
 * One episode of a sensor. It begins with a recovery, as when a sensor is switched on: whatever an earlier run left behind is over then, and what must
 * happen next is known.
 */
export function episode({ sensor, types, fromMs, hits, gapMs, recoveryMs }: Episode): Happening[] {
  const happenings: Happening[] = [{ atMs: fromMs - APART_MS, sensor, does: 'recovery' }];
  for (let i = 0; i < hits; i += 1) happenings.push({ atMs: fromMs + i * gapMs, sensor, does: 'hit', types });
  if (recoveryMs !== undefined) happenings.push({ atMs: recoveryMs, sensor, does: 'recovery' });
  return happenings;
}

/** Hits that a type needs, as the fleet knows it from the reference system. */
export const hitsToRaise = (type: AlarmType): number => (type === 'motion' ? 1 : 3);

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
