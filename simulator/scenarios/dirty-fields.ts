import type { Scenario } from '../scenario.ts';
import { background } from './background.ts';

/** Sensors with broken detectors or careless programs: readable fields must count. */
export const dirtyFields: Scenario = {
  name: 'dirty-fields',
  summary:
    "most fields of an alarm's readings are rubbish (nan, None, empty), the others are written in unusual forms; readable fields count",
  defaults: { apps: 4, ratePerApp: 350, minutes: 2 },
  plot: (chapter) => ({
    happenings: background(chapter, { alarmsPerMessage: 0.002, recovered: 0.5 }).map((happening) =>
      happening.does === 'hit' ? { ...happening, dirty: true } : happening,
    ),
  }),
};
