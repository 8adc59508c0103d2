import type { Chapter, Happening, Plot, Scenario } from '../scenario.ts';
import { background } from './background.ts';

const REPEAT_AFTER_MS = [0, 40, 300] as const;

/** Every hit and every recovery is sent up to three times more, with the same seq, before the sensor's next one. */
function plot(chapter: Chapter): Plot {
  const all = background(chapter, { alarmsPerMessage: 0.002, recovered: 0.5 }).sort((a, b) => a.sensor - b.sensor || a.atMs - b.atMs);
  const happenings: Happening[] = [];
  for (const [i, happening] of all.entries()) {
    happenings.push(happening);
    const next = all[i + 1];
    const nextMs = next?.sensor === happening.sensor ? next.atMs : chapter.durationMs;
    for (const afterMs of REPEAT_AFTER_MS.slice(0, 1 + chapter.random.below(REPEAT_AFTER_MS.length))) {
      const atMs = happening.atMs + afterMs;
      if (atMs < nextMs) happenings.push({ atMs, sensor: happening.sensor, does: 'repeat' });
    }
  }
  return { happenings };
}

export const duplicates: Scenario = {
  name: 'duplicates',
  summary: 'every reading of an alarm is sent up to four times with the same seq, at once and later; repeats must have no effect',
  defaults: { apps: 4, ratePerApp: 350, minutes: 2 },
  plot,
};
