import type { Chapter, Happening, Plot, Scenario } from '../scenario.ts';
import { background } from './background.ts';
import { APART_MS, episode } from './episode.ts';

const NEIGHBOURS_MAX = 500;

function plot(chapter: Chapter): Plot {
  const { random, durationMs } = chapter;
  const neighbours = chapter.neighbours(Math.min(NEIGHBOURS_MAX, Math.ceil(chapter.sensors / 4)));
  const startMs = Math.max(APART_MS, durationMs / 3);
  const happenings: Happening[] = [];
  for (const sensor of neighbours) {
    const fromMs = startMs + random.between(0, Math.min(3_000, durationMs / 10));
    const gapMs = Math.min(1_000, durationMs / 40);
    const recoveryMs = random.next() < 0.7 ? Math.max(fromMs + 2 * gapMs + APART_MS, durationMs * random.between(0.6, 0.9)) : undefined;
    happenings.push(
      ...episode({ sensor, types: random.next() < 0.5 ? ['smoke'] : ['motion', 'smoke'], fromMs, hits: 3, gapMs, recoveryMs }),
    );
  }
  const rest = background(chapter, { alarmsPerMessage: 0.000_1, recovered: 0.5, except: neighbours });
  return { happenings: [...rest, ...happenings] };
}

export const burst: Scenario = {
  name: 'burst',
  summary: 'a fire spreads through a city: up to 500 sensors of one neighbourhood report smoke and motion within seconds',
  defaults: { apps: 4, ratePerApp: 350, minutes: 2 },
  plot,
};
