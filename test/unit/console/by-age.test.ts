import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByAge } from '../../../console/live/by-age.ts';
import type { LiveAlarm } from '../../../console/live/open-alarms.ts';
import { alarmOf } from '../../support/alarms.ts';

const liveOf = (id: number, raisedAt: number, version: number): LiveAlarm => ({
  alarm: { ...alarmOf({ id: String.fromCharCode(97 + id), raisedAt, version }), region: '', geohash: '' },
  evidence: undefined,
  client: undefined,
  recent: [],
});

it('alarms stand newest first, at the same time the greater id first, after any changes and from any one on', () => {
  const change = fc.record({ id: fc.nat(9), raisedAt: fc.nat(4), gone: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 15 }),
      fc.array(change, { maxLength: 40 }),
      fc.nat(9),
      fc.nat(4),
      (start, changes, id, at) => {
        const held = new Map<string, LiveAlarm>();
        for (const [i, one] of start.entries()) held.set(liveOf(one.id, 0, 0).alarm.id, liveOf(one.id, one.raisedAt, i));
        const byAge = new ByAge(held.values());
        for (const [i, { id, raisedAt, gone }] of changes.entries()) {
          const live = liveOf(id, raisedAt, 100 + i);
          const before = held.get(live.alarm.id);
          if (!gone) {
            byAge.set(live, before);
            held.set(live.alarm.id, live);
          } else if (before) {
            byAge.delete(before);
            held.delete(live.alarm.id);
          }
        }
        const rank = ({ alarm }: LiveAlarm): string => `${alarm.raisedAt}${alarm.id}`;
        const expected = [...held.values()].sort((a, b) => (rank(a) < rank(b) ? 1 : -1));
        expect([...byAge.newestFirst()]).toEqual(expected);
        const last = liveOf(id, at, 0);
        expect([...byAge.newestFirst(last.alarm)]).toEqual(expected.filter((live) => rank(live) < rank(last)));
      },
    ),
  );
});
