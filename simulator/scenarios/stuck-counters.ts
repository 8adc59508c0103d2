import type { Scenario } from '../scenario.ts';
import { background } from './background.ts';

/** Sensors whose counter begins anew with every reading, as those that lose power in between: each of their readings is one of its own. */
export const stuckCounters: Scenario = {
  name: 'stuck-counters',
  summary: 'sensors whose counter stays 0; every reading counts all the same',
  defaults: { apps: 4, ratePerApp: 350, minutes: 2 },
  plot: (chapter) => ({
    happenings: background(chapter, { alarmsPerMessage: 0.002, recovered: 0.5 }).map((happening) =>
      happening.does === 'hit' ? { ...happening, counterStays: true } : happening,
    ),
  }),
};
