import type { Scenario } from '../scenario.ts';
import { background } from './background.ts';

/** The reference's table gives 800 and 1,400 messages/s; a whole run at these rates has somewhat more messages than it counted. */
const CASE_1_MESSAGES = 2 * 400 * 1_800;
const CASE_2_MESSAGES = 4 * 350 * 1_800;

export const case1: Scenario = {
  name: 'case1',
  summary: "the reference system's first run: 2 apps, 800 messages/s, 655 alarms in 30 minutes, of which 410 recover",
  defaults: { apps: 2, ratePerApp: 400, minutes: 30 },
  reference: { name: 'case 1', messages: 1_245_480, messagesPerSecond: 800, minutes: 30, activated: 655, recovered: 410 },
  plot: (chapter) => ({ happenings: background(chapter, { alarmsPerMessage: 655 / CASE_1_MESSAGES, recovered: 410 / 655 }) }),
};

export const case2: Scenario = {
  name: 'case2',
  summary: "the reference system's second run: 4 apps, 1,400 messages/s, 1,293 alarms in 30 minutes, of which 621 recover",
  defaults: { apps: 4, ratePerApp: 350, minutes: 30 },
  reference: { name: 'case 2', messages: 2_387_547, messagesPerSecond: 1_400, minutes: 30, activated: 1_293, recovered: 621 },
  plot: (chapter) => ({ happenings: background(chapter, { alarmsPerMessage: 1_293 / CASE_2_MESSAGES, recovered: 621 / 1_293 }) }),
};
