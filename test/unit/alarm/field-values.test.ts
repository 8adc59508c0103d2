import { describe, expect, it } from 'vitest';
import { booleanIn, countOf, numberIn, numberText, timeIn } from '../../../alarm/field-values.ts';
import { TIME_MAX } from '../../../alarm/sensor-time.ts';

describe('the text of a number', () => {
  it.each([
    ['21.5', '21.5'],
    ['21,5', '21.5'],
    ['+21.5', '21.5'],
    ['-21.5', '-21.5'],
    ['.5', '0.5'],
    ['-,5', '-0.5'],
    ['5.', '5'],
    ['007.0', '7.0'],
    ['000', '0'],
    ['1e3', '1e3'],
    ['-1.5E-3', '-1.5E-3'],
  ])('%s says %s', (text, expected) => {
    expect(numberText(text)).toBe(expected);
  });

  it.each(['', '.', '-', '1.2.3', '1,2,3', '12a', 'e3', '--1', '0x10', 'nan', '1 2'])('%s is none', (text) => {
    expect(numberText(text)).toBeUndefined();
  });
});

describe('the value of a field', () => {
  it('is a number, or a text that holds one', () => {
    expect([7, -0.5, ' 7 ', '21,5'].map(numberIn)).toEqual([7, -0.5, 7, 21.5]);
    for (const value of [Number.NaN, Infinity, '1e999', 'x', '', true, null, undefined, [1], {}]) expect(numberIn(value)).toBeNaN();
  });

  it.each([
    [[true, 1, '1', 'true', ' True ', 'TRUE', '1.0'], true],
    [[false, 0, '0', 'false', ' False ', -0, '0.0'], false],
    [[2, -1, 0.5, '', 'yes', null, undefined, [true], {}, Number.NaN], undefined],
  ])('%j is %s', (values: unknown[], expected) => {
    expect(values.map(booleanIn)).toEqual(values.map(() => expected));
  });

  it('is a time in epoch ms or as ISO 8601, within what a Date can hold', () => {
    const noon = Date.UTC(2026, 2, 1, 12);
    expect(['2026-03-01T12:00:00Z', ' 2026-03-01T12:00:00Z ', noon, `${noon}`, 0, '1970-01-01T00:00:00Z'].map(timeIn)).toEqual([
      noon,
      noon,
      noon,
      noon,
      0,
      0,
    ]);
    expect([TIME_MAX, -TIME_MAX, TIME_MAX + 1, -TIME_MAX - 1].map(timeIn)).toEqual([TIME_MAX, -TIME_MAX, undefined, undefined]);
    expect(['noon', null, undefined, true].map(timeIn)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('is a whole number up to a bound, zero in place of minus zero', () => {
    expect([0, 10, 10.0, -0].map((number) => countOf(number, 10))).toEqual([0, 10, 10, 0]);
    for (const number of [11, -1, 0.5, Number.NaN, Infinity]) expect(countOf(number, 10)).toBeUndefined();
  });
});
