import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlarmType, BUILT_IN_TYPES, typeOf } from '../../../alarm/alarm-type.ts';
import type { Fields } from '../../../simulator/message.ts';
import { Readings } from '../../../simulator/readings.ts';
import { BATTERY, CO, MAINS, SEVEN_TYPES, WATER } from '../../support/alarm-types.ts';

const CHANCES = Array.from({ length: 2_000 }, (_, i) => Math.imul(i + 1, 0x9e_37_79_b1) >>> 0);
const numberOf = (fields: Fields, name: string): number => Number(fields[name]);
/** All values of a field in readings that are meant to be hits, or not. */
const valuesOf = (type: AlarmType, field: string, hit: boolean): number[] =>
  CHANCES.map((chance) => numberOf(new Readings([type]).fields(chance, hit ? [type.name] : []), field));

describe('the fields of a reading', () => {
  it('are those of the reference system’s sensors, whatever the types are', () => {
    for (const types of [BUILT_IN_TYPES, [WATER]])
      expect(Object.keys(new Readings(types).fields(7, [])).slice(0, 4)).toEqual(['motion', 'smoke', 'temperature', 'maxTemperature']);
    expect(new Readings([WATER, MAINS]).fields(7, ['water'])).toMatchObject({ motion: false, smoke: false, water: true, mains: true });
    expect(new Readings([WATER, MAINS]).fields(7, ['mains'])).toMatchObject({ water: false, mains: false });
  });

  it('lie on the right side of a number, at the border too', () => {
    const co = { hits: valuesOf(CO, 'co', true), others: valuesOf(CO, 'co', false) };
    expect([Math.min(...co.hits), Math.max(...co.others)]).toEqual([50.1, 50]);
    expect(Math.max(...co.hits)).toBeGreaterThan(80);
    expect(Math.min(...co.others)).toBeLessThan(20);
    expect(Math.min(...co.others)).toBeGreaterThan(0);
    const battery = { hits: valuesOf(BATTERY, 'battery', true), others: valuesOf(BATTERY, 'battery', false) };
    expect([Math.max(...battery.hits), Math.min(...battery.others)]).toEqual([14.9, 15]);
    expect(Math.min(...battery.hits)).toBeGreaterThan(0);
  });

  it.each([
    ['>=', 50, 49.9],
    ['<=', 50, 50.1],
  ] as const)('take the border of %s for a hit', (operator, hit, other) => {
    const type = typeOf('x', { field: 'x', operator, than: 50 });
    const [hits, others] = [valuesOf(type, 'x', true), valuesOf(type, 'x', false)];
    expect(hits).toContain(hit);
    expect(others).toContain(other);
    const isHit = (value: number) => (operator === '>=' ? value >= 50 : value <= 50);
    expect(hits.every(isHit) && !others.some(isHit)).toBe(true);
  });

  it('lie on the right side of another field', () => {
    const type = typeOf('x', { field: 'pressure', operator: '<', than: 'minPressure' });
    for (const chance of CHANCES.slice(0, 200)) {
      const hit = new Readings([type]).fields(chance, ['x']);
      expect(numberOf(hit, 'pressure')).toBeLessThan(numberOf(hit, 'minPressure'));
      const other = new Readings([type]).fields(chance, []);
      expect(numberOf(other, 'pressure')).toBeGreaterThanOrEqual(numberOf(other, 'minPressure'));
    }
  });

  it('have as many decimals as what they are compared with', () => {
    const type = typeOf('x', { field: 'x', operator: '>', than: 0.125 });
    expect(Math.min(...valuesOf(type, 'x', true))).toBe(0.126);
    for (const value of valuesOf(type, 'x', false)) expect(String(value)).toMatch(/^0(\.\d{1,3})?$/);
  });

  it('make just the hits that are meant, of types that share no field', () => {
    const some = fc.subarray(SEVEN_TYPES.map(({ name }) => name));
    void fc.assert(
      fc.property(some, fc.nat(), (wanted, chance) => {
        const readings = new Readings(SEVEN_TYPES);
        const { hits, clears } = readings.meaning(readings.fields(chance, wanted));
        expect(hits).toEqual(wanted);
        expect(clears).toEqual(wanted.includes('battery') ? [] : ['battery']);
      }),
    );
  });

  it('say what they must say of types that share a field: a hit of the higher is one of the lower', () => {
    const high = typeOf('co-high', { field: 'co', operator: '>', than: 200 });
    for (const types of [
      [CO, high],
      [high, CO],
    ]) {
      const readings = new Readings(types);
      for (const chance of CHANCES.slice(0, 200)) {
        const hitsOf = (wanted: readonly string[]) => [...readings.meaning(readings.fields(chance, wanted)).hits].sort();
        expect(hitsOf([])).toEqual([]);
        expect(hitsOf(['co'])).toEqual(['co']);
        expect(hitsOf(['co-high'])).toEqual(['co', 'co-high']);
      }
    }
  });

  it('say nothing of a type whose field cannot be read', () => {
    const readings = new Readings(SEVEN_TYPES);
    const fields = readings.fields(3, ['co', 'water']);
    expect(readings.meaning(fields, ['co', 'battery'])).toEqual({ hits: ['water'], clears: [] });
    expect(readings.meaning(readings.fields(3, ['temperature']), ['maxTemperature'])).toEqual({ hits: [], clears: ['battery'] });
  });
});
