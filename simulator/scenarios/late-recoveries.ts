import type { Chapter, Happening, Plot, Scenario } from '../scenario.ts';
import { background } from './background.ts';
import { APART_MS, Draw } from './episode.ts';

/** Nothing recovers at first; near the end all sensors do within a tenth of the time, including some that never had an alarm. */
function plot(chapter: Chapter): Plot {
  const { random, durationMs } = chapter;
  const first = { ...chapter, durationMs: Math.max(2 * APART_MS, durationMs * 0.7) };
  const alarms = background(first, { alarmsPerMessage: 0.000_5, recovered: 0 });
  const troubled = new Set(alarms.map(({ sensor }) => sensor));
  const draw = new Draw(chapter.sensors, random, troubled);
  const sensors = [...troubled];
  for (let i = troubled.size; i > 0; i -= 5) {
    const calm = draw.next();
    if (calm !== undefined) sensors.push(calm);
  }
  const lastMs = Math.max(durationMs * 0.85, first.durationMs + APART_MS);
  const recoveries = sensors.map(
    (sensor): Happening => ({ atMs: lastMs + random.between(0, Math.max(0, durationMs - lastMs - 1)), sensor, does: 'recovery' }),
  );
  return { happenings: [...alarms, ...recoveries] };
}

export const lateRecoveries: Scenario = {
  name: 'late-recoveries',
  summary: 'alarms stand for a long time, then all recover at once, together with sensors that had no alarm',
  defaults: { apps: 4, ratePerApp: 350, minutes: 5 },
  plot,
};
