import type { Scenario } from '../scenario.ts';
import { background } from './background.ts';

/** Sensors whose counter starts again with every reading, because they lose power in between: each reading must count. */
export const stuckCounters: Scenario = {
  name: 'stuck-counters',
  summary: 'sensors whose counter stays 0; every reading must still count',
  defaults: { apps: 4, ratePerApp: 350, minutes: 2 },
  plot: (chapter) => ({
    happenings: background(chapter, { alarmsPerMessage: 0.002, recovered: 0.5 }).map((happening) =>
      happening.does === 'hit' ? { ...happening, counterStays: true } : happening,
    ),
  }),
};
