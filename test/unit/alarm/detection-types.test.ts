/** Types of an installation's own: how many hits raise them, what clears them, and what happens to them when the settings change. */
import { describe, expect, it } from 'vitest';
import type { Action, AlarmChange } from '../../../alarm/alarm.ts';
import type { AlarmType } from '../../../alarm/alarm-type.ts';
import type { Detection } from '../../../alarm/detection.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { REFERENCE, typeWhen, withTypes } from '../../support/alarm-types.ts';
import { detecting, feed, type RigReading, remember, restored, SENSOR, SKEW, summary } from './detection-rig.ts';

type Said = Readonly<Record<string, boolean | number>>;

const USUAL = ['motion', 'smoke', 'temperature', 'maxTemperature'];
/** A reading with these fields only. */
const says = (at: number, said: Said, rest: Partial<RigReading> = {}): RigReading => ({
  topic: 'ENTRY',
  at,
  offset: at,
  said,
  notReported: USUAL.filter((name) => !(name in said)),
  ...rest,
});
const ok = (at: number): RigReading => ({ topic: 'OK', at, offset: at });

function eventsOf(types: TypeSet, readings: readonly RigReading[], detection = detecting(types)): string[] {
  for (const reading of readings) feed(detection, reading, types);
  return summary(detection.takeEffects(true)?.events ?? []);
}

/** The states that a log would hold after these readings. */
function statesOf(types: TypeSet, readings: readonly RigReading[]): Map<number, string> {
  const detection = detecting(types);
  const states = new Map<number, string>();
  for (const reading of readings) {
    feed(detection, reading, types);
    remember(states, detection.takeEffects(true)?.changed ?? new Map());
  }
  return states;
}

const water = (at: number, value = true) => says(at, { water: value });
const battery = (at: number, value: number) => says(at, { battery: value });

describe('a type of the settings', () => {
  const withWater = (rest: Partial<AlarmType>) => withTypes(typeWhen('water', 'water', rest));

  it.each<[string, Partial<AlarmType>, RigReading[], string[]]>([
    ['at once', {}, [water(1)], ['raised water 1 v1 ACTIVE_UNACK']],
    ['on the second hit', { hits: 2 }, [water(1), water(2, false), water(3)], ['raised water 3 v1 ACTIVE_UNACK']],
    ['not by what is none', { hits: 2 }, [water(1), water(2, false), says(3, {}), says(4, {}, { unreadable: ['water'] })], []],
    ['by hits close together', { hits: 2, within: 100 }, [water(1), water(102), water(202)], ['raised water 202 v1 ACTIVE_UNACK']],
    ['not by hits far apart', { hits: 2, within: 100 }, [water(1), water(102), water(203)], []],
    [
      'again after a recovery',
      {},
      [water(1), ok(5_000), water(10_000)],
      ['raised water 1 v1 ACTIVE_UNACK', 'cleared water 5000 v2 CLEARED_UNACK', 'raised water 10000 v1 ACTIVE_UNACK'],
    ],
  ])('raises %s', (_, rest, readings, expected) => {
    expect(eventsOf(withWater(rest), readings)).toEqual(expected);
  });

  it('has its severity and its name on the alarm, its id and its count', () => {
    const types = withWater({ severity: 'WARNING', hits: 2 });
    const detection = detecting(types);
    for (const at of [1, 2]) feed(detection, water(at), types);
    const effects = detection.takeEffects();
    expect(effects?.events[0]).toMatchObject({
      alarm: { id: '7-water-0-2-2', type: 'water', severity: 'WARNING', evidence: [{ at: 1 }, { at: 2 }] },
    });
    expect(effects?.counts).toEqual([{ alarm: '7-water-0-2-2', sensor: 7, type: 'water', at: 2 }]);
    expect(detection.active.get('water')).toBe(1);
  });

  it('raises beside others that the same reading is a hit of, in the order of the settings', () => {
    const types = new TypeSet([typeWhen('flood', 'level >= 5'), typeWhen('wet', 'level > 0'), typeWhen('dry', 'level < 1')]);
    expect(eventsOf(types, [says(1, { level: 7 })])).toEqual(['raised flood 1 v1 ACTIVE_UNACK', 'raised wet 1 v1 ACTIVE_UNACK']);
  });
});

describe('a type that clears by a normal reading', () => {
  const types = withTypes(
    typeWhen('battery', 'battery < 15', { clears: 'normal' }),
    typeWhen('leak', 'level > limit', { clears: 'normal', hits: 2 }),
    typeWhen('water', 'water', { hits: 2 }),
  );
  const leak = (at: number, level = 9, limit = 5) => says(at, { level, limit });
  const raised = 'raised battery 1 v1 ACTIVE_UNACK';

  it.each<[string, RigReading[], string[]]>([
    ['is cleared by the first one', [battery(1, 14), battery(2, 15)], [raised, 'cleared battery 2 v2 CLEARED_UNACK']],
    [
      'is raised anew by the next hit',
      [battery(1, 14), battery(2, 15), battery(3, 5)],
      [raised, 'cleared battery 2 v2 CLEARED_UNACK', 'raised battery 3 v1 ACTIVE_UNACK'],
    ],
    ['is cleared once', [battery(1, 14), battery(2, 15), battery(3, 15)], [raised, 'cleared battery 2 v2 CLEARED_UNACK']],
    ['is not cleared by another hit', [battery(1, 14), battery(2, 13)], [raised]],
    ['is not cleared by a reading without its field', [battery(1, 14), says(2, {}), water(3, false)], [raised]],
    ['is not cleared by a reading that can not be read', [battery(1, 14), says(2, {}, { unreadable: ['battery'] })], [raised]],
    [
      'is not cleared by a reading with one of its two fields',
      [leak(1), leak(2), says(3, { level: 1 }), says(4, { limit: 5 })],
      ['raised leak 2 v1 ACTIVE_UNACK'],
    ],
    ['is cleared by a recovery, too', [battery(1, 14), ok(5_000)], [raised, 'cleared battery 5000 v2 CLEARED_UNACK']],
    [
      'is cleared by a reading that is a hit of another',
      [battery(1, 14), says(2, { battery: 20, motion: true })],
      [raised, 'cleared battery 2 v2 CLEARED_UNACK', 'raised motion 2 v1 ACTIVE_UNACK'],
    ],
    [
      'is cleared by a reading that is a hit of another, also where it has a counter',
      [battery(1, 14), says(2, { battery: 20, motion: true }, { seq: 9 })],
      [raised, 'cleared battery 2 v2 CLEARED_UNACK', 'raised motion 2 v1 ACTIVE_UNACK'],
    ],
    [
      'is counted anew after a recovery that was long ago, with a normal reading first',
      [leak(1), ok(10), says(20_000, { battery: 20 }, { sensor: 8 }), leak(30_000, 1), leak(30_001), leak(30_002)],
      ['raised leak 30002 v1 ACTIVE_UNACK'],
    ],
    ['forgets its hits before that', [leak(1), leak(2, 1), leak(3)], []],
    ['counts anew from there', [leak(1), leak(2, 1), leak(3), leak(4)], ['raised leak 4 v1 ACTIVE_UNACK']],
    [
      'keeps its hits over a reading that says nothing of it',
      [leak(1), says(2, { level: 1 }), says(3, {}, { unreadable: ['limit'] }), leak(4)],
      ['raised leak 4 v1 ACTIVE_UNACK'],
    ],
    [
      'leaves the hits of others alone',
      [water(1), says(2, { water: false, battery: 20, level: 1, limit: 5 }), water(3)],
      ['raised water 3 v1 ACTIVE_UNACK'],
    ],
    [
      'leaves alarms of others alone',
      [says(1, { motion: true, battery: 1 }), says(2, { motion: false, battery: 20 })],
      ['raised motion 1 v1 ACTIVE_UNACK', raised, 'cleared battery 2 v2 CLEARED_UNACK'],
    ],
    ['is not cleared by a reading from before its hits', [battery(10, 14), battery(5, 20)], ['raised battery 10 v1 ACTIVE_UNACK']],
    [
      'is cleared by a reading from between its hits, and too few are left',
      [leak(1), leak(10), leak(5, 1)],
      ['raised leak 10 v1 ACTIVE_UNACK', 'cleared leak 5 v2 CLEARED_UNACK'],
    ],
    [
      'is cleared by a reading from between its hits, and raised anew by those that are left',
      [leak(1), leak(10), leak(11), leak(5, 1)],
      ['raised leak 10 v1 ACTIVE_UNACK', 'cleared leak 5 v2 CLEARED_UNACK', 'raised leak 11 v1 ACTIVE_UNACK'],
    ],
    [
      'is not cleared by a reading that is older than a recovery by more than clocks may differ',
      [ok(20_000), battery(20_001, 14), battery(20_000 - SKEW - 1, 20)],
      ['raised battery 20001 v1 ACTIVE_UNACK'],
    ],
  ])('%s', (_, readings, expected) => {
    expect(eventsOf(types, readings)).toEqual(expected);
    // The same if a new process takes over after every reading.
    const states = new Map<number, string>();
    const events: string[] = [];
    for (const reading of readings) {
      const detection = restored(states, types);
      feed(detection, reading, types);
      const effects = detection.takeEffects(true);
      events.push(...summary(effects?.events ?? []));
      remember(states, effects?.changed ?? new Map());
    }
    expect(events).toEqual(expected);
  });

  it('is over where it was acknowledged, and says which reading cleared it', () => {
    const detection = detecting(types);
    feed(detection, battery(1, 14), types);
    detection.action({ id: 'a', alarm: '7-battery-0-1-1', sensor: SENSOR, kind: 'acknowledge', version: 1, by: 'ada' }, 2, 0);
    feed(detection, battery(3, 14), types);
    feed(detection, battery(4, 99), types);
    const cleared = detection.takeEffects()?.events.at(-1);
    expect(cleared).toMatchObject({
      event: 'cleared',
      at: 4,
      cause: { topic: 'ENTRY', partition: 0, offset: 4 },
      alarm: { state: 'CLEARED_ACK', clearedAt: 4, lastSeenAt: 3 },
    });
    expect(detection.active.get('battery')).toBe(0);
  });

  it('stores nothing for normal readings if there is nothing to clear', () => {
    const detection = detecting(types);
    for (const reading of [battery(1, 14), battery(2, 20)]) feed(detection, reading, types);
    detection.takeEffects(true);
    feed(detection, battery(3, 20), types);
    expect(detection.takeEffects(true)).toBeUndefined();
  });

  it('is cleared where it is the only one, or the first', () => {
    const first = new TypeSet([typeWhen('battery', 'battery < 15', { clears: 'normal' })]);
    expect(eventsOf(first, [battery(1, 14), battery(2, 15)])).toEqual([raised, 'cleared battery 2 v2 CLEARED_UNACK']);
  });

  it('ignores a normal reading of a sensor that has been forgotten', () => {
    const detection = detecting(types);
    for (const reading of [leak(1), ok(10), says(20_000, { battery: 20 }, { sensor: 8 })]) feed(detection, reading, types);
    detection.takeEffects(true);
    expect(detection.sensors).toBe(0);
    feed(detection, leak(30_000, 1), types);
    expect(detection.takeEffects(true)).toBeUndefined();
  });

  it('stores that its hits are forgotten', () => {
    const [json] = statesOf(types, [leak(1), leak(2, 1)]).values();
    expect(json).not.toContain('"hits":[{');
    expect(eventsOf(types, [leak(3)], restored(statesOf(types, [leak(1), leak(2, 1)]), types))).toEqual([]);
  });

  it('is not cleared by a reading from before its hits that is sent again', () => {
    const earlier = (at: number) => says(at, { battery: 50, motion: true }, { seq: 5, value: 'before' });
    expect(eventsOf(types, [earlier(1), battery(2, 5), earlier(3), battery(4, 50)])).toEqual([
      'raised motion 1 v1 ACTIVE_UNACK',
      'raised battery 2 v1 ACTIVE_UNACK',
      'cleared battery 4 v2 CLEARED_UNACK',
    ]);
  });

  it('is cleared whatever the id of the sensor is', () => {
    const detection = detecting(types);
    const sensors = Array.from({ length: 5_000 }, (_, i) => i * 400_000);
    const low = { battery: 5 };
    for (const [i, sensor] of sensors.entries()) feed(detection, says(i, low, { sensor }), types);
    expect(detection.active.get('battery')).toBe(sensors.length);
    for (const [i, sensor] of sensors.entries()) feed(detection, says(10_000 + i, { battery: 50 }, { sensor }), types);
    expect(detection.active.get('battery')).toBe(0);
  });

  it('leaves nothing to remember of a sensor that flaps, and has its oldest alarms acknowledged', () => {
    const detection = detecting(types);
    const events = eventsOf(
      types,
      Array.from({ length: 140 }, (_, i) => battery(i + 1, i % 2 === 0 ? 5 : 50)),
      detection,
    );
    expect(events.filter((event) => event.startsWith('raised'))).toHaveLength(70);
    expect(events.filter((event) => event.startsWith('acknowledged'))).toHaveLength(6);
  });

  it('recognises a hit that is sent again even after a normal reading in between', () => {
    const again = { seq: 5, value: 'low' };
    expect(eventsOf(types, [says(1, { battery: 5 }, again), battery(2, 50), says(3, { battery: 5 }, again)])).toEqual([
      raised,
      'cleared battery 2 v2 CLEARED_UNACK',
    ]);
  });
});

describe('32 types', () => {
  const types = new TypeSet(
    Array.from({ length: 32 }, (_, i) => typeWhen(`t${i}`, `f${i}`, { clears: i % 2 === 0 ? 'recovery' : 'normal' })),
  );
  const all = (value: boolean) => Object.fromEntries(types.types.map((_, i) => [`f${i}`, value]));
  const names = types.types.map(({ name }) => name);
  const ofKind = (events: readonly string[], kind: string) =>
    events.filter((event) => event.startsWith(kind)).map((event) => event.split(' ')[1]);

  it('are raised by one reading, and cleared by one recovery', () => {
    const detection = detecting(types);
    expect(ofKind(eventsOf(types, [says(1, all(true))], detection), 'raised')).toEqual(names);
    expect([...detection.active.values()]).toEqual(names.map(() => 1));
    expect(ofKind(eventsOf(types, [ok(5_000)], detection), 'cleared')).toEqual(names);
  });

  it('are cleared by one normal reading where they clear by it', () => {
    const readings = [says(1, all(true)), says(2, all(false))];
    const normal = names.filter((_, i) => i % 2 === 1);
    expect(ofKind(eventsOf(types, readings), 'cleared')).toEqual(normal);
    expect(ofKind(eventsOf(types, readings.slice(1), restored(statesOf(types, readings.slice(0, 1)), types)), 'cleared')).toEqual(normal);
  });

  it('are each raised by itself, the last one too', () => {
    for (const i of [0, 1, 15, 16, 30, 31]) {
      const events = eventsOf(types, [says(1, { ...all(false), [`f${i}`]: true })]);
      expect(events).toEqual([`raised t${i} 1 v1 ACTIVE_UNACK`]);
      expect(
        eventsOf(types, [says(2, { [`f${i}`]: false })], restored(statesOf(types, [says(1, { [`f${i}`]: true })]), types)),
      ).toHaveLength(i % 2);
    }
  });

  it('have their faults independently', () => {
    const detection = detecting(types);
    const { f31: _, ...others } = all(false);
    for (const reading of [says(1, all(false)), says(2, others), says(3, all(false), { unreadable: ['f0', 'f31'] })])
      feed(detection, reading, types);
    const faults = detection.takeEffects(true)?.faults.map(({ faults }) => faults.map(({ detector, reason }) => `${detector} ${reason}`));
    expect(faults).toEqual([['t31 absent'], ['t31 absent', 't0 unreadable']]);
    expect([detection.faulty.get('t0'), detection.faulty.get('t31'), detection.faulty.get('t1')]).toEqual([1, 1, undefined]);
  });
});

describe('a type that is no longer in the settings', () => {
  const before = withTypes(typeWhen('water', 'water', { hits: 2 }), typeWhen('battery', 'battery < 15', { clears: 'normal' }));
  const fire = [water(1), water(2), battery(3, 5)];
  const ID = '7-water-0-2-2';
  const act = (kind: Action['kind'], version: number): Action => ({
    id: 'a',
    alarm: ID,
    sensor: SENSOR,
    kind,
    version,
    by: 'ada',
    ...(kind === 'note' && { note: 'mopped' }),
    ...(kind === 'disposition' && { disposition: 'genuine' }),
  });
  const withoutWater = (): Detection => restored(statesOf(before, fire));

  it('keeps its alarm, which is still counted', () => {
    const detection = withoutWater();
    expect(Object.fromEntries(detection.active)).toEqual({ water: 1, battery: 1 });
    expect(detection.takeEffects(true)).toBeUndefined();
  });

  it('has its alarm acknowledged, noted, judged and recovered', () => {
    const detection = withoutWater();
    detection.action(act('acknowledge', 1), 10_000, 1);
    detection.action(act('note', 2), 10_001, 2);
    detection.action(act('disposition', 3), 10_002, 3);
    detection.recovery(SENSOR, 20_000, 4);
    detection.action(act('note', 5), 20_001, 5);
    expect(summary(detection.takeEffects()?.events ?? [])).toEqual([
      'acknowledged water 10000 v2 ACTIVE_ACK',
      'noted water 10001 v3 ACTIVE_ACK',
      'disposed water 10002 v4 ACTIVE_ACK',
      'cleared battery 20000 v2 CLEARED_UNACK',
      'cleared water 20000 v5 CLEARED_ACK',
      'noted water 20001 v6 CLEARED_ACK',
    ]);
    expect(Object.fromEntries(detection.active)).toEqual({ water: 0, battery: 0 });
  });

  it('raises nothing, is seen no more, and is not cleared by a normal reading', () => {
    expect(eventsOf(REFERENCE, [water(70_000), water(70_001), battery(70_002, 50)], withoutWater())).toEqual([]);
    const hitsOnly = restored(statesOf(before, [water(1)]));
    expect(eventsOf(REFERENCE, [water(2), water(3), ok(9_000)], hitsOnly)).toEqual([]);
  });

  it('is not cleared by readings that are normal for another type', () => {
    const now = new TypeSet([typeWhen('door', 'door', { clears: 'normal' })]);
    const readings = [says(10, { door: true }), says(11, { door: false })];
    expect(eventsOf(now, readings, restored(statesOf(before, fire), now))).toEqual([
      'raised door 10 v1 ACTIVE_UNACK',
      'cleared door 11 v2 CLEARED_UNACK',
    ]);
  });

  it('raises again once it is in the settings again, by hits that came since', () => {
    const without = statesOf(REFERENCE, []);
    const detection = withoutWater();
    for (const reading of [ok(20_000), water(30_000)]) feed(detection, reading);
    remember(without, detection.takeEffects(true)?.changed ?? new Map());
    expect(eventsOf(before, [water(40_000), water(40_001)], restored(without, before))).toEqual(['raised water 40001 v1 ACTIVE_UNACK']);
  });

  it('is the same again when it comes back while its alarm is active: seen, and raised no second time', () => {
    const states = statesOf(before, fire);
    const between = restored(states);
    feed(between, says(100, { motion: true }));
    remember(states, between.takeEffects(true)?.changed ?? new Map());
    expect(eventsOf(before, [water(70_000), water(70_001), battery(70_002, 50)], restored(states, before))).toEqual([
      'seen water 70000 v2 ACTIVE_UNACK',
      'cleared battery 70002 v2 CLEARED_UNACK',
    ]);
  });

  it('is another type once it is renamed: the old alarm stays until a recovery', () => {
    const renamed = withTypes(typeWhen('flood', 'water', { hits: 2 }));
    expect(eventsOf(renamed, [water(4), water(5), ok(9_000)], restored(statesOf(before, fire), renamed))).toEqual([
      'raised flood 5 v1 ACTIVE_UNACK',
      'cleared flood 9000 v2 CLEARED_UNACK',
      'cleared battery 9000 v2 CLEARED_UNACK',
      'cleared water 9000 v2 CLEARED_UNACK',
    ]);
  });
});

describe('states that were written under other settings', () => {
  const [motion, smoke, temperature] = REFERENCE.types;
  if (!motion || !smoke || !temperature) throw new Error('the reference system has three');
  const others = new TypeSet([typeWhen('first', 'first'), temperature, typeWhen('water', 'water'), smoke, motion]);
  const hit = (at: number, said: Said) => says(at, said);
  const lived = [hit(1, { smoke: true }), hit(2, { smoke: true }), hit(3, { motion: true, temperature: 40, maxTemperature: 30 })];

  it('mean the same types, whatever their order is now', () => {
    const json = statesOf(REFERENCE, lived);
    expect(eventsOf(others, [hit(4, { smoke: true, first: true }), ok(9_000)], restored(json, others))).toEqual([
      'raised first 4 v1 ACTIVE_UNACK',
      'raised smoke 4 v1 ACTIVE_UNACK',
      'cleared first 9000 v2 CLEARED_UNACK',
      'cleared smoke 9000 v2 CLEARED_UNACK',
      'cleared motion 9000 v2 CLEARED_UNACK',
    ]);
  });

  it('keep the hits if a type now asks for more, and raise at the next one if it asks for fewer', () => {
    const asking = (hits: number) => new TypeSet([motion, { ...smoke, hits }, temperature]);
    const next = (types: TypeSet) =>
      eventsOf(types, [hit(4, { smoke: true }), hit(5, { smoke: true })], restored(statesOf(REFERENCE, lived), types));
    expect([4, 2, 1].map((hits) => next(asking(hits)))).toEqual([
      ['raised smoke 5 v1 ACTIVE_UNACK'],
      ['raised smoke 4 v1 ACTIVE_UNACK'],
      ['raised smoke 4 v1 ACTIVE_UNACK'],
    ]);
  });

  it('clear by a normal reading from now on, if the settings now say so', () => {
    const now = new TypeSet([{ ...motion, clears: 'normal' }, { ...smoke, clears: 'normal' }, temperature]);
    const normal = hit(10, { motion: false, smoke: false });
    expect(eventsOf(now, [normal, hit(11, { smoke: true })], restored(statesOf(REFERENCE, lived), now))).toEqual([
      'cleared motion 10 v2 CLEARED_UNACK',
    ]);
  });

  it.each([1, 2])('of version %i go on', (v) => {
    const evidence = [1, 2].map((offset) => ({ topic: 'ENTRY', partition: 0, offset, at: offset, value: `${offset}` }));
    const alarm: AlarmChange['alarm'] = {
      id: '7-motion-0-0-1',
      sensor: SENSOR,
      type: 'motion',
      severity: 'MINOR',
      state: 'ACTIVE_UNACK',
      version: 1,
      raisedAt: 1,
      lastSeenAt: 1,
      evidence: evidence.slice(0, 1),
    };
    const json = JSON.stringify({
      v,
      ...(v === 2 && { known: 7 }),
      smoke: { hits: evidence, open: [] },
      motion: { hits: evidence.slice(0, 1), open: [alarm] },
    });
    for (const types of [REFERENCE, others]) {
      const detection = detecting(types);
      detection.restore(SENSOR, json);
      expect(detection.active.get('motion')).toBe(1);
      const events = eventsOf(types, [hit(3, { smoke: true }), ok(9_000)], detection);
      expect(events.toSorted()).toEqual([
        'cleared motion 9000 v2 CLEARED_UNACK',
        'cleared smoke 9000 v2 CLEARED_UNACK',
        'raised smoke 3 v1 ACTIVE_UNACK',
      ]);
    }
  });
});
