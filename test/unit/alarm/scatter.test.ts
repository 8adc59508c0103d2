import { describe, expect, it } from 'vitest';
import { KnownDetectors } from '../../../alarm/known-detectors.ts';
import { GOLDEN, multiplierFrom } from '../../../alarm/scatter.ts';
import { SensorSet } from '../../../alarm/sensor-set.ts';
import { SensorIds } from '../../../directory/sensor-ids.ts';
import { HeardSensors } from '../../../incident/heard-sensors.ts';
import { NewestTimes } from '../../../proxy/intake/newest-times.ts';
import { random } from './random-messages.ts';

const IDS = 4_000;
/** The tables scatter by the highest bits of 32: these ids lie in one 512th of them. */
const NARROW = 2 ** 23;

const multipliers = (seed: number, count: number): number[] => {
  const next = random(seed);
  return Array.from({ length: count }, () => multiplierFrom(next));
};

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
const typical = (values: readonly number[]): number => [...values].sort((one, other) => one - other)[values.length / 2] ?? Number.NaN;

/** Ids that this multiplier puts close together. */
function chosenFor(multiplier: number): number[] {
  const found: number[] = [];
  for (let id = 0; found.length < IDS; id += 1) if (Math.imul(id, multiplier) >>> 0 < NARROW) found.push(id);
  return found;
}

/** How many places a look-up of these ids passes on average, in a table as full as it gets, by open addressing. */
function placesPassed(ids: readonly number[], multiplier: number): number {
  const capacity = Math.ceil(IDS / 0.8);
  const taken = new Uint8Array(capacity);
  let passed = 0;
  for (const id of ids) {
    let place = Math.floor(((Math.imul(id, multiplier) >>> 0) * capacity) / 2 ** 32);
    for (; taken[place] === 1; place = (place + 1) % capacity) passed += 1;
    taken[place] = 1;
  }
  return passed / ids.length;
}

const slotsPassed = (multiplier: number, ids: readonly number[]): number => {
  const table = new HeardSensors(IDS, multiplier);
  for (const id of ids) table.put(id, 0, 0);
  const homes = ids.map((id) => Math.floor(((Math.imul(id, multiplier) >>> 0) * table.capacity) / 2 ** 32));
  const passed = ids.map((id, i) => (table.slotOf(id) - (homes[i] ?? 0) + table.capacity) % table.capacity);
  return passed.reduce((sum, one) => sum + one, 0) / ids.length;
};

describe('a multiplier that scatters ids', () => {
  const chosen = chosenFor(GOLDEN);

  it('is odd, in 32 bits, and another one for each process', () => {
    const drawn = multipliers(1, 1_000);
    expect(new Set(drawn).size).toBeGreaterThan(990);
    expect(drawn.filter((one) => one % 2 === 1 && one > 0 && one < 2 ** 32)).toHaveLength(1_000);
    expect([multiplierFrom(() => 0) % 2, multiplierFrom(() => 1 - 2 ** -53) % 2]).toEqual([1, 1]);
  });

  it('parts ids that were chosen to lie together with another one', () => {
    expect(placesPassed(chosen, GOLDEN)).toBeGreaterThan(1_000);
    expect(slotsPassed(GOLDEN, chosen)).toBeGreaterThan(500);
    const drawn = multipliers(2, 100);
    expect(typical(drawn.map((multiplier) => placesPassed(chosen, multiplier)))).toBeLessThan(1);
    expect(typical(drawn.map((multiplier) => slotsPassed(multiplier, chosen)))).toBeLessThan(1);
    expect(mean(drawn.map((multiplier) => placesPassed(chosen, multiplier)))).toBeLessThan(10);
  });

  it('scatters consecutive ids, and those a number apart, so that a look-up passes hardly any', () => {
    const passed = (step: number) => {
      const ids = Array.from({ length: IDS }, (_, i) => 1_000_000 + i * step);
      return multipliers(3, 50).map((multiplier) => placesPassed(ids, multiplier));
    };
    expect(Math.max(...passed(1))).toBeLessThan(1);
    for (const step of [2, 10, 128, 1_000]) {
      expect(typical(passed(step))).toBeLessThan(1);
      expect(mean(passed(step))).toBeLessThan(10);
    }
  });

  it('changes what no table has', () => {
    for (const multiplier of multipliers(4, 5)) {
      const known = new KnownDetectors(7, new SensorSet(1), undefined, multiplier);
      const ids = new SensorIds(multiplier);
      const newest = new NewestTimes(multiplier);
      const sensors = [...chosen, 2 ** 31 - 1];
      sensors.forEach((id, i) => {
        known.set(id, i % 7, true);
        ids.add(id);
      });
      newest.note(Int32Array.from(sensors), 0, sensors.length, 5);
      expect(sensors.filter((id, i) => known.get(id) !== i % 7 || !ids.has(id) || newest.of(id) !== 5)).toEqual([]);
      expect(ids.size).toBe(sensors.length);
    }
  });
});
