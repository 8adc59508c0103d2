/** The shipped keep-alive in real time: a watchdog may raise the alarm when none has come for a little over five minutes. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keepAlivePeriods } from '../support/keep-alive.ts';

const RULES = join(import.meta.dirname, '../../deploy/prometheus/rules/tocsin.yml');
const FIVE_MINUTES_MS = 300_000;

it('three keep-alives come five minutes apart, to the second or two', async () => {
  const periods = await keepAlivePeriods(3, { rules: RULES });
  expect(periods).toHaveLength(2);
  for (const ms of periods) expect(Math.abs(ms - FIVE_MINUTES_MS), `${ms} ms`).toBeLessThan(2_000);
});
