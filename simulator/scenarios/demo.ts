import type { Scenario } from '../scenario.ts';
import { background } from './background.ts';

const SECONDS_PER_ALARM = 3;

/** Not a load but something to look at: an alarm every few seconds, however large the fleet, and most of them recover. */
export const demo: Scenario = {
  name: 'demo',
  summary: 'an alarm every three seconds, most of which recover',
  defaults: { apps: 4, ratePerApp: 625, minutes: 60 },
  plot: (chapter) => ({
    happenings: background(chapter, {
      alarmsPerMessage: chapter.durationMs / 1_000 / SECONDS_PER_ALARM / Math.max(1, chapter.messages),
      recovered: 0.85,
    }),
  }),
};
