import type { AlarmType } from '../../alarm/status.ts';
import type { Random } from '../random.ts';
import type { Chapter, Happening } from '../scenario.ts';
import { APART_MS, Draw, episode, hitsToRaise } from './episode.ts';

export interface BackgroundRate {
  /** Alarms per message of the fleet. */
  readonly alarmsPerMessage: number;
  /** The share of them that recovers before the end. */
  readonly recovered: number;
  /** How long an alarm that recovers stands at most. */
  readonly standsMs?: number;
  /** Sensors that the background leaves alone. */
  readonly except?: Iterable<number>;
}

/**
 * The random part of the reference's simulators: alarms here and there, some of which recover, and near misses, which must not become alarms.
 * The number of alarms follows from the number of messages; when, where and what is chance.
 */
export function background(
  chapter: Chapter,
  { alarmsPerMessage, recovered, standsMs = 300_000, except = [] }: BackgroundRate,
): Happening[] {
  const { random, durationMs } = chapter;
  const draw = new Draw(chapter.sensors, random, except);
  const wanted = Math.round(chapter.messages * alarmsPerMessage);
  const happenings: Happening[] = [];
  let alarms = 0;
  let recoveries = 0;
  for (let i = 0; alarms < wanted; i += 1) {
    const sensor = draw.next();
    if (sensor === undefined) break;
    const types = cause(random, wanted - alarms);
    const recovers = recoveries + types.length <= Math.round(recovered * (alarms + types.length));
    const planned = alarm(sensor, types, recovers ? standsMs : undefined, durationMs, random);
    if (planned === undefined) break;
    happenings.push(...planned);
    alarms += types.length;
    if (recovers) recoveries += types.length;
    const misser = i % 5 === 0 ? draw.next() : undefined;
    if (misser !== undefined) happenings.push(...nearMiss(misser, durationMs, random));
  }
  return happenings;
}

function cause(random: Random, left: number): readonly AlarmType[] {
  const chance = random.next();
  if (chance < 0.1 && left >= 2) return ['smoke', 'temperature'];
  if (chance < 0.6) return ['motion'];
  return chance < 0.8 ? ['smoke'] : ['temperature'];
}

function alarm(
  sensor: number,
  types: readonly AlarmType[],
  standsMsMax: number | undefined,
  durationMs: number,
  random: Random,
): Happening[] | undefined {
  const needed = Math.max(...types.map(hitsToRaise));
  const hits = needed + random.below(4);
  const gapMs = Math.min(random.between(1_000, 10_000), durationMs / 40);
  const spanMs = (hits - 1) * gapMs;
  const standsMs = standsMsMax === undefined ? 0 : APART_MS + random.between(0, Math.min(standsMsMax, durationMs / 3));
  const latest = durationMs - spanMs - standsMs - 1;
  if (latest <= APART_MS) return undefined;
  const fromMs = random.between(APART_MS, latest);
  return episode({ sensor, types, fromMs, hits, gapMs, recoveryMs: standsMsMax !== undefined ? fromMs + spanMs + standsMs : undefined });
}

/** Two readings of smoke or heat; and then a third, but after a recovery. */
function nearMiss(sensor: number, durationMs: number, random: Random): Happening[] {
  const types: AlarmType[] = [random.next() < 0.5 ? 'smoke' : 'temperature'];
  const gapMs = durationMs / 40;
  const recoveryMs = gapMs + APART_MS;
  const fromMs = random.between(APART_MS, Math.max(APART_MS, durationMs - recoveryMs - APART_MS));
  const happenings = episode({ sensor, types, fromMs, hits: 2, gapMs, recoveryMs: fromMs + recoveryMs });
  if (random.next() < 0.5) happenings.push({ atMs: fromMs + recoveryMs + APART_MS, sensor, does: 'hit', types });
  return happenings;
}
