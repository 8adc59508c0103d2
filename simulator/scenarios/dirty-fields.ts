import type { Scenario } from '../scenario.ts';
import { background } from './background.ts';

/** Sensors with a broken detector or a careless program: what the others say counts. */
export const dirtyFields: Scenario = {
  name: 'dirty-fields',
  summary: "most fields of an alarm's readings are rubbish (nan, None, nothing at all), the others worded oddly; what can be read counts",
  defaults: { apps: 4, ratePerApp: 350, minutes: 2 },
  plot: (chapter) => ({
    happenings: background(chapter, { alarmsPerMessage: 0.002, recovered: 0.5 }).map((happening) =>
      happening.does === 'hit' ? { ...happening, dirty: true } : happening,
    ),
  }),
};
