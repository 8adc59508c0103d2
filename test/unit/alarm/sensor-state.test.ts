import { describe, expect, it } from 'vitest';
import type { Alarm, AlarmState } from '../../../alarm/alarm.ts';
import {
  activeOf,
  bytesOf,
  emptyState,
  ENDED_MAX,
  fromJson,
  isEmpty,
  replace,
  type SensorState,
  toJson,
} from '../../../alarm/sensor-state.ts';

const HIT = { topic: 'ENTRY', partition: 0, offset: 1, at: 5, value: '{}' };
const alarm = (id: string, state: AlarmState, evidence = [HIT]): Alarm => ({
  id,
  sensor: 7,
  type: 'smoke',
  severity: 'CRITICAL',
  state,
  version: 1,
  raisedAt: 5,
  lastSeenAt: 5,
  evidence,
});
const OPEN = { hits: [], proof: undefined, open: [alarm('a', 'ACTIVE_ACK'), alarm('b', 'CLEARED_UNACK')] };
const FAULTS = { faults: [], at: 3, cause: { topic: 'ENTRY', partition: 0, offset: 2 }, ended: { smoke: 3 } };

const stateWith = (fields: Partial<SensorState>): SensorState => ({ ...emptyState(), ...fields });
const stored = (fields: Partial<SensorState>, known = 0) => toJson({ state: stateWith(fields), known, faults: undefined });

describe('what is stored of a sensor', () => {
  it.each<[string, Partial<SensorState>]>([
    ['a recovery, at whatever time', { okAt: 0 }],
    ['hits that may be sent again', { repeatable: [{ at: 1, seq: 2, value: 'x' }] }],
    ['alarms that are over', { ended: [alarm('a', 'CLEARED_ACK'), alarm('b', 'CLEARED_ACK')] }],
    ['hits of motion', { motion: { hits: [HIT], proof: undefined, open: [] } }],
    ['hits that met the rule', { temperature: { hits: [HIT], proof: [HIT, HIT], open: [] } }],
    ['open alarms', { smoke: OPEN }],
    ['all of it', { okAt: 9, ended: [alarm('c', 'CLEARED_ACK')], smoke: OPEN, motion: { hits: [HIT], proof: [HIT], open: [] } }],
  ])('is read as it was: %s', (_, fields) => {
    for (const known of [0, 5]) {
      for (const faults of [undefined, FAULTS]) {
        const json = toJson({ state: stateWith(fields), known, faults }) ?? '';
        expect(fromJson(json)).toEqual({ state: stateWith(fields), known, faults });
      }
    }
    expect(isEmpty(stateWith(fields))).toBe(false);
  });

  it('is what it reports, where there is nothing else', () => {
    for (let known = 1; known <= 7; known += 1) {
      const json = `{"v":2,"known":${known}}`;
      for (const state of [undefined, emptyState()]) expect(toJson({ state, known, faults: undefined })).toBe(json);
      expect(fromJson(json)).toEqual({ state: undefined, known, faults: undefined });
    }
    expect(toJson({ state: undefined, known: 7, faults: FAULTS })).toBe(`{"v":2,"known":7,"faults":${JSON.stringify(FAULTS)}}`);
  });

  it('is nothing of one of which nothing is known', () => {
    for (const state of [undefined, emptyState()]) expect(toJson({ state, known: 0, faults: undefined })).toBeUndefined();
    expect(isEmpty(emptyState())).toBe(true);
  });

  it('is the latest of an alarm', () => {
    const smoke = { hits: [], proof: undefined, open: [alarm('a', 'CLEARED_UNACK')] };
    expect(stored({ smoke })).toContain('CLEARED_UNACK');
    const state = stateWith({ smoke });
    replace(state, { ...alarm('a', 'CLEARED_UNACK'), version: 2 });
    expect(toJson({ state, known: 0, faults: undefined })).toContain('"version":2');
  });

  it('is read of the version before, and of no later one', () => {
    expect(fromJson('{"v":1,"ok":5}')).toEqual({ state: stateWith({ okAt: 5 }), known: 0, faults: undefined });
    for (const v of [0, 3])
      expect(() => fromJson(`{"v":${v},"ok":5}`)).toThrow(`sensor state has version ${v}, this program reads 1 and 2`);
  });
});

describe('an alarm', () => {
  it('is active if it is the last that was raised and no OK has cleared it', () => {
    const active = (...states: AlarmState[]) =>
      activeOf({ hits: [], proof: undefined, open: states.map((state, i) => alarm(`${i}`, state)) })?.id;
    expect([active(), active('CLEARED_UNACK'), active('CLEARED_UNACK', 'ACTIVE_UNACK'), active('ACTIVE_ACK')]).toEqual([
      undefined,
      undefined,
      '1',
      '0',
    ]);
  });

  it('takes the place of its version before, and when it is over is kept as one of the last eight', () => {
    const state = stateWith({ smoke: OPEN });
    replace(state, { ...alarm('a', 'ACTIVE_ACK'), version: 2 });
    expect(state.smoke.open.map(({ id, version }) => [id, version])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    replace(state, alarm('b', 'CLEARED_ACK'));
    replace(state, { ...alarm('b', 'CLEARED_ACK'), version: 3 });
    expect([state.smoke.open.map(({ id }) => id), state.ended.map(({ id, version }) => [id, version])]).toEqual([['a'], [['b', 3]]]);
    for (let i = 0; i < ENDED_MAX; i += 1) replace(state, alarm(`${i}`, 'CLEARED_ACK'));
    expect(state.ended.map(({ id }) => id).join('')).toBe('01234567');
    replace(state, { ...alarm('3', 'CLEARED_ACK'), version: 2 });
    expect(state.ended.map(({ version }) => version).join('')).toBe('11121111');
  });

  it('that is over is kept with others up to 24 KiB, and at any size by itself', () => {
    const state = emptyState();
    const large = (id: string, bytes: number) => {
      const evidence = [{ ...HIT, value: '' }];
      return alarm(id, 'CLEARED_ACK', [{ ...HIT, value: 'x'.repeat(bytes - bytesOf([alarm(id, 'CLEARED_ACK', evidence)])) }]);
    };
    replace(state, large('a', 12 * 1024));
    replace(state, large('b', 12 * 1024));
    expect(state.ended).toHaveLength(2);
    replace(state, large('c', 12 * 1024 + 1));
    expect(state.ended.map(({ id }) => id)).toEqual(['c']);
    replace(state, large('d', 30 * 1024));
    expect(state.ended.map(({ id }) => id)).toEqual(['d']);
  });
});
