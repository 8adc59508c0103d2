import type { AlarmType } from '../../alarm/alarm-type.ts';
import type { Chapter, Happening, Plot, Scenario } from '../scenario.ts';
import { background } from './background.ts';
import { APART_MS, Draw, episode, typeFor } from './episode.ts';

const SENSORS_MAX = 300;
const GAP_MS = 300;
const REST_MS = 3_000;

/** An alarm is raised and cleared, and only then its last reading is sent again, as after a time-out, which must have no effect. */
function plot(chapter: Chapter): Plot {
  const { random, durationMs, types } = chapter;
  const draw = new Draw(chapter.sensors, random);
  const doubting: number[] = [];
  const happenings: Happening[] = [];
  for (let i = 0; i < Math.min(SENSORS_MAX, Math.ceil(chapter.sensors / 50)); i += 1) {
    const sensor = draw.next();
    if (sensor === undefined) break;
    doubting.push(sensor);
    const startMs = random.between(0, Math.min(10_000, durationMs / 10));
    happenings.push(...rounds(sensor, startMs, durationMs, typeFor(i, i % 2 === 0 ? 'smoke' : 'motion', types)));
  }
  return { happenings: [...background(chapter, { alarmsPerMessage: 0.000_1, recovered: 0.5, except: doubting }), ...happenings] };
}

function rounds(sensor: number, startMs: number, durationMs: number, { name, hits }: AlarmType): Happening[] {
  const happenings: Happening[] = [];
  for (let fromMs = startMs + APART_MS; ; ) {
    const recoveryMs = fromMs + (hits - 1) * GAP_MS + APART_MS;
    const againMs = recoveryMs + APART_MS;
    if (againMs + GAP_MS > durationMs) return happenings;
    happenings.push(...episode({ sensor, types: [name], fromMs, hits, gapMs: GAP_MS, recoveryMs }));
    for (const atMs of [againMs, againMs + GAP_MS]) happenings.push({ atMs, sensor, does: 'resend' });
    fromMs = againMs + GAP_MS + 2 * APART_MS + REST_MS;
  }
}

export const resends: Scenario = {
  name: 'resends',
  summary: 'the last reading of an alarm is sent again long after the alarm was cleared; that must have no effect',
  defaults: { apps: 4, ratePerApp: 350, minutes: 2 },
  plot,
};
