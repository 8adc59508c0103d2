/** What a sensor sends again after a time-out counts once; a new reading counts, whatever its counter says. */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { AlarmChange } from '../../../alarm/alarm.ts';
import type { Detection } from '../../../alarm/detection.ts';
import { isRepeat, REPEATABLE_BYTES_MAX, REPEATABLE_MAX, remember as keepFor } from '../../../alarm/repeats.ts';
import { feed, type RigReading, REPEAT_WITHIN, remember, SENSOR, SKEW, detecting } from './detection-rig.ts';
import { drawn } from '../../support/draws.ts';

vi.setConfig({ testTimeout: 60_000 });

const MINUTE = 60_000;
const smoke = (at: number, seq: number | undefined, value: string): RigReading => ({
  topic: 'ENTRY',
  at,
  offset: at,
  type: 'smoke',
  seq,
  value,
});
const ok = (at: number): RigReading => ({ topic: 'OK', at, offset: at });

function raisedBy(readings: readonly RigReading[], detection = detecting()): string[][] {
  for (const reading of readings) feed(detection, reading);
  const events = detection.takeEffects(true)?.events ?? [];
  return events.filter(({ event }) => event === 'raised').map((event) => (event as AlarmChange).alarm.evidence.map(({ value }) => value));
}

describe('three readings of smoke', () => {
  it.each<[string, RigReading[]]>([
    ['with a counter that stays 0', [smoke(0, 0, 'a'), smoke(1, 0, 'b'), smoke(2, 0, 'c')]],
    ['with the same bytes and a counter that moves on', [smoke(0, 1, 'a'), smoke(1, 2, 'a'), smoke(2, 3, 'a')]],
    ['with the same bytes and no counter', [smoke(0, undefined, 'a'), smoke(1, undefined, 'a'), smoke(2, undefined, 'a')]],
    ['with a counter that stays 0 and the same bytes, a minute apart', [0, 1, 2].map((n) => smoke(n * (REPEAT_WITHIN + 1), 0, 'a'))],
    ['with a counter that begins anew within a minute', [smoke(0, 1, 'a'), smoke(1, 1, 'b'), smoke(2, 2, 'c')]],
  ])('%s are an alarm', (_, readings) => {
    expect(raisedBy(readings)).toEqual([readings.map(({ value }) => value)]);
  });

  it.each<[string, RigReading[]]>([
    ['that are one, sent three times', [smoke(0, 7, 'a'), smoke(1, 7, 'a'), smoke(REPEAT_WITHIN, 7, 'a')]],
    ['of which one was sent again a minute later, though all came often', [0, 30, 60].map((s) => smoke(s * 1_000, 7, 'a'))],
    ['of which one comes late and was sent again before', [smoke(5_000, 7, 'a'), smoke(0, 7, 'a'), smoke(9_000, 8, 'b')]],
    [
      'of which one was sent again after a recovery',
      [smoke(0, 7, 'a'), smoke(1, 8, 'b'), ok(10_000), smoke(15_000, 7, 'a'), smoke(16_000, 8, 'b'), smoke(17_000, 9, 'c')],
    ],
  ])('%s are none', (_, readings) => {
    expect(raisedBy(readings)).toEqual([]);
  });

  it('are no alarm again when all of them are sent again after it was cleared, also after a restart', () => {
    const fire = [smoke(0, 1, 'a'), smoke(1, 2, 'b'), smoke(2, 3, 'c')];
    const detection = detecting();
    expect(raisedBy([...fire, ok(20_000)], detection)).toHaveLength(1);
    const again = fire.map((reading) => ({ ...reading, at: reading.at + 40_000 }));
    const restored = detecting();
    for (const [sensor, json] of statesOf([...fire, ok(20_000)])) restored.restore(sensor, json);
    expect(raisedBy(again, detection)).toEqual([]);
    expect(raisedBy(again, restored)).toEqual([]);
    expect([detection.repeated, detection.stale]).toEqual([3, 0]);
  });

  it('are no alarm again when the first try was stale', () => {
    const detection = detecting();
    feed(detection, ok(50_000));
    feed(detection, smoke(10_000, 1, 'a'));
    expect(detection.stale).toBe(1);
    for (const [at, seq, value] of [
      [51_000, 1, 'a'],
      [52_000, 2, 'b'],
      [53_000, 3, 'c'],
    ] as const)
      feed(detection, smoke(at, seq, value));
    expect(raisedBy([], detection)).toEqual([]);
    expect(raisedBy([smoke(54_000, 4, 'd')], detection)).toEqual([['b', 'c', 'd']]);
  });
});

describe('two readings of smoke that were stale', () => {
  it('are not counted when they are sent again, also after a restart', () => {
    const restored = detecting();
    for (const [sensor, json] of statesOf([ok(50_000), smoke(10_000, 1, 'a'), smoke(11_000, 2, 'b')])) restored.restore(sensor, json);
    expect(raisedBy([smoke(51_000, 1, 'a'), smoke(52_000, 2, 'b'), smoke(53_000, 3, 'c'), smoke(54_000, 4, 'd')], restored)).toEqual([]);
    expect(restored.repeated).toBe(2);
  });
});

function statesOf(readings: readonly RigReading[]): Map<number, string> {
  const detection = detecting();
  const states = new Map<number, string>();
  for (const reading of readings) {
    feed(detection, reading);
    remember(states, detection.takeEffects(true)?.changed ?? new Map());
  }
  return states;
}

describe('what is remembered for repeats', () => {
  const first = { at: 100_000, seq: 1, value: 'a' };

  it.each([
    [100_000 - MINUTE - 1, false],
    [100_000 - MINUTE, true],
    [100_000 + MINUTE, true],
    [100_000 + MINUTE + 1, false],
  ])('makes the same at %d a repeat: %s', (at, expected) => {
    expect(isRepeat([first], { ...first, at }, MINUTE)).toBe(expected);
    expect([{ seq: 2 }, { value: 'b' }].map((other) => isRepeat([first], { ...first, at, ...other }, MINUTE))).toEqual([false, false]);
  });

  it('is what came a minute before the latest, in 64 readings and 16 KiB', () => {
    const kept = (before: readonly (typeof first)[], value = 'b') =>
      keepFor(before, { at: 100_000 + MINUTE, seq: 2, value }, MINUTE).length;
    expect([kept([first]), kept([{ ...first, at: first.at - 1 }])]).toEqual([2, 1]);
    const many = Array.from({ length: 64 }, (_, seq) => ({ ...first, seq }));
    expect([kept(many.slice(1)), kept(many)]).toEqual([64, 64]);
    expect([kept([first], 'x'.repeat(16_383)), kept([first], 'x'.repeat(16_384))]).toEqual([2, 1]);
    const large = { ...first, value: 'x'.repeat(10_000) };
    expect(kept([large, large, first, first], 'x'.repeat(6_000))).toBe(4);
  });

  const repeatableOf = (detection: Detection): unknown[] =>
    JSON.parse(detection.takeEffects(true)?.changed.get(SENSOR) ?? '{}').repeatable ?? [];

  it(`is at most ${REPEATABLE_MAX} readings, the latest`, () => {
    const detection = detecting();
    for (let i = 0; i < REPEATABLE_MAX + 5; i += 1) feed(detection, smoke(i, i, `${i}`));
    expect(repeatableOf(detection)).toEqual(
      Array.from({ length: REPEATABLE_MAX }, (_, i) => ({ at: i + 5, seq: i + 5, value: `${i + 5}` })),
    );
    feed(detection, smoke(100, 5, '5'));
    expect(detection.repeated).toBe(1);
    feed(detection, smoke(101, 4, '4'));
    expect(detection.repeated).toBe(1);
  });

  it('is bounded in bytes, but always has the latest reading', () => {
    const detection = detecting();
    const quarter = '\u20ac'.repeat(REPEATABLE_BYTES_MAX / 12);
    for (let i = 0; i < 5; i += 1) feed(detection, smoke(i, i, quarter.slice(0, -1) + i));
    expect(repeatableOf(detection)).toHaveLength(4);
    feed(detection, smoke(9, 9, 'x'.repeat(2 * REPEATABLE_BYTES_MAX)));
    expect(repeatableOf(detection)).toHaveLength(1);
  });

  it('is forgotten at the next reading, or once ENTRY has moved on', () => {
    const detection = detecting();
    for (const reading of [smoke(0, 1, 'a'), smoke(1_000, 2, 'b'), smoke(REPEAT_WITHIN + 1, 3, 'c')]) feed(detection, reading);
    expect(repeatableOf(detection)).toMatchObject([{ value: 'b' }, { value: 'c' }]);
    const end = REPEAT_WITHIN + 1 + REPEAT_WITHIN + 2 * SKEW;
    const storedAt = (at: number) => {
      feed(detection, { topic: 'ENTRY', at, offset: 0, sensor: 9 });
      return detection.takeEffects(true)?.changed.get(SENSOR);
    };
    // It is still there, stored or not.
    expect(storedAt(end - 1) ?? '"repeatable":').toContain('"repeatable":');
    const stored = storedAt(end);
    expect([stored?.includes('"smoke":'), stored?.includes('"repeatable":')]).toEqual([true, false]);
  });
});

/** The life of a sensor: it reads smoke, perhaps sends a reading again soon after, and may recover. */
describe('whatever is sent again, and whatever the counter says', () => {
  const happening = fc.record({
    pauseMs: fc.integer({ min: 3_000, max: 40_000 }),
    recovers: fc.boolean(),
    counter: fc.constantFrom('stays', 'counts', 'none'),
    again: fc.array(fc.integer({ min: 0, max: MINUTE }), { maxLength: 3 }),
  });

  it('an alarm is raised by every third reading of smoke since the recovery before, and by nothing else', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 20, size: 'max' }), (happenings) => {
        const sent: RigReading[] = [];
        const expected: string[][] = [];
        let now = 1e6;
        let read: string[] = [];
        let standing = false;
        happenings.forEach(({ pauseMs, recovers, counter, again }, n) => {
          now += pauseMs;
          if (recovers) {
            sent.push(ok(now));
            read = [];
            standing = false;
            return;
          }
          const value = `${n}`;
          const seq = { stays: 0, counts: n, none: undefined }[counter];
          // Without a counter nobody can tell that it was sent again.
          for (const laterMs of [0, ...(seq === undefined ? [] : again)])
            sent.push({ ...smoke(now + laterMs, seq, value), offset: sent.length });
          read.push(value);
          if (standing || read.length < 3) return;
          standing = true;
          expected.push(read.slice(-3));
        });
        expect(raisedBy(sent.toSorted((a, b) => a.at - b.at))).toEqual(expected);
      }),
      drawn(1_000, 1),
    );
  });
});
