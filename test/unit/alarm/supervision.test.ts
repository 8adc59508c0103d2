/** The contract "A status": a detector that is absent or unreadable is a fault of the sensor, until it says something again. */
import { describe, expect, it } from 'vitest';
import type { Detection } from '../../../alarm/detection.ts';
import type { SensorFaults } from '../../../alarm/faults.ts';
import { AT, DETECTORS, MAX_TEMPERATURE, MOTION, SEQ, SMOKE, TEMPERATURE } from '../../../alarm/field-names.ts';
import { emptyStatus } from '../../../alarm/status.ts';
import { SensorSet } from '../../../alarm/sensor-set.ts';
import { FAULTY_MAX, FLAPPING_MS, REPORTED_EVERY_MS, Supervision } from '../../../alarm/supervision.ts';
import { feed, type Reading, remember, SENSOR, SKEW, withRules } from './detection-rig.ts';

const DAY = 86_400_000;
const full = (at: number): Reading => ({ topic: 'ENTRY', at, offset: at });
const without = (at: number, fields: number): Reading => ({ ...full(at), notReported: fields });
const unreadable = (at: number, fields: number): Reading => ({ ...full(at), unreadable: fields });

function faultsAfter(readings: readonly Reading[], detection = withRules()): SensorFaults[] {
  for (const reading of readings) feed(detection, reading);
  return detection.takeEffects(true)?.faults ?? [];
}

const summary = (changes: readonly SensorFaults[]) =>
  changes.map(({ at, faults }) => `${at}: ${faults.map(({ detector, reason, since }) => `${detector} ${reason} ${since}`).join(', ')}`);

describe('a fault', () => {
  it.each<[string, Reading[], string[]]>([
    ['none of a sensor that says all', [full(1), full(2)], []],
    ['one of a detector that is unreadable', [unreadable(1, SMOKE)], ['1: smoke unreadable 1']],
    ['one of a detector that is absent and was reported before', [full(1), without(2, MOTION)], ['2: motion absent 2']],
    ['none of a detector that was never reported', [without(1, SMOKE | TEMPERATURE), without(2, SMOKE | TEMPERATURE)], []],
    ['none of a temperature that never had a maximum', [without(1, MAX_TEMPERATURE), without(2, MAX_TEMPERATURE)], []],
    ['one of a temperature whose maximum is absent', [full(1), without(2, MAX_TEMPERATURE)], ['2: temperature absent 2']],
    ['one of a temperature whose maximum is unreadable', [unreadable(1, MAX_TEMPERATURE)], ['1: temperature unreadable 1']],
    ['one of a temperature that is unreadable', [unreadable(1, TEMPERATURE)], ['1: temperature unreadable 1']],
    ['none for a time or a counter', [full(1), unreadable(2, AT | SEQ)], []],
    ['one that is over once it says something', [full(1), without(2, MOTION), full(3)], ['2: motion absent 2', '3: ']],
    ['one that stands while it says nothing', [unreadable(1, SMOKE), without(2, SMOKE), unreadable(3, SMOKE)], ['1: smoke unreadable 1']],
    [
      'several, each since its own time',
      [full(1), unreadable(2, SMOKE), unreadable(3, SMOKE | MOTION), unreadable(4, MOTION)],
      ['2: smoke unreadable 2', '3: smoke unreadable 2, motion unreadable 3', '4: motion unreadable 3'],
    ],
    [
      'one of what was reported at any time before',
      [without(1, DETECTORS & ~SMOKE), without(2, DETECTORS & ~MOTION), without(3, DETECTORS)],
      ['2: smoke absent 2', '3: smoke absent 2, motion absent 3'],
    ],
  ])('is %s', (_, readings, expected) => {
    expect(summary(faultsAfter(readings))).toEqual(expected);
  });

  it('says whose it is and what showed it', () => {
    expect(faultsAfter([unreadable(5, SMOKE)])).toEqual([
      {
        sensor: SENSOR,
        at: 5,
        cause: { topic: 'ENTRY', partition: 0, offset: 5 },
        faults: [{ detector: 'smoke', reason: 'unreadable', since: 5 }],
      },
    ]);
  });

  it('hides no hit of the other detectors', () => {
    const detection = withRules();
    for (const at of [1, 2, 3]) feed(detection, { ...unreadable(at, MOTION | TEMPERATURE), type: 'smoke' });
    expect(detection.takeEffects()?.events.map(({ event }) => event)).toEqual(['raised']);
  });

  it('is counted by detector, also after a restart, twice even', () => {
    const { detection, states } = lived([unreadable(1, SMOKE | TEMPERATURE), { ...unreadable(2, SMOKE), sensor: 8 }]);
    expect(detection.faulty).toEqual({ motion: 0, smoke: 2, temperature: 1 });
    const restored = withRules();
    for (const _ of [1, 2]) for (const [sensor, json] of states) restored.restore(sensor, json);
    expect(restored.faulty).toEqual({ motion: 0, smoke: 2, temperature: 1 });
    feed(restored, full(3));
    expect(restored.faulty).toEqual({ motion: 0, smoke: 1, temperature: 0 });
  });

  it('is told again after a restart only when it changes', () => {
    const { states } = lived([full(1), without(2, MOTION)]);
    const restored = withRules();
    for (const [sensor, json] of states) restored.restore(sensor, json);
    expect(summary(faultsAfter([without(3, MOTION), full(4), without(5, MOTION)], restored))).toEqual(['4: ', '5: motion absent 5']);
  });

  it('knows after a restart what the sensor reported before', () => {
    const { states } = lived([full(1)]);
    expect([...states]).toEqual([[SENSOR, '{"v":2,"known":7}']]);
    const restored = withRules();
    for (const [sensor, json] of states) restored.restore(sensor, json);
    expect(summary(faultsAfter([without(2, TEMPERATURE)], restored))).toEqual(['2: temperature absent 2']);
  });
});

function lived(readings: readonly Reading[]): { detection: Detection; states: Map<number, string> } {
  const detection = withRules();
  const states = new Map<number, string>();
  for (const reading of readings) {
    feed(detection, reading);
    remember(states, detection.takeEffects(true)?.changed ?? new Map());
  }
  return { detection, states };
}

describe('a detector that says something now and then', () => {
  it('is one fault that stands, not hundreds', () => {
    const readings = Array.from({ length: 3 * 60 }, (_, i) => (i % 2 === 0 ? unreadable(1 + i * 20_000, SMOKE) : full(1 + i * 20_000)));
    // An hour.
    expect(faultsAfter(readings).length).toBeLessThan(2 * 13);
  });

  it('has its fault end when it has stood for long and it speaks', () => {
    const before = [unreadable(0, SMOKE), full(1), unreadable(2, SMOKE)];
    expect(summary(faultsAfter([...before, full(1 + FLAPPING_MS)]))).toEqual(['0: smoke unreadable 0', '1: ', '2: smoke unreadable 2']);
    expect(summary(faultsAfter([...before, full(2 + FLAPPING_MS)])).at(-1)).toBe(`${2 + FLAPPING_MS}: `);
  });

  it('has a fault that ends at once again when it was well for long', () => {
    const begin = 1 + FLAPPING_MS;
    const changes = faultsAfter([unreadable(0, SMOKE), full(1), unreadable(begin, SMOKE), full(begin + 1)]);
    expect(summary(changes).slice(2)).toEqual([`${begin}: smoke unreadable ${begin}`, `${begin + 1}: `]);
  });

  it('leaves nothing behind once it was well for long', () => {
    const { states } = lived([full(0), unreadable(0, SMOKE), full(1), full(FLAPPING_MS)]);
    expect(states.get(SENSOR)).toContain('"ended":{"smoke":1}');
    const later = lived([full(0), unreadable(0, SMOKE), full(1), full(1 + FLAPPING_MS)]);
    expect(later.states.get(SENSOR)).toBe('{"v":2,"known":7}');
  });

  it('does not have the fault of another detector stand', () => {
    const changes = faultsAfter([unreadable(0, SMOKE), full(1), unreadable(2, SMOKE | MOTION), full(3)]);
    expect(summary(changes).at(-1)).toBe('3: smoke unreadable 2');
  });
});

describe('a standing fault', () => {
  it('is told again once a day, even if its sensor says nothing any more', () => {
    const { detection, states } = lived([unreadable(0, SMOKE)]);
    const restored = withRules();
    for (const [sensor, json] of states) restored.restore(sensor, json);
    const other = (at: number): Reading => ({ ...full(at), sensor: 8 });
    for (const each of [detection, restored]) {
      expect(faultsAfter([other(DAY - 1)], each)).toEqual([]);
      expect(faultsAfter([other(DAY)], each)).toMatchObject([{ sensor: SENSOR, at: DAY, cause: { offset: 0 }, faults: [{ since: 0 }] }]);
      expect(faultsAfter([other(2 * DAY - 1), unreadable(2 * DAY - 1, SMOKE)], each)).toEqual([]);
      expect(faultsAfter([other(2 * DAY)], each)).toHaveLength(1);
      expect(faultsAfter([full(2 * DAY + 1), other(4 * DAY)], each)).toMatchObject([{ faults: [] }]);
    }
  });

  it('is told again after a restart though every other sensor is as always', () => {
    const { states } = lived([{ ...full(0), sensor: 8 }, unreadable(0, SMOKE)]);
    const restored = withRules();
    for (const [sensor, json] of states) restored.restore(sensor, json);
    expect(faultsAfter([{ ...full(DAY), sensor: 8 }], restored)).toMatchObject([{ sensor: SENSOR, at: DAY }]);
  });

  it('is told a day after it last changed', () => {
    const detection = withRules();
    faultsAfter([unreadable(0, SMOKE), unreadable(1_000, SMOKE | MOTION)], detection);
    expect(faultsAfter([{ ...full(DAY), sensor: 8 }], detection)).toEqual([]);
    expect(faultsAfter([{ ...full(DAY + 1_000), sensor: 8 }], detection)).toMatchObject([{ sensor: SENSOR, at: DAY + 1_000 }]);
  });

  it('waits for the next readings where thousands are to be told at once', () => {
    const detection = withRules();
    for (let sensor = 10; sensor < 1_510; sensor += 1) feed(detection, { ...unreadable(1, SMOKE), sensor });
    detection.takeEffects();
    expect(faultsAfter([full(1 + DAY)], detection)).toHaveLength(1_000);
    expect(faultsAfter([full(2 + DAY)], detection)).toHaveLength(500);
    expect(faultsAfter([full(3 + DAY)], detection)).toEqual([]);
  });
});

describe('a hit that is dropped as older than a recovery', () => {
  const ok = (at: number): Reading => ({ topic: 'OK', at, offset: at });
  const fire = (at: number, type: 'smoke' | 'temperature' = 'smoke'): Reading => ({ ...full(at), type });
  const AHEAD = 30 * 60_000;

  it('is counted and shown, once, until a reading is newer', () => {
    const detection = withRules();
    expect(summary(faultsAfter([ok(AHEAD), fire(1_000), fire(2_000), fire(3_000, 'temperature')], detection))).toEqual([
      '1000: smoke stale 1000',
      '3000: smoke stale 1000, temperature stale 3000',
    ]);
    expect(detection.stale).toBe(3);
    expect(faultsAfter([full(4_000)], detection)).toEqual([]);
    expect(summary(faultsAfter([full(AHEAD - SKEW)], detection))).toEqual([`${AHEAD - SKEW}: `]);
  });

  it('is told again each day until the time of that recovery, though every sensor reports all', () => {
    const detection = withRules();
    const other = (at: number): Reading => ({ ...full(at), sensor: 8 });
    faultsAfter([full(0), other(0), ok(3 * DAY), fire(1_000)], detection);
    for (const at of [1_000 + DAY, 1_000 + 2 * DAY])
      expect(summary(faultsAfter([other(at)], detection))).toEqual([`${at}: smoke stale 1000`]);
  });

  it('is none where clocks may differ by as much, or the recovery is forgotten', () => {
    const detection = withRules();
    expect(faultsAfter([ok(10_000), fire(10_000 - SKEW)], detection)).toEqual([]);
    expect(faultsAfter([{ ...full(10_000 + 2 * SKEW), sensor: 8 }, fire(1_000)], detection)).toEqual([]);
    expect(detection.stale).toBe(0);
  });

  it('keeps a fault of before as it was, and a reading that is as old begins and ends none', () => {
    const detection = withRules();
    const before = [full(0), unreadable(1, SMOKE), ok(AHEAD)];
    expect(summary(faultsAfter([...before, fire(1_000), full(1_001), without(1_002, MOTION)], detection))).toEqual([
      '1: smoke unreadable 1',
    ]);
    expect(detection.stale).toBe(1);
  });
});

describe('what is known of a sensor', () => {
  const restoredWith = (json: string) => {
    const detection = withRules();
    detection.restore(SENSOR, json);
    return detection;
  };
  const onlySmokeUnreadable = { ...unreadable(2, SMOKE), notReported: DETECTORS };
  const smokeUnreadable = lived([without(1, DETECTORS & ~SMOKE), onlySmokeUnreadable]).states.get(SENSOR) ?? '';

  it('has no detector that it never reported, though it has a fault', () => {
    expect(summary(faultsAfter([without(3, DETECTORS)], restoredWith(smokeUnreadable)))).toEqual([]);
    expect(summary(faultsAfter([onlySmokeUnreadable, without(3, MOTION)]))).toEqual(['2: smoke unreadable 2', '3: ']);
  });

  it('has those that it reported, though it has a fault of another', () => {
    const { states } = lived([full(1), unreadable(2, SMOKE)]);
    expect(summary(faultsAfter([without(3, SMOKE | MOTION)], restoredWith(states.get(SENSOR) ?? '')))).toEqual([
      '3: smoke unreadable 2, motion absent 3',
    ]);
  });

  it('is the one detector that it reported, after a restart, too', () => {
    expect(summary(faultsAfter([without(2, DETECTORS)], restoredWith('{"v":2,"known":1}')))).toEqual(['2: motion absent 2']);
  });

  it('is what was restored last', () => {
    const detection = restoredWith(smokeUnreadable);
    detection.restore(SENSOR, '{"v":2,"known":7}');
    expect(detection.faulty.smoke).toBe(0);
    expect(faultsAfter([full(5), { ...full(2 * DAY), sensor: 8 }], detection)).toEqual([]);
  });

  it('is nothing to look at again once its faults are over for long', () => {
    const usual = new SensorSet();
    const supervision = new Supervision(0, { changed: new Set(), riding: [] }, { usual });
    const told = [
      [1, 0],
      [2, SMOKE],
      [3, 0],
      [2 + FLAPPING_MS, 0],
      [3 + FLAPPING_MS, 0],
    ].map(([at = 0, fields = 0]) => {
      supervision.reading({ ...emptyStatus(), id: 9, notReported: fields, unreadable: fields }, at, at, false);
      return usual.has(9);
    });
    expect(told).toEqual([true, false, false, false, true]);
  });

  it('is bounded in time and number as documented', () => {
    expect([FLAPPING_MS, FAULTY_MAX, REPORTED_EVERY_MS]).toEqual([5 * 60_000, 100_000, DAY]);
  });
});

describe('a flood of strangers', () => {
  const reading = (supervision: Supervision, id: number, at: number, fields: number) =>
    supervision.reading({ ...emptyStatus(), id, notReported: fields, unreadable: fields }, at, at, false);

  it('is remembered up to a bound, of sensors and of faults', () => {
    const unsaved = { changed: new Set<number>(), riding: [] as number[] };
    const supervision = new Supervision(0, unsaved, { sensorsMax: 5, faultyMax: 3 });
    for (let id = 1; id <= 10; id += 1) reading(supervision, id, id, SMOKE);
    expect(supervision.take().map(({ sensor }) => sensor)).toEqual([1, 2, 3]);
    expect([...unsaved.riding]).toEqual([1, 2, 3, 4, 5]);
    expect(supervision.faulty.smoke).toBe(3);
    reading(supervision, 1, 20, 0);
    reading(supervision, 1, 20 + REPORTED_EVERY_MS, 0);
    reading(supervision, 4, 21 + REPORTED_EVERY_MS, SMOKE);
    expect(supervision.take().map(({ sensor, faults }) => [sensor, faults.length])).toEqual([
      [1, 0],
      [4, 1],
    ]);
  });

  it('leaves no fault of a sensor that there is no room to remember', () => {
    const supervision = new Supervision(0, { changed: new Set(), riding: [] }, { sensorsMax: 1 });
    for (const id of [1, 2]) reading(supervision, id, 1, SMOKE);
    expect(supervision.take().map(({ sensor }) => sensor)).toEqual([1]);
    expect(supervision.stateOf(2)).toBeUndefined();
  });
});
