import type { AlarmType } from '../../alarm/alarm-type.ts';
import type { Random } from '../random.ts';
import type { Chapter, Happening } from '../scenario.ts';
import { APART_MS, Draw, episode, gapMsMax, hitsToRaise, othersOf, present } from './episode.ts';

export interface BackgroundRate {
  /** Alarms per message of the fleet. */
  readonly alarmsPerMessage: number;
  /** The share of alarms that recover before the end. */
  readonly recovered: number;
  /** The longest time for which an alarm that recovers stands. */
  readonly standsMs?: number;
  /** Sensors that are not used. */
  readonly except?: Iterable<number>;
}

/**
 * Like the random part of the reference's simulators: alarms here and there, some of which recover, and near misses, which must not become alarms.
 * The number of alarms follows from the number of messages; time, place and type are random.
 */
export function background(
  chapter: Chapter,
  { alarmsPerMessage, recovered, standsMs = 300_000, except = [] }: BackgroundRate,
): Happening[] {
  const { random, types: all } = chapter;
  const draw = new Draw(chapter.sensors, random, except);
  const wanted = Math.round(chapter.messages * alarmsPerMessage);
  const happenings: Happening[] = [];
  let alarms = 0;
  let recoveries = 0;
  for (let i = 0; alarms < wanted; i += 1) {
    const sensor = draw.next();
    if (sensor === undefined) break;
    const types = cause(random, wanted - alarms, all);
    const recovers = recoveries + types.length <= Math.round(recovered * (alarms + types.length));
    const planned = alarm(sensor, types, recovers ? standsMs : undefined, chapter);
    if (planned === undefined) break;
    happenings.push(...planned);
    alarms += types.length;
    if (recovers) recoveries += types.length;
    const misser = i % 5 === 0 ? draw.next() : undefined;
    if (misser !== undefined) happenings.push(...nearMiss(misser, chapter));
  }
  return happenings;
}

/** Types that the reference system doesn't have are chosen as often, each, as the others. */
function cause(random: Random, left: number, types: readonly AlarmType[]): readonly string[] {
  const others = othersOf(types);
  if (others.length > 0 && random.next() < others.length / types.length) return [others[random.below(others.length)]?.name ?? ''];
  const usual = present(usualCause(random, left), types);
  return usual.length > 0 ? usual : [types[random.below(types.length)]?.name ?? ''];
}

/** As in the reference's simulators. */
function usualCause(random: Random, left: number): readonly string[] {
  const chance = random.next();
  if (chance < 0.1 && left >= 2) return ['smoke', 'temperature'];
  if (chance < 0.6) return ['motion'];
  return chance < 0.8 ? ['smoke'] : ['temperature'];
}

function alarm(
  sensor: number,
  types: readonly string[],
  standsMsMax: number | undefined,
  { types: all, durationMs, random }: Chapter,
): Happening[] | undefined {
  const hits = hitsToRaise(types, all) + random.below(4);
  const gapMs = Math.min(random.between(1_000, 10_000), durationMs / 40, durationMs / 4 / hits, gapMsMax(types, all));
  const spanMs = (hits - 1) * gapMs;
  const standsMs = standsMsMax === undefined ? 0 : APART_MS + random.between(0, Math.min(standsMsMax, durationMs / 3));
  const latest = durationMs - spanMs - standsMs - 1;
  if (latest <= APART_MS) return undefined;
  const fromMs = random.between(APART_MS, latest);
  return episode({ sensor, types, fromMs, hits, gapMs, recoveryMs: standsMsMax !== undefined ? fromMs + spanMs + standsMs : undefined });
}

/** One reading less than is needed for an alarm, such as two of smoke, and then perhaps another one, but after a recovery. */
function nearMiss(sensor: number, { types: all, durationMs, random }: Chapter): Happening[] {
  const patient = all.filter(({ hits }) => hits > 1);
  const type = patient[random.below(patient.length)];
  if (type === undefined) return [];
  const types = [type.name];
  const hits = type.hits - 1;
  const gapMs = durationMs / 40 / Math.max(1, hits / 2);
  const recoveryMs = (hits - 1) * gapMs + APART_MS;
  const fromMs = random.between(APART_MS, Math.max(APART_MS, durationMs - recoveryMs - APART_MS));
  const happenings = episode({ sensor, types, fromMs, hits, gapMs, recoveryMs: fromMs + recoveryMs });
  if (random.next() < 0.5) happenings.push({ atMs: fromMs + recoveryMs + APART_MS, sensor, does: 'hit', types });
  return happenings;
}
