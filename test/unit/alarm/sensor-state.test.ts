import { describe, expect, it } from 'vitest';
import type { Alarm, AlarmState } from '../../../alarm/alarm.ts';
import {
  activeOf,
  bytesOf,
  emptyState,
  ENDED_MAX,
  isEmpty,
  replace,
  type SensorState,
  StateFormat,
  type StoredSensor,
  type TypeState,
  typeStateOf,
} from '../../../alarm/sensor-state.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { REFERENCE, typeWhen } from '../../support/alarm-types.ts';

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
const ofType = (type: string, fields: Partial<TypeState>): TypeState => ({ type, hits: [], proof: undefined, open: [], ...fields });
const OPEN = ofType('smoke', { open: [alarm('a', 'ACTIVE_ACK'), alarm('b', 'CLEARED_UNACK')] });
const FAULTS = { faults: [], at: 3, cause: { topic: 'ENTRY', partition: 0, offset: 2 }, ended: { smoke: 3 } };

const stateWith = (fields: Partial<SensorState>): SensorState => ({ ...emptyState(), ...fields });
const format = new StateFormat(REFERENCE);
const toJson = (stored: StoredSensor) => format.toJson(stored);
const fromJson = (json: string) => format.fromJson(json);
const stored = (fields: Partial<SensorState>, known = 0) => toJson({ state: stateWith(fields), known, faults: undefined });

describe('what is stored of a sensor', () => {
  it.each<[string, Partial<SensorState>]>([
    ['a recovery, at whatever time', { okAt: 0 }],
    ['hits that may be sent again', { repeatable: [{ at: 1, seq: 2, value: 'x' }] }],
    ['alarms that are over', { ended: [alarm('a', 'CLEARED_ACK'), alarm('b', 'CLEARED_ACK')] }],
    ['hits of motion', { types: [ofType('motion', { hits: [HIT] })] }],
    ['hits that met the rule', { types: [ofType('temperature', { hits: [HIT], proof: [HIT, HIT] })] }],
    ['open alarms', { types: [OPEN] }],
    ['all of it', { okAt: 9, ended: [alarm('c', 'CLEARED_ACK')], types: [ofType('motion', { hits: [HIT], proof: [HIT] }), OPEN] }],
  ])('is read as it was: %s', (_, fields) => {
    for (const known of [0, 5]) {
      for (const faults of [undefined, FAULTS]) {
        const json = toJson({ state: stateWith(fields), known, faults }) ?? '';
        expect(fromJson(json)).toEqual({ state: stateWith(fields), known, faults });
      }
    }
    expect(isEmpty(stateWith(fields))).toBe(false);
  });

  it('is read as it was for several sensors with the same stored state', () => {
    for (const state of [undefined, stateWith({ okAt: 9 })]) {
      for (const known of [0, 5]) {
        for (const faults of [undefined, FAULTS]) {
          const each = { state, known, faults };
          const json = toJson(each);
          if (json !== undefined) for (let sensor = 0; sensor < 3; sensor += 1) expect(fromJson(json)).toEqual(each);
        }
      }
    }
  });

  it('is what it reports, where there is nothing else', () => {
    for (let known = 1; known <= 7; known += 1) {
      const json = `{"v":3,"known":${JSON.stringify(REFERENCE.namesOf(known))}}`;
      for (const state of [undefined, emptyState()]) expect(toJson({ state, known, faults: undefined })).toBe(json);
      expect(fromJson(json)).toEqual({ state: undefined, known, faults: undefined });
    }
    expect(toJson({ state: undefined, known: 7, faults: FAULTS })).toBe(
      `{"v":3,"known":["motion","smoke","temperature"],"faults":${JSON.stringify(FAULTS)}}`,
    );
  });

  it('is nothing for a sensor of which nothing is known', () => {
    for (const state of [undefined, emptyState()]) expect(toJson({ state, known: 0, faults: undefined })).toBeUndefined();
    expect(isEmpty(emptyState())).toBe(true);
  });

  it('is the latest of an alarm', () => {
    const types = [ofType('smoke', { open: [alarm('a', 'CLEARED_UNACK')] })];
    expect(stored({ types })).toContain('CLEARED_UNACK');
    const state = stateWith({ types });
    replace(state, { ...alarm('a', 'CLEARED_UNACK'), version: 2 });
    expect(toJson({ state, known: 0, faults: undefined })).toContain('"version":2');
  });

  it('is read from earlier versions, but not from later ones', () => {
    expect(fromJson('{"v":1,"ok":5}')).toEqual({ state: stateWith({ okAt: 5 }), known: 0, faults: undefined });
    for (const v of [0, 4]) expect(() => fromJson(`{"v":${v},"ok":5}`)).toThrow(`sensor state has version ${v}, this program reads 1 to 3`);
  });

  it('is read from version 1, with hits, proof and alarms', () => {
    const json = JSON.stringify({
      v: 1,
      smoke: { hits: [HIT], proof: [HIT, HIT], open: [alarm('a', 'ACTIVE_ACK')] },
      motion: { hits: [], open: [alarm('b', 'CLEARED_UNACK')] },
    });
    const types = [
      ofType('motion', { open: [alarm('b', 'CLEARED_UNACK')] }),
      { ...OPEN, hits: [HIT], proof: [HIT, HIT], open: [alarm('a', 'ACTIVE_ACK')] },
    ];
    expect(fromJson(json)).toEqual({ state: stateWith({ types }), known: 0, faults: undefined });
  });

  it('is read completely from version 2', () => {
    const json = JSON.stringify({
      v: 2,
      known: 5,
      faults: FAULTS,
      ok: 9,
      repeatable: [{ at: 1, seq: 2, value: 'x' }],
      ended: [alarm('c', 'CLEARED_ACK')],
      temperature: { hits: [HIT], open: [] },
      motion: { hits: [HIT], open: [] },
    });
    const state = stateWith({
      okAt: 9,
      repeatable: [{ at: 1, seq: 2, value: 'x' }],
      ended: [alarm('c', 'CLEARED_ACK')],
      types: [ofType('motion', { hits: [HIT] }), ofType('temperature', { hits: [HIT] })],
    });
    expect(fromJson(json)).toEqual({ state, known: 5, faults: FAULTS });
    for (let known = 1; known <= 7; known += 1)
      expect(fromJson(`{"v":2,"known":${known}}`)).toEqual({ state: undefined, known, faults: undefined });
  });

  it('means the same under other settings: types by their names, in whatever order', () => {
    const json = stored({ types: [ofType('motion', { hits: [HIT] }), OPEN, ofType('temperature', { hits: [HIT] })] }, 5) ?? '';
    const [motion, smoke, temperature] = REFERENCE.types;
    if (!motion || !smoke || !temperature) throw new Error('the reference system has three');
    const others = new StateFormat(new TypeSet([typeWhen('water', 'water'), temperature, smoke, motion]));
    const read = others.fromJson(json);
    expect(read.known).toBe(2 + 8);
    expect(read.state?.types.map(({ type, hits }) => [type, hits.length])).toEqual([
      ['temperature', 1],
      ['smoke', 0],
      ['motion', 1],
    ]);
    expect(format.fromJson(others.toJson(read) ?? '')).toEqual(fromJson(json));
  });

  it('keeps alarms of a type that no longer exists, but not its hits', () => {
    const open = [alarm('a', 'CLEARED_UNACK'), alarm('b', 'ACTIVE_UNACK')];
    const json = stored({ types: [ofType('motion', { hits: [HIT] }), ofType('smoke', { hits: [HIT], proof: [HIT], open })] }, 7) ?? '';
    const others = new StateFormat(new TypeSet([typeWhen('water', 'water'), typeWhen('alpha', 'alpha')]));
    const { state, known } = others.fromJson(json);
    expect(known).toBe(0);
    expect(state?.types.filter((type) => type.open.length > 0)).toEqual([ofType('smoke', { open })]);
    expect(state?.types.flatMap(({ hits }) => hits)).toEqual([]);
    const again = others.fromJson(others.toJson({ state, known, faults: undefined }) ?? '');
    expect(again.state?.types).toEqual([ofType('smoke', { open })]);
  });

  it('has types that no longer exist after the others, by their names', () => {
    const open = [alarm('a', 'CLEARED_UNACK')];
    const json = stored({ types: ['motion', 'smoke', 'temperature'].map((type) => ofType(type, { open })) }) ?? '';
    const { state } = new StateFormat(new TypeSet([typeWhen('water', 'water'), typeWhen('temperature', 'hot')])).fromJson(json);
    expect(state?.types.map(({ type }) => type)).toEqual(['temperature', 'motion', 'smoke']);
  });

  it('is nothing if a type that no longer exists had only hits', () => {
    const json = stored({ types: [ofType('motion', { hits: [HIT] })] }) ?? '';
    expect(new StateFormat(new TypeSet([typeWhen('water', 'water')])).fromJson(json).state).toBeUndefined();
  });

  it('is kept for a type with whatever name a type may have', () => {
    for (const name of ['constructor', 'hits', 'types', 'v', 'known']) {
      const types = new TypeSet([typeWhen(name, 'water')]);
      const own = new StateFormat(types);
      const state = stateWith({ types: [ofType(name, { hits: [HIT], open: [{ ...alarm('a', 'ACTIVE_ACK'), type: name }] })] });
      const each = { state, known: 1, faults: undefined };
      expect(own.fromJson(own.toJson(each) ?? '')).toEqual(each);
    }
  });

  it('is read correctly for more different texts than are cached', () => {
    const types = new TypeSet(Array.from({ length: 32 }, (_, i) => typeWhen(`t${i}`, `f${i}`)));
    const own = new StateFormat(types);
    const sets = Array.from({ length: 600 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) | 0);
    for (const known of [...sets, ...sets, types.all, 1 << 31]) {
      const json = own.toJson({ state: undefined, known, faults: undefined }) ?? '';
      expect(own.fromJson(json)).toEqual({ state: undefined, known, faults: undefined });
    }
  });
});

describe('what is remembered of a type', () => {
  it('is in the order of the settings, whichever came first', () => {
    const state = emptyState();
    const hits = (type: string) => {
      typeStateOf(state, type, REFERENCE).hits = [HIT];
    };
    for (const type of ['temperature', 'motion', 'smoke', 'motion']) hits(type);
    expect(state.types.map(({ type }) => type)).toEqual(['motion', 'smoke', 'temperature']);
  });

  it('is the same object while there is something to remember, and is replaced when there is not', () => {
    const state = emptyState();
    const smoke = typeStateOf(state, 'smoke', REFERENCE);
    smoke.hits = [HIT];
    typeStateOf(state, 'motion', REFERENCE);
    expect(typeStateOf(state, 'smoke', REFERENCE)).toBe(smoke);
    typeStateOf(state, 'temperature', REFERENCE);
    expect(state.types.map(({ type }) => type)).toEqual(['smoke', 'temperature']);
  });
});

describe('an alarm', () => {
  it('is active if it is the last that was raised and no OK has cleared it', () => {
    const active = (...states: AlarmState[]) => activeOf(ofType('smoke', { open: states.map((state, i) => alarm(`${i}`, state)) }))?.id;
    expect([active(), active('CLEARED_UNACK'), active('CLEARED_UNACK', 'ACTIVE_UNACK'), active('ACTIVE_ACK')]).toEqual([
      undefined,
      undefined,
      '1',
      '0',
    ]);
  });

  it('replaces its previous version, and once it is over is kept as one of the last eight', () => {
    const smoke = { ...OPEN };
    const state = stateWith({ types: [smoke] });
    replace(state, { ...alarm('a', 'ACTIVE_ACK'), version: 2 });
    expect(smoke.open.map(({ id, version }) => [id, version])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    replace(state, alarm('b', 'CLEARED_ACK'));
    replace(state, { ...alarm('b', 'CLEARED_ACK'), version: 3 });
    expect([smoke.open.map(({ id }) => id), state.ended.map(({ id, version }) => [id, version])]).toEqual([['a'], [['b', 3]]]);
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
