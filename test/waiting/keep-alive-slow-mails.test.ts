/** The keep-alive as it is shipped, twenty times faster, with a mail server that takes its time: six seconds for a mail. */
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { keepAlivePeriods } from '../support/keep-alive.ts';

const RULES = join(import.meta.dirname, '../../deploy/prometheus/rules/tocsin.yml');
const TIMES = 20;
const FIVE_MINUTES_MS = 300_000;
const MAIL_MS = 6_000;
/** Between two looks at the group: what is late by less is so for the sake of this machine. */
const LOOK_MS = 30_000;

it('keeps its time where a mail takes six seconds', async () => {
  for (const ms of await keepAlivePeriods(3, { rules: RULES, times: TIMES, mailMs: MAIL_MS / TIMES }))
    expect(Math.abs(ms - FIVE_MINUTES_MS / TIMES), `${ms} ms`).toBeLessThan(LOOK_MS / TIMES);
});
