import { describe, expect, it } from 'vitest';
import { Tally } from '../../../history/tally.ts';

const MINUTE = 1_800_000_000_000;
const tallyOf = (stored: Readonly<Record<string, number>> = {}, late = false): Tally => {
  const counts = Object.entries(stored).map(([region, count]) => ({ minute: MINUTE, type: 'smoke' as const, region, partition: 2, count }));
  return new Tally(MINUTE, 'smoke', counts, late);
};
const countsOf = (tally: Tally) => Object.fromEntries(tally.rows(2).map(({ region, count }) => [region, count]));

describe('the alarms of a minute', () => {
  it('are counted by region, each once', () => {
    const tally = tallyOf();
    tally.add('a', 'UK', 5);
    tally.add('b', 'UK', 6);
    tally.add('c', 'Asia', 7);
    expect([tally.has('a'), tally.has('x'), tally.size]).toEqual([true, false, 3]);
    expect(tally.rows(2)[0]).toEqual({ minute: MINUTE, type: 'smoke', region: 'UK', partition: 2, count: 2 });
    expect(countsOf(tally)).toEqual({ UK: 2, Asia: 1 });
  });

  it('are written over what is stored once as many were read, with a region that none are in any more at 0', () => {
    const tally = tallyOf({ UK: 1, '': 1 });
    tally.add('a', 'UK', 5);
    expect(tally.rows(2)).toEqual([]);
    tally.add('b', 'UK', 6);
    expect(countsOf(tally)).toEqual({ UK: 2, '': 0 });
  });

  it('are added to what is stored where the minute was over', () => {
    const tally = tallyOf({ UK: 4, Asia: 1 }, true);
    tally.add('a', 'UK', 5);
    tally.add('b', 'North', 6);
    expect(countsOf(tally)).toEqual({ UK: 5, North: 1, Asia: 1 });
  });
});

describe('all before a place is written', () => {
  it('where it is the place of the first alarm that is in no write', () => {
    const tally = tallyOf();
    expect([tally.changed, tally.writtenTo]).toEqual([false, Number.POSITIVE_INFINITY]);
    tally.add('a', 'UK', 5);
    tally.add('b', 'UK', 9);
    expect([tally.changed, tally.writtenTo]).toEqual([true, 5]);
  });

  it('not while a write is under way, and only then where it went well', () => {
    const tally = tallyOf();
    tally.add('a', 'UK', 5);
    tally.writing();
    expect([tally.changed, tally.writtenTo]).toEqual([false, 5]);
    tally.add('b', 'UK', 9);
    expect([tally.changed, tally.writtenTo]).toEqual([true, 5]);
    tally.wrote(true);
    expect([tally.changed, tally.writtenTo]).toEqual([true, 9]);
    tally.writing();
    tally.wrote(true);
    expect([tally.changed, tally.writtenTo]).toEqual([false, Number.POSITIVE_INFINITY]);
  });

  it('not where the write failed: it is to be written again', () => {
    const tally = tallyOf();
    tally.add('a', 'UK', 5);
    tally.writing();
    tally.add('b', 'UK', 9);
    tally.wrote(false);
    expect([tally.changed, tally.writtenTo]).toEqual([true, 5]);
    tally.writing();
    tally.wrote(false);
    expect([tally.changed, tally.writtenTo]).toEqual([true, 5]);
    tally.writing();
    tally.wrote(true);
    expect([tally.changed, tally.writtenTo]).toEqual([false, Number.POSITIVE_INFINITY]);
    tally.again();
    expect(tally.changed).toBe(true);
  });
});
