import type { Chapter, Happening, Plot, Scenario } from '../scenario.ts';
import { background } from './background.ts';
import { APART_MS, episode, gapMsMax, hitsToRaise, present } from './episode.ts';

const NEIGHBOURS_MAX = 500;

function plot(chapter: Chapter): Plot {
  const { random, durationMs, types: all } = chapter;
  const neighbours = chapter.neighbours(Math.min(NEIGHBOURS_MAX, Math.ceil(chapter.sensors / 4)));
  const startMs = Math.max(APART_MS, durationMs / 3);
  const happenings: Happening[] = [];
  for (const sensor of neighbours) {
    const fromMs = startMs + random.between(0, Math.min(3_000, durationMs / 10));
    const recovers = random.next() < 0.7 ? random.between(0.6, 0.9) : undefined;
    const seen = present(random.next() < 0.5 ? ['smoke'] : ['motion', 'smoke'], all);
    const types = seen.length > 0 ? seen : all.slice(0, 1).map(({ name }) => name);
    const hits = Math.max(3, hitsToRaise(types, all));
    const gapMs = Math.min(1_000, durationMs / 40, durationMs / 10 / hits, gapMsMax(types, all));
    const recoveryMs = recovers && Math.max(fromMs + (hits - 1) * gapMs + APART_MS, durationMs * recovers);
    happenings.push(...episode({ sensor, types, fromMs, hits, gapMs, recoveryMs }));
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
