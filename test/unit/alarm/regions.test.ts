import { describe, expect, it } from 'vitest';
import { geohashOf, REGION_PATTERNS, REGIONS, regionOf } from '../../../alarm/regions.ts';
import cities from '../../fixtures/cities.json' with { type: 'json' };

const ALPHABET = [...'0123456789bcdefghjkmnpqrstuvwxyz'];
const cells = ALPHABET.flatMap((a) => ALPHABET.flatMap((b) => ALPHABET.map((c) => a + b + c)));

describe('regionOf', () => {
  it('gives each of the 32,768 cells of three characters to one region', () => {
    const matching = (cell: string) => Object.entries(REGION_PATTERNS).filter(([, pattern]) => pattern.test(cell));
    expect(cells.filter((cell) => matching(cell).length > 1)).toEqual([]);
    expect(cells.filter((cell) => regionOf(cell) !== (matching(cell)[0]?.[0] ?? 'Other'))).toEqual([]);
    expect(cells.length).toBe(32_768);
  });

  it('leaves only the far south to Other', () => {
    const first = new Set(cells.filter((cell) => regionOf(cell) === 'Other').map((cell) => cell[0]));
    expect([...first].join('')).toBe('015hjn');
  });

  it.each(Object.entries(cities))('knows the cities of %s', (region, places) => {
    const found = places.map(([name, latitude, longitude]) => [name, regionOf(geohashOf(Number(latitude), Number(longitude)))]);
    expect(found).toEqual(places.map(([name]) => [name, region]));
  });

  it('has cities of every region', () => {
    expect(Object.keys(cities).sort()).toEqual([...REGIONS].sort());
  });
});

describe('geohashOf', () => {
  it.each([
    [57.64911, 10.40744, 'u4pruydqq'],
    [0, 0, '7zzzzzzzz'],
    [90, 180, 'zzzzzzzzz'],
    [-90, -180, '000000000'],
  ])('encodes %d, %d', (latitude, longitude, expected) => {
    expect(geohashOf(latitude, longitude)).toBe(expected);
  });

  it.each([
    [90.1, 0],
    [0, -180.1],
    [Number.NaN, 0],
    [0, Number.POSITIVE_INFINITY],
  ])('refuses %d, %d', (latitude, longitude) => {
    expect(() => geohashOf(latitude, longitude)).toThrow(RangeError);
  });
});
