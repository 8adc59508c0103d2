import { describe, expect, it } from 'vitest';
import { Keeping } from '../../../archive/cassandra-keeping.ts';
import type { RemovalClock } from '../../../runtime/removal-clock.ts';
import { NOON } from '../../support/alarms.ts';

const DAY_MS = 86_400_000;
const keeping = (days: number, clock: () => number, removalClock: RemovalClock = clock): Keeping => new Keeping(days, clock, removalClock);

describe('how long rows are kept in Cassandra', () => {
  it('counts from when the alarm was raised', () => {
    expect(keeping(365, () => NOON).secondsAfter(NOON)).toBe(365 * 86_400);
    expect(keeping(365, () => NOON + 100 * DAY_MS).secondsAfter(NOON)).toBe(265 * 86_400);
  });

  it('leaves an hour to look at an alarm whose time is up when it ends', () => {
    expect(keeping(10, () => NOON + 10 * DAY_MS).secondsAfter(NOON)).toBe(3_600);
    expect(keeping(10, () => NOON + 500 * DAY_MS).secondsAfter(NOON)).toBe(3_600);
  });

  it('is unlimited if Cassandra refuses such a long time: beyond 20 years, or beyond January 2038', () => {
    expect(keeping(36_500, () => NOON).secondsAfter(NOON)).toBe(0);
    expect(keeping(4_000, () => NOON).secondsAfter(NOON)).toBe(4_000 * 86_400);
    expect(keeping(5_000, () => NOON).secondsAfter(NOON)).toBe(0);
  });

  it('is never shorter nor longer for a clock that is wrong', () => {
    const wrong = { ahead: NOON + 31 * DAY_MS, behind: NOON - 31 * DAY_MS, of1970: 0 };
    for (const clock of Object.values(wrong))
      expect(
        keeping(
          30,
          () => clock,
          () => undefined,
        ).secondsAfter(NOON),
      ).toBe(30 * 86_400);
    expect(keeping(30, () => wrong.behind).secondsAfter(NOON)).toBe(30 * 86_400);
    expect(keeping(30, () => wrong.of1970).secondsAfter(NOON)).toBe(30 * 86_400);
    // Records with a time in the future.
    expect(keeping(30, () => NOON).secondsAfter(wrong.ahead)).toBe(30 * 86_400);
  });
});
