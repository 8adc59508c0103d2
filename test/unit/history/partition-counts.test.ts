import { describe, expect, it } from 'vitest';
import type { AlarmCount } from '../../../alarm/alarm.ts';
import { PartitionCounts } from '../../../history/partition-counts.ts';
import type { Tally } from '../../../history/tally.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = 1_800_000_000_000;

const countOf = (alarm: string, at: number): AlarmCount => ({ alarm, sensor: 7, type: 'smoke', at });
const minutesOf = (tallies: readonly Tally[]) => tallies.map(({ minute }) => (minute - START) / MINUTE);

function partition(options: { readBefore?: number; alarmsMax?: number } = {}) {
  const asked: number[] = [];
  const counts = new PartitionCounts(1, async () => [], options.readBefore ?? 0, options.alarmsMax);
  let offset = 0;
  /** Counts an alarm this long after the start; returns whether it was late. */
  const take = (afterMs: number, alarm = `a${offset}`): Promise<boolean> =>
    counts.take(countOf(alarm, START + afterMs), offset++, async (sensor) => {
      asked.push(sensor);
      return 'UK';
    });
  return { counts, take, asked };
}

describe('the minutes of a partition', () => {
  it('begin where the clock shows a whole one, one for each type', async () => {
    const { counts, take } = partition();
    for (const ms of [0, MINUTE - 1, MINUTE]) await take(ms);
    await counts.take({ ...countOf('m', START), type: 'motion' }, 3, async () => 'UK');
    expect(counts.changed().map(({ minute, type, size }) => [minute - START, type, size])).toEqual([
      [0, 'smoke', 2],
      [MINUTE, 'smoke', 1],
      [0, 'motion', 1],
    ]);
  });

  it('count an alarm once, and ask for its region once', async () => {
    const { counts, take, asked } = partition();
    await take(0, 'a');
    await take(0, 'a');
    expect([counts.changed()[0]?.size, asked]).toEqual([1, [7]]);
  });

  it('are due an hour before the newest, and not those after', async () => {
    const { counts, take } = partition();
    for (const ms of [0, MINUTE, HOUR]) await take(ms);
    expect(minutesOf(counts.due())).toEqual([]);
    await take(HOUR + MINUTE);
    expect(minutesOf(counts.due())).toEqual([0]);
  });

  it('stay closed: an alarm of them is late, and due at once', async () => {
    const { counts, take } = partition();
    expect(await take(HOUR + MINUTE)).toBe(false);
    counts.due();
    expect(await take(MINUTE)).toBe(false);
    expect(await take(0)).toBe(true);
    expect(minutesOf(counts.due())).toEqual([0]);
    counts.close(counts.due());
    expect(minutesOf(counts.changed())).toEqual([61, 1]);
  });

  it('leave out a late alarm that an earlier process may have counted', async () => {
    const { counts, take } = partition({ readBefore: 2 });
    await take(HOUR + MINUTE);
    counts.due();
    expect(await take(0, 'read again')).toBe(true);
    expect(minutesOf(counts.due())).toEqual([]);
    expect(await take(0, 'new')).toBe(true);
    expect(minutesOf(counts.due())).toEqual([0]);
  });

  it('are closed early, the oldest first, where too many alarms are known, but never the newest', async () => {
    const { counts, take } = partition({ alarmsMax: 3 });
    for (const ms of [MINUTE, 0, 0]) await take(ms);
    expect(minutesOf(counts.due())).toEqual([]);
    for (const ms of [2 * MINUTE, 2 * MINUTE]) await take(ms);
    expect(minutesOf(counts.due())).toEqual([0]);
    counts.close(counts.due());
    for (let i = 0; i < 5; i += 1) await take(2 * MINUTE);
    expect(minutesOf(counts.due())).toEqual([1]);
    counts.close(counts.due());
    expect(minutesOf(counts.due())).toEqual([]);
    expect(await take(MINUTE)).toBe(true);
  });

  it('are written up to the first alarm that is not, or to all that was read', async () => {
    const { counts, take } = partition();
    counts.next = 9;
    expect(counts.writtenTo).toBe(9);
    for (const ms of [MINUTE, 0]) await take(ms);
    expect(counts.writtenTo).toBe(0);
    const [first, second] = counts.changed();
    first?.writing();
    first?.wrote(true);
    expect([counts.writtenTo, counts.changed()]).toEqual([1, [second]]);
  });
});
