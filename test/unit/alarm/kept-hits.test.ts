import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../../alarm/alarm.ts';
import { areAfter, after as laterThan, completing, type Hits, keep, suffice } from '../../../alarm/kept-hits.ts';

const hit = (at: number, offset: number): Evidence => ({ topic: 'ENTRY', partition: 0, offset, at, value: '{}' });
/** Hits of these times, read in this order. */
const read = (limit: number, ...times: number[]): Hits => times.reduce<Hits>((hits, at, i) => keep(hits, hit(at, i), limit), []);
const timesOf = (hits: Hits) => hits.map(({ at }) => at);
const offsetsOf = (hits: Hits) => hits.map(({ offset }) => offset);

describe('the latest hits', () => {
  it('are in order of time, whatever the order of reading', () => {
    expect(timesOf(read(4, 30, 10, 20))).toEqual([10, 20, 30]);
    expect(timesOf(read(3, 30, 10, 20, 25))).toEqual([20, 25, 30]);
  });

  it('with equal times are in order of reading, and the last read is the latest', () => {
    expect(offsetsOf(read(3, 10, 10, 10))).toEqual([0, 1, 2]);
    expect(offsetsOf(read(3, 10, 10, 10, 10))).toEqual([1, 2, 3]);
    expect(offsetsOf(read(2, 10, 20, 10))).toEqual([2, 1]);
  });

  it('are the same as before where one more is older than all of them', () => {
    const full = read(3, 20, 30, 40);
    expect(keep(full, hit(10, 9), 3)).toBe(full);
    expect(timesOf(keep(read(3, 20, 30), hit(10, 9), 3))).toEqual([10, 20, 30]);
  });
});

describe('hits after a recovery', () => {
  it('are those of later moments than its own', () => {
    const hits = read(3, 10, 20, 30);
    expect(timesOf(laterThan(hits, 20))).toEqual([30]);
    expect([areAfter(hits, 9), areAfter(hits, 10), areAfter(hits, 11)]).toEqual([true, false, false]);
    expect(laterThan(hits, 9)).toBe(hits);
  });
});

describe('hits raise an alarm', () => {
  const rule = { hits: 3, severity: 'CRITICAL', within: undefined } as const;

  it('by their number, and with `within` by the latest of them', () => {
    expect([suffice(read(3, 1, 2), rule), suffice(read(3, 1, 2, 3), rule)]).toEqual([false, true]);
    expect(suffice(read(3, 1, 2, 102), { ...rule, within: 100 })).toBe(false);
    expect(suffice(read(3, 1, 2, 101), { ...rule, within: 100 })).toBe(true);
    expect(suffice(read(4, 1, 200, 250, 300), { ...rule, within: 100 })).toBe(true);
  });

  it('whose id comes from the one that was read last', () => {
    expect(completing(read(3, 30, 10, 20)).offset).toBe(2);
    expect(completing(read(3, 10, 20, 30)).offset).toBe(2);
    expect(completing([hit(10, 7), hit(20, 3)]).offset).toBe(7);
  });
});
