import { describe, expect, it } from 'vitest';
import { KnownDetectors, SENSORS_MAX } from '../../../alarm/known-detectors.ts';
import { SensorSet } from '../../../alarm/sensor-set.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { random } from './random-messages.ts';
import { typeWhen } from '../../support/alarm-types.ts';

const HIGHEST = 2 ** 31 - 1;

describe('KnownDetectors', () => {
  it.each([
    ['a set of the usual ones with room', 4_096],
    ['a set with little room', 3],
  ])('keeps what it was given, however many sensors there are: %s', (_, pagesMax) => {
    const next = random(5);
    const table = new KnownDetectors(7, new SensorSet(pagesMax));
    const expected = new Map<number, number>();
    const refused: number[] = [];
    for (let i = 0; i < 100_000; i += 1) {
      const sensor = Math.floor(next() * 2 ** (i % 3 === 0 ? 31 : 16));
      const bits = next() < 0.5 ? 7 : Math.floor(next() * 16);
      if (!table.set(sensor, bits, next() < 0.9)) refused.push(sensor);
      expected.set(sensor, bits);
    }
    expect(refused).toEqual([]);
    for (const sensor of [0, 1, 2 ** 30 + 1, HIGHEST]) expected.set(sensor, expected.get(sensor) ?? 0);
    expect([...expected.keys()].filter((sensor) => table.get(sensor) !== expected.get(sensor))).toEqual([]);
  });

  it.each([3, 8, 9, 16, 17, 31, 32])('keeps every set of %i types as it is', (count) => {
    const all = new TypeSet(Array.from({ length: count }, (_, i) => typeWhen(`t${i}`, `f${i}`))).all;
    const next = random(count);
    const usual = new SensorSet();
    const table = new KnownDetectors(all, usual);
    const expected = new Map<number, number>();
    for (let sensor = 0; sensor < 5_000; sensor += 1) {
      const bits = sensor % 4 === 0 ? all : all & Math.floor(next() * 2 ** 32);
      expected.set(sensor, sensor % 100 === 1 ? 1 << (count - 1) : bits);
    }
    for (const [sensor, bits] of expected) expect(table.set(sensor, bits, true)).toBe(true);
    expect([...expected].filter(([sensor, bits]) => table.get(sensor) !== bits)).toEqual([]);
    expect([...expected].filter(([sensor, bits]) => usual.has(sensor) !== (bits === all))).toEqual([]);
    for (const sensor of expected.keys()) table.set(sensor, all, false);
    expect([...expected.keys()].filter((sensor) => table.get(sensor) !== all || usual.has(sensor))).toEqual([]);
  });

  it('keeps a sensor with usual bits apart if more is remembered of it', () => {
    const usual = new SensorSet();
    const table = new KnownDetectors(7, usual);
    const seen = [true, false, true].map((isUsual) => [table.set(5, 7, isUsual), table.get(5), usual.has(5)]);
    expect(seen).toEqual([
      [true, 7, true],
      [true, 7, false],
      [true, 7, true],
    ]);
  });

  it('takes consecutive ids, the lowest and the highest', () => {
    const table = new KnownDetectors(7, new SensorSet());
    const ids = [...Array.from({ length: 5_000 }, (_, i) => i), ...Array.from({ length: 5_000 }, (_, i) => HIGHEST - i)];
    for (const id of ids) table.set(id, 1 + (id % 7), true);
    expect(ids.filter((id) => table.get(id) !== 1 + (id % 7))).toEqual([]);
  });

  it('knows of each sensor the latest', () => {
    const table = new KnownDetectors(7, new SensorSet());
    const told = [1, 7, 15, 7, 3].map((bits) => {
      table.set(5, bits, true);
      return table.get(5);
    });
    expect([...told, table.get(4), table.get(6)]).toEqual([1, 7, 15, 7, 3, 0, 0]);
  });

  it('accepts no more unusual sensors than it may, and keeps those it has', () => {
    const table = new KnownDetectors(7, new SensorSet(), 3);
    expect([1, 2, 3, 4].map((id) => table.set(id, 5, true))).toEqual([true, true, true, false]);
    expect([table.set(3, 1, true), table.get(3), table.get(4)]).toEqual([true, 1, 0]);
    expect([table.set(4, 7, true), table.set(4, 6, true), table.get(4)]).toEqual([true, false, 7]);
  });
});

describe('what is known of sensors', () => {
  it('is bounded as documented: 4 million of the unusual ones, and 4,096 pages of the usual ones', () => {
    expect(SENSORS_MAX).toBe(4_194_304);
    const set = new SensorSet();
    const added = Array.from({ length: 4_097 }, (_, page) => set.add(page * 65_536));
    expect([added.indexOf(false), set.has(4_095 * 65_536), set.has(4_096 * 65_536)]).toEqual([4_096, true, false]);
  });
});

describe('SensorSet', () => {
  it('takes sensors of as many pages as it may', () => {
    const set = new SensorSet(2);
    expect([0, 65_535, 65_536, 131_072, HIGHEST, 131_071].map((id) => set.add(id))).toEqual([true, true, true, false, false, true]);
    expect([0, 1, 65_535, 65_536, 131_071, 131_072, HIGHEST].filter((id) => set.has(id))).toEqual([0, 65_535, 65_536, 131_071]);
    for (const id of [65_535, 131_072]) set.delete(id);
    expect([0, 65_535, 65_536, 131_072].filter((id) => set.has(id))).toEqual([0, 65_536]);
  });
});
