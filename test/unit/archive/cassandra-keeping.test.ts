import { describe, expect, it } from 'vitest';
import { Keeping } from '../../../processor/archive/cassandra-keeping.ts';
import { NOON } from '../../support/alarms.ts';

const DAY_MS = 86_400_000;

describe('how long rows are kept in Cassandra', () => {
  it('counts from when the alarm was raised', () => {
    expect(new Keeping(365, () => NOON).secondsAfter(NOON)).toBe(365 * 86_400);
    expect(new Keeping(365, () => NOON + 100 * DAY_MS).secondsAfter(NOON)).toBe(265 * 86_400);
  });

  it('leaves an hour to look at an alarm whose time is up when it is over', () => {
    expect(new Keeping(10, () => NOON + 10 * DAY_MS).secondsAfter(NOON)).toBe(3_600);
    expect(new Keeping(10, () => NOON + 500 * DAY_MS).secondsAfter(NOON)).toBe(3_600);
  });

  it('is for ever where Cassandra refuses so long a time: beyond 20 years, or beyond January 2038', () => {
    expect(new Keeping(36_500, () => NOON).secondsAfter(NOON)).toBe(0);
    expect(new Keeping(4_000, () => NOON).secondsAfter(NOON)).toBe(4_000 * 86_400);
    expect(new Keeping(5_000, () => NOON).secondsAfter(NOON)).toBe(0);
  });
});
