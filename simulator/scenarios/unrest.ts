import type { Chapter, Plot, Scenario } from '../scenario.ts';
import { background } from './background.ts';
import { Draw, typeFor } from './episode.ts';
import { flaps } from './flapping.ts';

/** Enough for each of eight partitions to have some, whatever the seed: with half as many, one seed in eighty left a partition without any. */
const SENSORS = 96;
const SHARE = 0.02;
const REST_MS = 5_000;

/** Alarms in every second of the run, and in every partition most of the time if there are only a few. */
function plot(chapter: Chapter): Plot {
  const { random, sensors, durationMs, types } = chapter;
  const draw = new Draw(sensors, random);
  const restless = Array.from({ length: Math.min(SENSORS, Math.ceil(sensors * SHARE)) }, () => draw.next()).filter(
    (id) => id !== undefined,
  );
  const flapping = restless.flatMap((sensor, i) =>
    flaps(
      sensor,
      durationMs,
      random.between(0, Math.min(2 * REST_MS, durationMs / 10)),
      typeFor(i, i % 3 === 0 ? 'smoke' : 'motion', types),
      { restMs: REST_MS },
    ),
  );
  const rest = background(chapter, { alarmsPerMessage: 0.005, recovered: 0.5, except: restless });
  return { happenings: [...rest, ...flapping] };
}

export const unrest: Scenario = {
  name: 'unrest',
  summary: 'sensors raise alarms and recover without pause, as long as the run lasts: for watching what faults do to a system',
  defaults: { apps: 2, ratePerApp: 150, minutes: 5 },
  plot,
};
