import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareOut } from '../../../kafka/assigner.ts';

const members = fc.dictionary(fc.string({ minLength: 1, maxLength: 5 }), fc.uniqueArray(fc.integer({ min: 0, max: 40 })), {
  minKeys: 1,
  maxKeys: 8,
});

describe('assigning partitions', () => {
  it('gives each partition to one member, evenly', () => {
    fc.assert(
      fc.property(members, fc.integer({ min: 1, max: 40 }), (held, partitions) => {
        const shares = shareOut(new Map(Object.entries(held).map(([name, list]) => [name, new Set(list)])), partitions);
        const given = [...shares.values()].flat().toSorted((a, b) => a - b);
        expect(given).toEqual(Array.from({ length: partitions }, (_, i) => i));
        const sizes = [...shares.values()].map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('changes nothing if nothing has changed', () => {
    const held = new Map([
      ['a', new Set([1, 4, 6])],
      ['b', new Set([0, 2, 7])],
      ['c', new Set([3, 5])],
    ]);
    expect(shareOut(held, 8)).toEqual(new Map([...held].map(([name, share]) => [name, [...share]])));
  });

  it('takes from the members with most when another one joins, and only its share', () => {
    const shares = shareOut(
      new Map([
        ['a', new Set([0, 1, 2, 3])],
        ['b', new Set([4, 5, 6, 7])],
        ['new', new Set<number>()],
      ]),
      8,
    );
    expect(shares.get('new')).toHaveLength(2);
    expect(shares.get('a')?.every((partition) => partition < 4)).toBe(true);
    expect(shares.get('b')?.every((partition) => partition >= 4)).toBe(true);
  });

  const shared = (partitions: number, held: Readonly<Record<string, readonly number[]>>) =>
    Object.fromEntries(shareOut(new Map(Object.entries(held).map(([name, list]) => [name, new Set(list)])), partitions));

  it('gives the same result in every member: by name, those that hold most first', () => {
    expect(shared(5, { b: [], a: [] })).toEqual({ a: [0, 1, 2], b: [3, 4] });
    expect(shared(5, { a: [], b: [4, 3, 1] })).toEqual({ a: [0, 2], b: [1, 3, 4] });
    expect(shared(7, { a: [6], b: [5, 4], c: [] })).toEqual({ a: [1, 6], b: [0, 4, 5], c: [2, 3] });
    expect(Object.keys(shared(1, { c: [], a: [], b: [] }))).toEqual(['a', 'b', 'c']);
  });

  it('leaves a member with too many its lowest ones, and a partition that two members claim with one of them', () => {
    expect(shared(4, { a: [3, 2, 1, 0], b: [] })).toEqual({ a: [0, 1], b: [2, 3] });
    expect(shared(4, { a: [10, 9, 2], b: [1, 2] })).toEqual({ a: [0, 2], b: [1, 3] });
  });

  it('copes with no members, and with no partitions', () => {
    expect(shared(4, {})).toEqual({});
    expect(shared(0, { a: [1] })).toEqual({ a: [] });
    expect(shared(1, { a: [], b: [0] })).toEqual({ a: [], b: [0] });
  });
});
