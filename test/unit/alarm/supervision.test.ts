/** The contract "A status": an absent or unreadable detector is a fault of the sensor until it reports again. */
import { describe, expect, it } from 'vitest';
import type { Detection } from '../../../alarm/detection.ts';
import type { SensorFaults } from '../../../alarm/faults.ts';
import { SensorSet } from '../../../alarm/sensor-set.ts';
import { FAULTY_MAX, FLAPPING_MS, REPORTED_EVERY_MS, Supervision } from '../../../alarm/supervision.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { detecting, faultyIn, feed, type RigReading, remember, restored, SENSOR, SKEW } from './detection-rig.ts';
import { REFERENCE, typeWhen } from '../../support/alarm-types.ts';
import { REFERENCE_FIELDS, statusSaying } from './reading.ts';

const DAY = 86_400_000;
const full = (at: number): RigReading => ({ topic: 'ENTRY', at, offset: at });
const without = (at: number, ...fields: string[]): RigReading => ({ ...full(at), notReported: fields });
const unreadable = (at: number, ...fields: string[]): RigReading => ({ ...full(at), unreadable: fields });
const allBut = (field: string): string[] => REFERENCE_FIELDS.filter((other) => other !== field);
const ALL_KNOWN = '{"v":3,"known":["motion","smoke","temperature"]}';

function faultsAfter(readings: readonly RigReading[], detection = detecting()): SensorFaults[] {
  for (const reading of readings) feed(detection, reading);
  return detection.takeEffects(true)?.faults ?? [];
}

const summary = (changes: readonly SensorFaults[]) =>
  changes.map(({ at, faults }) => `${at}: ${faults.map(({ detector, reason, since }) => `${detector} ${reason} ${since}`).join(', ')}`);

describe('a fault', () => {
  it.each<[string, RigReading[], string[]]>([
    ['none of a sensor that says all', [full(1), full(2)], []],
    ['one of a detector that is unreadable', [unreadable(1, 'smoke')], ['1: smoke unreadable 1']],
    ['one of a detector that is absent and was reported before', [full(1), without(2, 'motion')], ['2: motion absent 2']],
    ['none of a detector that was never reported', [without(1, 'smoke', 'temperature'), without(2, 'smoke', 'temperature')], []],
    ['none of a temperature that never had a maximum', [without(1, 'maxTemperature'), without(2, 'maxTemperature')], []],
    ['one of a temperature whose maximum is absent', [full(1), without(2, 'maxTemperature')], ['2: temperature absent 2']],
    ['one of a temperature whose maximum is unreadable', [unreadable(1, 'maxTemperature')], ['1: temperature unreadable 1']],
    ['one of a temperature that is unreadable', [unreadable(1, 'temperature')], ['1: temperature unreadable 1']],
    ['none for a time or a counter', [full(1), unreadable(2, 'at', 'seq')], []],
    ['one that is over once it says something', [full(1), without(2, 'motion'), full(3)], ['2: motion absent 2', '3: ']],
    [
      'one that stands while it says nothing',
      [unreadable(1, 'smoke'), without(2, 'smoke'), unreadable(3, 'smoke')],
      ['1: smoke unreadable 1'],
    ],
    [
      'several, each since its own time',
      [full(1), unreadable(2, 'smoke'), unreadable(3, 'smoke', 'motion'), unreadable(4, 'motion')],
      ['2: smoke unreadable 2', '3: smoke unreadable 2, motion unreadable 3', '4: motion unreadable 3'],
    ],
    [
      'one of what was reported at any time before',
      [without(1, ...allBut('smoke')), without(2, ...allBut('motion')), without(3, ...REFERENCE_FIELDS)],
      ['2: smoke absent 2', '3: smoke absent 2, motion absent 3'],
    ],
  ])('is %s', (_, readings, expected) => {
    expect(summary(faultsAfter(readings))).toEqual(expected);
  });

  it('names the sensor and the record that showed it', () => {
    expect(faultsAfter([unreadable(5, 'smoke')])).toEqual([
      {
        sensor: SENSOR,
        at: 5,
        cause: { topic: 'ENTRY', partition: 0, offset: 5 },
        faults: [{ detector: 'smoke', reason: 'unreadable', since: 5 }],
      },
    ]);
  });

  it('hides no hit of the other detectors', () => {
    const detection = detecting();
    for (const at of [1, 2, 3]) feed(detection, { ...unreadable(at, 'motion', 'temperature'), type: 'smoke' });
    expect(detection.takeEffects()?.events.map(({ event }) => event)).toEqual(['raised']);
  });

  it('is counted by detector, also after a restart, twice even', () => {
    const { detection, states } = lived([unreadable(1, 'smoke', 'temperature'), { ...unreadable(2, 'smoke'), sensor: 8 }]);
    expect(faultyIn(detection)).toEqual({ motion: 0, smoke: 2, temperature: 1 });
    const again = restored(states);
    for (const [sensor, json] of states) again.restore(sensor, json);
    expect(faultyIn(again)).toEqual({ motion: 0, smoke: 2, temperature: 1 });
    feed(again, full(3));
    expect(faultyIn(again)).toEqual({ motion: 0, smoke: 1, temperature: 0 });
  });

  it('is reported again after a restart only when it changes', () => {
    const { states } = lived([full(1), without(2, 'motion')]);
    const again = restored(states);
    expect(summary(faultsAfter([without(3, 'motion'), full(4), without(5, 'motion')], again))).toEqual(['4: ', '5: motion absent 5']);
  });

  it('knows after a restart what the sensor reported before', () => {
    const { states } = lived([full(1)]);
    expect([...states]).toEqual([[SENSOR, ALL_KNOWN]]);
    const again = restored(states);
    expect(summary(faultsAfter([without(2, 'temperature')], again))).toEqual(['2: temperature absent 2']);
  });
});

/** A reading in which only these fields are unreadable. */
function reading(supervision: Supervision, id: number, at: number, ...fields: string[]): void {
  const said = Object.fromEntries(REFERENCE_FIELDS.filter((field) => !fields.includes(field)).map((field) => [field, 0]));
  supervision.reading(statusSaying({ ...said, id, unreadable: fields }), at, at, false);
}

function lived(readings: readonly RigReading[]): { detection: Detection; states: Map<number, string> } {
  const detection = detecting();
  const states = new Map<number, string>();
  for (const reading of readings) {
    feed(detection, reading);
    remember(states, detection.takeEffects(true)?.changed ?? new Map());
  }
  return { detection, states };
}

describe('a detector that reports only now and then', () => {
  it('is one lasting fault, not hundreds', () => {
    const readings = Array.from({ length: 3 * 60 }, (_, i) => (i % 2 === 0 ? unreadable(1 + i * 20_000, 'smoke') : full(1 + i * 20_000)));
    // An hour.
    expect(faultsAfter(readings).length).toBeLessThan(2 * 13);
  });

  it('ends its lasting fault when it reports again', () => {
    const before = [unreadable(0, 'smoke'), full(1), unreadable(2, 'smoke')];
    expect(summary(faultsAfter([...before, full(1 + FLAPPING_MS)]))).toEqual(['0: smoke unreadable 0', '1: ', '2: smoke unreadable 2']);
    expect(summary(faultsAfter([...before, full(2 + FLAPPING_MS)])).at(-1)).toBe(`${2 + FLAPPING_MS}: `);
  });

  it('has a fault that ends at once if it was well for long before', () => {
    const begin = 1 + FLAPPING_MS;
    const changes = faultsAfter([unreadable(0, 'smoke'), full(1), unreadable(begin, 'smoke'), full(begin + 1)]);
    expect(summary(changes).slice(2)).toEqual([`${begin}: smoke unreadable ${begin}`, `${begin + 1}: `]);
  });

  it('leaves nothing to remember once it has been well for long', () => {
    const { states } = lived([full(0), unreadable(0, 'smoke'), full(1), full(FLAPPING_MS)]);
    expect(states.get(SENSOR)).toContain('"ended":{"smoke":1}');
    const later = lived([full(0), unreadable(0, 'smoke'), full(1), full(1 + FLAPPING_MS)]);
    expect(later.states.get(SENSOR)).toBe(ALL_KNOWN);
  });

  it('does not prolong the fault of another detector', () => {
    const changes = faultsAfter([unreadable(0, 'smoke'), full(1), unreadable(2, 'smoke', 'motion'), full(3)]);
    expect(summary(changes).at(-1)).toBe('3: smoke unreadable 2');
  });
});

describe('a lasting fault', () => {
  it('is reported again once a day, even if its sensor sends nothing more', () => {
    const { detection, states } = lived([unreadable(0, 'smoke')]);
    const again = restored(states);
    const other = (at: number): RigReading => ({ ...full(at), sensor: 8 });
    for (const each of [detection, again]) {
      expect(faultsAfter([other(DAY - 1)], each)).toEqual([]);
      expect(faultsAfter([other(DAY)], each)).toMatchObject([{ sensor: SENSOR, at: DAY, cause: { offset: 0 }, faults: [{ since: 0 }] }]);
      expect(faultsAfter([other(2 * DAY - 1), unreadable(2 * DAY - 1, 'smoke')], each)).toEqual([]);
      expect(faultsAfter([other(2 * DAY)], each)).toHaveLength(1);
      expect(faultsAfter([full(2 * DAY + 1), other(4 * DAY)], each)).toMatchObject([{ faults: [] }]);
    }
  });

  it('is reported again after a restart even if no other sensor changes', () => {
    const { states } = lived([{ ...full(0), sensor: 8 }, unreadable(0, 'smoke')]);
    const again = restored(states);
    expect(faultsAfter([{ ...full(DAY), sensor: 8 }], again)).toMatchObject([{ sensor: SENSOR, at: DAY }]);
  });

  it('is reported a day after it last changed', () => {
    const detection = detecting();
    faultsAfter([unreadable(0, 'smoke'), unreadable(1_000, 'smoke', 'motion')], detection);
    expect(faultsAfter([{ ...full(DAY), sensor: 8 }], detection)).toEqual([]);
    expect(faultsAfter([{ ...full(DAY + 1_000), sensor: 8 }], detection)).toMatchObject([{ sensor: SENSOR, at: DAY + 1_000 }]);
  });

  it('waits for the next readings if thousands are due at once', () => {
    const detection = detecting();
    for (let sensor = 10; sensor < 1_510; sensor += 1) feed(detection, { ...unreadable(1, 'smoke'), sensor });
    detection.takeEffects();
    expect(faultsAfter([full(1 + DAY)], detection)).toHaveLength(1_000);
    expect(faultsAfter([full(2 + DAY)], detection)).toHaveLength(500);
    expect(faultsAfter([full(3 + DAY)], detection)).toEqual([]);
  });
});

describe('a hit that is dropped as older than a recovery', () => {
  const ok = (at: number): RigReading => ({ topic: 'OK', at, offset: at });
  const fire = (at: number, type: 'smoke' | 'temperature' = 'smoke'): RigReading => ({ ...full(at), type });
  const AHEAD = 30 * 60_000;

  it('is counted and shown, once, until a reading is newer', () => {
    const detection = detecting();
    expect(summary(faultsAfter([ok(AHEAD), fire(1_000), fire(2_000), fire(3_000, 'temperature')], detection))).toEqual([
      '1000: smoke stale 1000',
      '3000: smoke stale 1000, temperature stale 3000',
    ]);
    expect(detection.stale).toBe(3);
    expect(faultsAfter([full(4_000)], detection)).toEqual([]);
    expect(summary(faultsAfter([full(AHEAD - SKEW)], detection))).toEqual([`${AHEAD - SKEW}: `]);
  });

  it('is reported again each day until the time of that recovery, even if every sensor reports everything', () => {
    const detection = detecting();
    const other = (at: number): RigReading => ({ ...full(at), sensor: 8 });
    faultsAfter([full(0), other(0), ok(3 * DAY), fire(1_000)], detection);
    for (const at of [1_000 + DAY, 1_000 + 2 * DAY])
      expect(summary(faultsAfter([other(at)], detection))).toEqual([`${at}: smoke stale 1000`]);
  });

  it('is no fault if clocks may differ that much, or the recovery is forgotten', () => {
    const detection = detecting();
    expect(faultsAfter([ok(10_000), fire(10_000 - SKEW)], detection)).toEqual([]);
    expect(faultsAfter([{ ...full(10_000 + 2 * SKEW), sensor: 8 }, fire(1_000)], detection)).toEqual([]);
    expect(detection.stale).toBe(0);
  });

  it('leaves an earlier fault unchanged, and an equally old reading begins and ends none', () => {
    const detection = detecting();
    const before = [full(0), unreadable(1, 'smoke'), ok(AHEAD)];
    expect(summary(faultsAfter([...before, fire(1_000), full(1_001), without(1_002, 'motion')], detection))).toEqual([
      '1: smoke unreadable 1',
    ]);
    expect(detection.stale).toBe(1);
  });
});

describe('what is known of a sensor', () => {
  const restoredWith = (json: string) => {
    const detection = detecting();
    detection.restore(SENSOR, json);
    return detection;
  };
  const onlySmokeUnreadable = { ...unreadable(2, 'smoke'), notReported: REFERENCE_FIELDS };
  const smokeUnreadable = lived([without(1, ...allBut('smoke')), onlySmokeUnreadable]).states.get(SENSOR) ?? '';

  it('has no detector that it never reported, though it has a fault', () => {
    expect(summary(faultsAfter([without(3, ...REFERENCE_FIELDS)], restoredWith(smokeUnreadable)))).toEqual([]);
    expect(summary(faultsAfter([onlySmokeUnreadable, without(3, 'motion')]))).toEqual(['2: smoke unreadable 2', '3: ']);
  });

  it('has those that it reported, though it has a fault of another', () => {
    const { states } = lived([full(1), unreadable(2, 'smoke')]);
    expect(summary(faultsAfter([without(3, 'smoke', 'motion')], restoredWith(states.get(SENSOR) ?? '')))).toEqual([
      '3: smoke unreadable 2, motion absent 3',
    ]);
  });

  it('is the one detector that it reported, after a restart, too', () => {
    for (const known of ['{"v":2,"known":1}', '{"v":3,"known":["motion"]}'])
      expect(summary(faultsAfter([without(2, ...REFERENCE_FIELDS)], restoredWith(known)))).toEqual(['2: motion absent 2']);
  });

  it('is what was restored last', () => {
    const detection = restoredWith(smokeUnreadable);
    detection.restore(SENSOR, ALL_KNOWN);
    expect(faultyIn(detection).smoke).toBe(0);
    expect(faultsAfter([full(5), { ...full(2 * DAY), sensor: 8 }], detection)).toEqual([]);
  });

  it('needs no further attention once its faults have been over for long', () => {
    const usual = new SensorSet();
    const supervision = new Supervision(REFERENCE, 0, { changed: new Set(), riding: [] }, { usual });
    const told = [
      { at: 1, fields: [] },
      { at: 2, fields: ['smoke'] },
      { at: 3, fields: [] },
      { at: 2 + FLAPPING_MS, fields: [] },
      { at: 3 + FLAPPING_MS, fields: [] },
    ].map(({ at, fields }) => {
      reading(supervision, 9, at, ...fields);
      return usual.has(9);
    });
    expect(told).toEqual([true, false, false, false, true]);
  });

  it('is bounded in time and number as documented', () => {
    expect([FLAPPING_MS, FAULTY_MAX, REPORTED_EVERY_MS]).toEqual([5 * 60_000, 100_000, DAY]);
  });
});

describe('a flood of strangers', () => {
  it('is remembered up to a bound, of sensors and of faults', () => {
    const unsaved = { changed: new Set<number>(), riding: [] as number[] };
    const supervision = new Supervision(REFERENCE, 0, unsaved, { sensorsMax: 5, faultyMax: 3 });
    for (let id = 1; id <= 10; id += 1) reading(supervision, id, id, 'smoke');
    expect(supervision.take().map(({ sensor }) => sensor)).toEqual([1, 2, 3]);
    expect([...unsaved.riding]).toEqual([1, 2, 3, 4, 5]);
    expect(faultyIn(supervision).smoke).toBe(3);
    reading(supervision, 1, 20);
    reading(supervision, 1, 20 + REPORTED_EVERY_MS);
    reading(supervision, 4, 21 + REPORTED_EVERY_MS, 'smoke');
    expect(supervision.take().map(({ sensor, faults }) => [sensor, faults.length])).toEqual([
      [1, 0],
      [4, 1],
    ]);
  });

  it('leaves no fault of a sensor for which there is no room', () => {
    const supervision = new Supervision(REFERENCE, 0, { changed: new Set(), riding: [] }, { sensorsMax: 1 });
    for (const id of [1, 2]) reading(supervision, id, 1, 'smoke');
    expect(supervision.take().map(({ sensor }) => sensor)).toEqual([1]);
    expect(supervision.stateOf(2)).toBeUndefined();
  });
});

describe('a fleet whose sensors report different things', () => {
  const types = new TypeSet([
    ...REFERENCE.types,
    typeWhen('water', 'water'),
    typeWhen('co', 'co > 50', { expected: true }),
    typeWhen('battery', 'battery < batteryMin'),
  ]);
  const says = (sensor: number, at: number, said: Record<string, boolean | number>, unreadable: string[] = []): RigReading => ({
    ...full(at),
    sensor,
    said,
    notReported: REFERENCE_FIELDS.filter((field) => !(field in said)),
    unreadable,
  });

  const faultsOf = (readings: readonly RigReading[], detection = detecting(types)): string[] => {
    for (const each of readings) feed(detection, each, types);
    return (detection.takeEffects(true)?.faults ?? []).map(
      ({ sensor, at, faults }) => `${sensor} at ${at}: ${faults.map(({ detector, reason }) => `${detector} ${reason}`).join(', ')}`,
    );
  };

  it('has no fault for what a sensor never reported', () => {
    const readings = [1, 2, 3].flatMap((at) => [
      says(1, at, { water: false }),
      says(2, at, { water: false, co: 4 }),
      says(3, at, {}),
      { ...full(at), sensor: 4 },
      says(5, at, { battery: 50 }),
      says(6, at, { batteryMin: 50 }),
    ]);
    expect(faultsOf(readings)).toEqual([]);
  });

  it('has a fault for everything that a sensor reported and no longer reports', () => {
    expect(
      faultsOf([
        says(1, 1, { water: false }),
        says(1, 2, {}),
        says(2, 1, { water: false, battery: 50, batteryMin: 10 }),
        says(2, 2, { water: true, battery: 50 }),
        says(2, 3, { battery: 5, batteryMin: 10, water: false }),
        { ...full(1), sensor: 4 },
        { ...says(4, 2, { water: true }) },
      ]),
    ).toEqual(['1 at 2: water absent', '2 at 2: battery absent', '2 at 3: ', '4 at 2: motion absent, smoke absent, temperature absent']);
  });

  it('has a fault for what a sensor reported only in an unreadable way', () => {
    expect(
      faultsOf([says(1, 1, { motion: false }, ['water']), says(1, 2, { motion: false }), says(1, 3, { water: false, motion: false })]),
    ).toEqual(['1 at 1: water unreadable', '1 at 3: ']);
    expect(faultsOf([says(1, 1, { battery: 5 }, ['batteryMin'])])).toEqual(['1 at 1: battery unreadable']);
  });

  it('is known by the names of what it reports, also after a restart', () => {
    const states = new Map<number, string>();
    const detection = detecting(types);
    for (const each of [says(1, 1, { water: false }), says(2, 1, { battery: 50, batteryMin: 10, smoke: false }), says(3, 1, {})])
      feed(detection, each, types);
    remember(states, detection.takeEffects(true)?.changed ?? new Map());
    expect([...states]).toEqual([
      [1, '{"v":3,"known":["water"]}'],
      [2, '{"v":3,"known":["smoke","battery"]}'],
    ]);
    expect(faultsOf([says(1, 2, {}), says(2, 2, { battery: 50 })], restored(states, types))).toEqual([
      '1 at 2: water absent',
      '2 at 2: smoke absent, battery absent',
    ]);
  });

  it('counts faults by the types that there are', () => {
    const detection = detecting(types);
    faultsOf([says(1, 1, {}, ['water']), says(2, 1, {}, ['water', 'co']), says(3, 1, {}, ['nobody'])], detection);
    expect(Object.fromEntries(detection.faulty)).toEqual({ water: 2, co: 1 });
  });

  it('drops hits of every type that are older than a recovery', () => {
    const detection = detecting(types);
    const fire = { water: true, co: 60, battery: 5, batteryMin: 10, smoke: true };
    expect(faultsOf([{ topic: 'OK', at: DAY, offset: 1, sensor: 1 }, says(1, 1, fire)], detection)).toEqual([
      '1 at 1: smoke stale, water stale, co stale, battery stale',
    ]);
    expect(detection.stale).toBe(1);
  });
});

describe('what was known of a sensor under other types', () => {
  const water = typeWhen('water', 'water');
  const own = (...types: ReturnType<typeof typeWhen>[]): TypeSet => new TypeSet(types);
  const reports = (names: string[]): string => JSON.stringify({ v: 3, known: names });
  const silentAfter = (json: string, types: TypeSet): string[] => {
    const detection = detecting(types);
    detection.restore(SENSOR, json);
    feed(detection, { topic: 'ENTRY', at: 5, offset: 5, notReported: REFERENCE_FIELDS }, types);
    return summary(detection.takeEffects(true)?.faults ?? []);
  };

  it('is the same even if types were reordered or added before them', () => {
    const types = own(typeWhen('co', 'co > 5'), water, ...REFERENCE.types.toReversed());
    expect(silentAfter(reports(['motion', 'water']), types)).toEqual(['5: water absent 5, motion absent 5']);
    expect(silentAfter('{"v":2,"known":6}', types)).toEqual(['5: temperature absent 5, smoke absent 5']);
  });

  it('has no type that no longer exists', () => {
    expect(silentAfter(reports(['water', 'motion']), own(typeWhen('co', 'co > 5')))).toEqual([]);
  });

  it('loses a fault of such a type with the next reading', () => {
    const states = new Map<number, string>();
    const before = own(water, ...REFERENCE.types);
    const detection = detecting(before);
    for (const each of [
      { ...full(1), unreadable: ['water'] },
      { ...full(1), sensor: 8, unreadable: ['water', 'smoke'] },
    ])
      feed(detection, each, before);
    remember(states, detection.takeEffects(true)?.changed ?? new Map());
    const after = restored(states);
    expect([after.faulty.get('water'), after.faulty.get('smoke')]).toEqual([2, 1]);
    const changes = faultsAfter([full(2), { ...full(2), sensor: 8, notReported: ['smoke'] }], after);
    expect(summary(changes)).toEqual(['2: ', '2: smoke unreadable 1']);
    expect([after.faulty.get('water'), after.faulty.get('smoke')]).toEqual([0, 1]);
  });
});
