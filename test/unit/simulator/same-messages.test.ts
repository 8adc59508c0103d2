/** The fleet of the reference system: a seed always gives the same messages, so that runs of different versions can be compared. */
import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { wireForm } from '../../../simulator/message.ts';
import { demo } from '../../../simulator/scenarios/demo.ts';
import { SCENARIOS } from '../../../simulator/scenarios/index.ts';
import { type FleetPlan, traffic } from '../../../simulator/traffic.ts';

/** Digests of all messages of both apps with two seeds. A digest changes with any byte, time or number of a reading. */
const DIGESTS: Readonly<Record<string, string>> = {
  case1: 'qKuwCaPKP9Tos7-X',
  case2: 'K0S3mpRvHHl3M4mG',
  burst: 'dQZ9UT3EP2E-C2U0',
  silent: '1W8eTwM5LebSdFr5',
  flapping: 'gb9-d56F0qGW_IT1',
  duplicates: 'Ot9oER-2Trtd8inD',
  resends: 'glTub8IdjmySbG70',
  'stuck-counters': 'YPfwc-6zI4SKq2ZE',
  'dirty-fields': 'A38G0fforKnyJ1Ur',
  'late-recoveries': 'KysICnQf-WBurGeg',
  unrest: 'HewgCj2XXK6jtlJc',
  demo: 'zVJG69oDbokUUucT',
};

it.each([...SCENARIOS, demo])('scenario $name sends what it has always sent', (scenario) => {
  const hash = createHash('sha256');
  for (const seed of [1, 7]) {
    const plan: FleetPlan = {
      ...{ scenario, seed, apps: 2, ratePerApp: 40, durationMs: 40_000, sensors: 1_000, firstSeq: 5 },
      neighbours: (count) => Array.from({ length: count }, (_, i) => 1 + i),
    };
    for (const app of [0, 1])
      for (const message of traffic(plan, app)) hash.update(`${message.dueMs} ${message.topic} ${message.reading} ${wireForm(message)}\n`);
  }
  expect(hash.digest('base64url').slice(0, 16)).toBe(DIGESTS[scenario.name]);
});
