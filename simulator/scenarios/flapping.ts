import type { AlarmType } from '../../alarm/alarm-type.ts';
import type { Chapter, Happening, Plot, Scenario } from '../scenario.ts';
import { background } from './background.ts';
import { APART_MS, Draw, episode, typeFor } from './episode.ts';

function plot(chapter: Chapter): Plot {
  const { random, durationMs, types } = chapter;
  const draw = new Draw(chapter.sensors, random);
  const flapping: number[] = [];
  const happenings: Happening[] = [];
  for (let i = 0; i < Math.min(100, Math.ceil(chapter.sensors / 100)); i += 1) {
    const sensor = draw.next();
    if (sensor === undefined) break;
    flapping.push(sensor);
    const startMs = random.between(0, Math.min(10_000, durationMs / 10));
    happenings.push(...flaps(sensor, durationMs, startMs, typeFor(i, i % 3 === 0 ? 'smoke' : 'motion', types), { times: 20 }));
  }
  const rest = background(chapter, { alarmsPerMessage: 0.000_1, recovered: 0.5, except: flapping });
  return { happenings: [...rest, ...happenings] };
}

/** Alarm, recovery, alarm, … as fast as clocks allow, with pauses of `restMs`, at most `times` times; each time is an alarm of its own. */
export function flaps(
  sensor: number,
  durationMs: number,
  startMs: number,
  { name, hits }: AlarmType,
  { times = Number.POSITIVE_INFINITY, restMs = 0 },
): Happening[] {
  const gapMs = 200;
  const spanMs = (hits - 1) * gapMs;
  const happenings: Happening[] = [];
  for (let i = 0; i < times; i += 1) {
    const fromMs = startMs + APART_MS + i * (2 * APART_MS + spanMs + restMs);
    const recoveryMs = fromMs + spanMs + APART_MS;
    if (recoveryMs > durationMs) break;
    const flap = episode({ sensor, types: [name], fromMs, hits, gapMs, recoveryMs });
    happenings.push(...(i === 0 ? flap : flap.slice(1)));
  }
  return happenings;
}

export const flapping: Scenario = {
  name: 'flapping',
  summary: 'a hundred sensors raise an alarm and recover every few seconds; every time is an alarm of its own',
  defaults: { apps: 2, ratePerApp: 350, minutes: 2 },
  plot,
};
