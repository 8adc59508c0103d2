/** Alarms of sensors that no client has never take the place of a client's, whatever their severity. */
import { describe, expect, it } from 'vitest';
import { alarmsQuery } from '../../../console/api/schemas.ts';
import { matches, OpenAlarms } from '../../../console/live/open-alarms.ts';
import { snapshotOf } from '../../../console/live/snapshot.ts';
import { compareUrgency } from '../../../page/queue-order.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';

const archived = (changes: Parameters<typeof alarmOf>[0]) => ({
  ...alarmOf({ type: 'motion', ...changes }),
  region: 'UK',
  geohash: 'gcwfhf0kz',
});
const strangers = Array.from({ length: 20 }, (_, i) =>
  archived({ id: `q${i}`, sensor: 100 + i, severity: 'CRITICAL', quarantined: true, raisedAt: NOON + 100 + i }),
);
const clients = [
  archived({ id: 'warning', sensor: 1, severity: 'WARNING' }),
  archived({ id: 'seen', sensor: 2, severity: 'MINOR', state: 'ACTIVE_ACK' }),
  archived({ id: 'motion', sensor: 3, severity: 'MINOR' }),
];

describe('quarantined alarms', () => {
  it('come last in a snapshot, and are marked there', () => {
    const alarms = new OpenAlarms(REFERENCE);
    alarms.load([...strangers, ...clients]);
    const shown = snapshotOf(alarms, 'limited', 5).alarms;
    expect(shown.map(({ id, quarantined }) => [id, quarantined])).toEqual([
      ['motion', undefined],
      ['warning', undefined],
      ['seen', undefined],
      ['q19', true],
      ['q18', true],
    ]);
    expect(
      shown
        .toReversed()
        .sort(compareUrgency)
        .map(({ id }) => id),
    ).toEqual(['motion', 'warning', 'seen', 'q18', 'q19']);
  });

  it('give way where there is no room for all', () => {
    const alarms = new OpenAlarms(REFERENCE, 4);
    alarms.load([...strangers, ...clients]);
    expect([...alarms.newestFirst()].map(({ alarm }) => alarm.id)).toEqual(expect.arrayContaining(['motion', 'warning', 'seen']));
    expect([alarms.size, alarms.beyond]).toEqual([23, 19]);
  });

  it('are what a filter asks for', () => {
    const filter = { states: undefined, type: undefined, region: undefined, sensor: undefined, from: undefined, to: undefined };
    const all = [...strangers, ...clients];
    expect(all.filter((alarm) => matches(alarm, { ...filter, quarantined: true }))).toEqual(strangers);
    expect(all.filter((alarm) => matches(alarm, { ...filter, quarantined: false }))).toEqual(clients);
    expect(alarmsQuery(REFERENCE).safeParse({ quarantined: 'perhaps' }).success).toBe(false);
  });
});
