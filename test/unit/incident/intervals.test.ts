/** How often which sensor should be heard. */
import { describe, expect, it } from 'vitest';
import { INTERVAL_MAX_MS, INTERVALS_MAX } from '../../../incident/intervals.ts';
import { intervalsOf, MINUTE_MS, typesOf } from '../../support/silent-sensors.ts';

const HOUR_MS = 60 * MINUTE_MS;
const types = { motion: HOUR_MS, smoke: 2 * MINUTE_MS, gone: 1 };

describe('Intervals', () => {
  it.each([
    ['of the type that it reports', 1, ['motion'], HOUR_MS, 10_800],
    ['the shortest of several', 1, ['temperature', 'motion', 'smoke'], 2 * MINUTE_MS, 360],
    ['its own above those of its types', 9, ['smoke'], 20_000, 180],
    ['none', 1, ['temperature'], undefined, 900],
    ['none without types', 1, [], undefined, 900],
  ] as const)('a sensor has %s', (_, sensor, reported, everyMs, spanS) => {
    const intervals = intervalsOf({ types, sensors: [[9, 20_000]] });
    const place = intervals.placeOf(sensor, typesOf(reported));
    expect([intervals.everyAt(place), intervals.spanAt(place)]).toEqual([everyMs, spanS]);
  });

  it.each([0, -1, Number.NaN, INTERVAL_MAX_MS + 1])('%d is none', (ms) => {
    expect(() => intervalsOf({ types: { smoke: ms } })).toThrow(RangeError);
    expect(() => intervalsOf({ sensors: [[1, ms]] })).toThrow(RangeError);
  });

  it('may be as long and as many as there is room for', () => {
    const sensors = Array.from({ length: INTERVALS_MAX }, (_, i): [number, number] => [i, INTERVAL_MAX_MS - i]);
    const intervals = intervalsOf({ sensors });
    expect(sensors.filter(([sensor, ms]) => intervals.everyAt(intervals.placeOf(sensor, 0)) !== ms)).toEqual([]);
    expect(() => intervalsOf({ sensors: [...sensors, [INTERVALS_MAX, 1]] })).toThrow(RangeError);
  });
});
