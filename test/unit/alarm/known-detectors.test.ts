import { describe, expect, it } from 'vitest';
import { KnownDetectors } from '../../../alarm/known-detectors.ts';
import { random } from './random-messages.ts';

describe('KnownDetectors', () => {
  it('keeps what it was given, however many sensors there are', () => {
    const next = random(5);
    const table = new KnownDetectors();
    const expected = new Map<number, number>();
    for (let i = 0; i < 100_000; i += 1) {
      const sensor = Math.floor(next() * 2 ** (i % 3 === 0 ? 31 : 16));
      const bits = Math.floor(next() * 16);
      expect(table.set(sensor, bits)).toBe(true);
      expected.set(sensor, bits);
    }
    for (const sensor of [0, 1, 2 ** 31 - 1]) expected.set(sensor, expected.get(sensor) ?? 0);
    expect([...expected.keys()].filter((sensor) => table.get(sensor) !== expected.get(sensor))).toEqual([]);
    expect(table.get(2 ** 30 + 1)).toBe(expected.get(2 ** 30 + 1) ?? 0);
  });

  it('takes consecutive ids, the lowest and the highest', () => {
    const table = new KnownDetectors();
    const ids = [...Array.from({ length: 5_000 }, (_, i) => i), ...Array.from({ length: 5_000 }, (_, i) => 2 ** 31 - 1 - i)];
    for (const id of ids) table.set(id, 1 + (id % 7));
    expect(ids.filter((id) => table.get(id) !== 1 + (id % 7))).toEqual([]);
    expect(table.size).toBe(10_000);
  });

  it('takes no more sensors than it may, and goes on with those it has', () => {
    const table = new KnownDetectors(3);
    expect([1, 2, 3, 4].map((id) => table.set(id, 7))).toEqual([true, true, true, false]);
    expect([table.set(3, 5), table.get(3), table.get(4), table.size]).toEqual([true, 5, 0, 3]);
  });
});
