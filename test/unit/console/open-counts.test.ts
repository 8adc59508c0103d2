/** The server says how many alarms are open, however few of them a page is shown. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ALARM_STATES, type AlarmState } from '../../../alarm/alarm.ts';
import { OpenAlarms } from '../../../console/live/open-alarms.ts';
import { snapshotOf } from '../../../console/live/snapshot.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { alarmOf, NOON } from '../../support/alarms.ts';

const TYPES = ['motion', 'smoke', 'temperature'] as const;
type Type = (typeof TYPES)[number];
const SEVERITY = { smoke: 'CRITICAL', temperature: 'MAJOR', motion: 'MINOR' } as const;
const archived = (changes: Parameters<typeof alarmOf>[0]) => ({ ...alarmOf(changes), region: 'UK', geohash: 'gcwfhf0kz' });
const cause = { topic: 'ENTRY', partition: 0, offset: 1 };

it('counts what is open after any changes, also where events come twice or late', () => {
  const change = fc.record({
    id: fc.integer({ min: 0, max: 5 }),
    version: fc.integer({ min: 1, max: 6 }),
    state: fc.constantFrom(...ALARM_STATES),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const alarms = new OpenAlarms(REFERENCE);
      const newest = new Map<number, { version: number; type: string; state: AlarmState }>();
      for (const { id, version, state } of changes) {
        const type = TYPES[id % 3] ?? 'smoke';
        alarms.apply({ event: 'seen', at: NOON, cause, alarm: alarmOf({ id: `${id}`, sensor: id, type, version, state }) });
        if ((newest.get(id)?.version ?? 0) < version) newest.set(id, { version, type, state });
      }
      const open = [...newest.values()].filter(({ state }) => state !== 'CLEARED_ACK');
      const byType = (of: typeof open) => Object.fromEntries(TYPES.map((type) => [type, of.filter((one) => one.type === type).length]));
      expect(alarms.counts).toEqual({
        total: open.length,
        byType: byType(open),
        active: byType(open.filter(({ state }) => state === 'ACTIVE_UNACK' || state === 'ACTIVE_ACK')),
        unacknowledged: byType(open.filter(({ state }) => state === 'ACTIVE_UNACK' || state === 'CLEARED_UNACK')),
      });
    }),
  );
});

it('gives the newest smoke to whoever begins to listen in a flood, and says how many others it has no room for', () => {
  const alarms = new OpenAlarms(REFERENCE);
  const add = (id: string, type: Type, state: AlarmState, raisedAt: number) =>
    alarms.load([archived({ id, sensor: raisedAt % 1_000, type, severity: SEVERITY[type], state, raisedAt })]);
  for (let i = 0; i < 3_000; i += 1) add(`old-smoke-${i}`, 'smoke', 'ACTIVE_ACK', NOON + i);
  for (let i = 0; i < 4_000; i += 1) add(`motion-${i}`, 'motion', 'CLEARED_UNACK', NOON + 3_000 + i);
  for (let i = 0; i < 1_500; i += 1) add(`smoke-${i}`, 'smoke', 'ACTIVE_UNACK', NOON + 10_000 + i);
  const { alarms: sent, leftOut } = snapshotOf(alarms, 'full');
  const ids = new Set(sent.map(({ id }) => id));
  expect(sent).toHaveLength(5_000);
  for (let i = 0; i < 1_500; i += 1) expect(ids.has(`smoke-${i}`)).toBe(true);
  expect(ids.has('motion-3999')).toBe(true);
  expect(leftOut).toEqual({ motion: 500, smoke: 3_000, temperature: 0 });
  // One more fire has room too.
  add('newest', 'smoke', 'ACTIVE_UNACK', NOON + 20_000);
  expect(snapshotOf(alarms, 'limited').alarms.some(({ id }) => id === 'newest')).toBe(true);
  expect(alarms.counts).toMatchObject({ total: 8_501, byType: { smoke: 4_501, motion: 4_000, temperature: 0 } });
});

it('never leaves out what an operator needs more than something that it sends', () => {
  const GRAVEST_FIRST = ['CRITICAL', 'MAJOR', 'MINOR', 'WARNING'] as const;
  const one = fc.record({
    state: fc.constantFrom('ACTIVE_UNACK', 'ACTIVE_ACK', 'CLEARED_UNACK'),
    severity: fc.constantFrom(...GRAVEST_FIRST),
    raisedAt: fc.integer({ min: NOON, max: NOON + 20 }),
  });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), (all, room) => {
      const alarms = new OpenAlarms(REFERENCE);
      alarms.load(all.map((fields, id) => archived({ ...fields, id: `${id}`, sensor: id })));
      const { alarms: sent, leftOut } = snapshotOf(alarms, 'full', room);
      const ids = new Set(sent.map(({ id }) => id));
      expect(ids.size).toBe(Math.min(room, all.length));
      expect(leftOut.smoke).toBe(all.length - ids.size);
      const unseen = ({ state }: { state: string }): boolean => state.includes('UNACK');
      for (const [id, left] of all.entries()) {
        if (ids.has(`${id}`)) continue;
        for (const { state, severity, raisedAt } of sent) {
          if (unseen(left)) expect(unseen({ state })).toBe(true);
          if (unseen(left) !== unseen({ state })) continue;
          expect(GRAVEST_FIRST.indexOf(severity)).toBeLessThanOrEqual(GRAVEST_FIRST.indexOf(left.severity));
          if (severity === left.severity) expect(Date.parse(raisedAt)).toBeGreaterThanOrEqual(left.raisedAt);
        }
      }
    }),
  );
});

it('leaves nothing out where all have room', () => {
  const alarms = new OpenAlarms(REFERENCE);
  alarms.load([archived({ id: 'one' }), archived({ id: 'two', sensor: 2 })]);
  expect(snapshotOf(alarms, 'full')).toMatchObject({ leftOut: { motion: 0, smoke: 0, temperature: 0 } });
});

it('keeps an ended alarm that is added to, longer than those that ended after it', () => {
  const alarms = new OpenAlarms(REFERENCE);
  const end = (id: number, version = 2) =>
    alarms.apply({ event: 'noted', at: NOON, cause, alarm: alarmOf({ id: `${id}`, sensor: id, version, state: 'CLEARED_ACK' }) });
  for (let id = 0; id < 1_000; id += 1) end(id);
  end(0, 3);
  for (let id = 1_000; id < 1_500; id += 1) end(id);
  expect([alarms.find('0')?.alarm.version, alarms.find('1')]).toEqual([3, undefined]);
});
