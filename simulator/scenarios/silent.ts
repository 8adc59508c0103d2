import type { Chapter, Happening, Plot, Scenario, Silence } from '../scenario.ts';
import { background } from './background.ts';
import { APART_MS, Draw, episode, typeFor } from './episode.ts';

/** One sensor in a hundred falls silent for good, a neighbourhood for a third of the time; some have an alarm, which must stay active. */
function plot(chapter: Chapter): Plot {
  const { random, durationMs } = chapter;
  const neighbours = chapter.neighbours(Math.ceil(chapter.sensors / 50));
  const draw = new Draw(chapter.sensors, random, neighbours);
  const silences: Silence[] = neighbours.map((sensor) => ({ sensor, fromMs: durationMs / 3, toMs: (2 * durationMs) / 3 }));
  const happenings: Happening[] = [];
  for (let i = 0; i < chapter.sensors / 100; i += 1) {
    const sensor = draw.next();
    if (sensor === undefined) break;
    const fromMs = durationMs * random.between(0.3, 0.9);
    silences.push({ sensor, fromMs, toMs: Number.POSITIVE_INFINITY });
    if (i % 10 > 0) continue;
    const { name, hits } = typeFor(i / 10, 'motion', chapter.types);
    happenings.push(...episode({ sensor, types: [name], fromMs: Math.max(APART_MS, fromMs / 2), hits, gapMs: 200 }));
  }
  const rest = background(chapter, { alarmsPerMessage: 0.000_2, recovered: 0.5, except: silences.map(({ sensor }) => sensor) });
  return { happenings: [...rest, ...happenings], silences };
}

export const silent: Scenario = {
  name: 'silent',
  summary: 'sensors fall silent: one in a hundred for good, a whole neighbourhood for a third of the time',
  defaults: { apps: 4, ratePerApp: 350, minutes: 5 },
  plot,
};
