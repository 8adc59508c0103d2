import { describe, expect, it } from 'vitest';
import {
  type AlarmType,
  BUILT_IN_TYPES,
  gravestFirst,
  HITS_MAX,
  HITS_TOGETHER_MAX,
  hitsTogether,
  labelOf,
  problemsOf,
  TYPES_MAX,
  typeOf,
} from '../../../alarm/alarm-type.ts';
import { conditionText } from '../../../alarm/condition.ts';
import { typeWhen } from '../../support/alarm-types.ts';

const water = (rest: Partial<AlarmType> = {}): AlarmType => ({ ...typeWhen('water', 'water'), ...rest });
const wordsOf = (...types: AlarmType[]): string[] => problemsOf(types).map(({ type, problem }) => `${type}: ${problem}`);

it('has motion raise an alarm at once, smoke and heat on the third hit, however long that takes', () => {
  expect(BUILT_IN_TYPES.map((type) => ({ ...type, when: conditionText(type.when) }))).toEqual([
    {
      name: 'motion',
      when: 'motion',
      hits: 1,
      within: undefined,
      severity: 'MINOR',
      lifeSafety: false,
      clears: 'recovery',
      label: 'Motion',
      shape: 'circle',
      expected: true,
    },
    {
      name: 'smoke',
      when: 'smoke',
      hits: 3,
      within: undefined,
      severity: 'CRITICAL',
      lifeSafety: true,
      clears: 'recovery',
      label: 'Smoke',
      shape: 'triangle',
      expected: true,
    },
    {
      name: 'temperature',
      when: 'temperature > maxTemperature',
      hits: 3,
      within: undefined,
      severity: 'MAJOR',
      lifeSafety: true,
      clears: 'recovery',
      label: 'Heat',
      shape: 'diamond',
      expected: true,
    },
  ]);
  expect(problemsOf(BUILT_IN_TYPES)).toEqual([]);
});

describe('a type of which only the name and the condition are known', () => {
  it('is a minor one that one hit raises and a recovery clears, and that no sensor has to report', () => {
    expect(typeOf('water-leak', { field: 'water', is: true })).toEqual({
      name: 'water-leak',
      when: { field: 'water', is: true },
      hits: 1,
      within: undefined,
      severity: 'MINOR',
      lifeSafety: false,
      clears: 'recovery',
      label: 'Water leak',
      shape: 'square',
      expected: false,
    });
    expect(problemsOf([typeOf('water-leak', { field: 'water', is: true })])).toEqual([]);
  });

  it('is labelled by its name, as far as there is room', () => {
    expect([labelOf('co'), labelOf('glass-break-2'), labelOf('x'.repeat(32)).length]).toEqual(['Co', 'Glass break 2', 24]);
    for (const name of ['x'.repeat(32), 'a-', `a${'-'.repeat(31)}`, `${'x'.repeat(23)}-y`])
      expect(problemsOf([typeWhen(name, 'water')])).toEqual([]);
  });

  it('takes every other property that is given', () => {
    expect(water({ hits: 2, within: 5, severity: 'MAJOR', clears: 'normal' })).toMatchObject({
      hits: 2,
      within: 5,
      severity: 'MAJOR',
      clears: 'normal',
    });
  });
});

describe('what is wrong with types', () => {
  it.each([water({ within: 60_000 }), water({ within: 1 }), water({ hits: 100 }), water({ name: 'constructor' })])(
    'is nothing: %j',
    (type) => {
      expect(problemsOf([type])).toEqual([]);
    },
  );

  it.each([0, 101, 1.5, Number.NaN])('is a number of %d hits', (hits) => {
    expect(wordsOf(water({ hits }))).toEqual(['water: hits must be a whole number from 1 to 100']);
  });

  it.each([0, -1, 0.5, Number.POSITIVE_INFINITY, Number.NaN])('is a span of %d ms', (within) => {
    expect(wordsOf(water({ within }))).toEqual(['water: within must be longer than 0, and a year at most']);
  });

  it.each(['', 'Water', 'wasser-maß', 'water leak', '9', '-water', 'water_leak', 'x'.repeat(33), 'a/b', '__proto__'])(
    'is the name %j',
    (name) => {
      expect(wordsOf(water({ name }))).toEqual([
        `${name}: the name must be lower case letters, digits and hyphens, at most 32, a letter first`,
      ]);
    },
  );

  it.each(['', '  ', 'x'.repeat(25)])('is the label %j', (label) => {
    expect(wordsOf(water({ label }))).toEqual(['water: label must have 1 to 24 characters']);
  });

  it('is each of them at once', () => {
    const bad = { severity: 'BAD', clears: 'never', shape: 'blob', hits: 0, within: 0 } as unknown as Partial<AlarmType>;
    expect(wordsOf(water(bad), water({ name: 'W' }))).toEqual([
      'water: hits must be a whole number from 1 to 100',
      'water: within must be longer than 0, and a year at most',
      'water: severity must be one of CRITICAL, MAJOR, MINOR, WARNING',
      'water: clears must be one of recovery, normal',
      'water: shape must be one of triangle, diamond, circle, square, pentagon, hexagon, drop, cross, star',
      'W: the name must be lower case letters, digits and hyphens, at most 32, a letter first',
    ]);
  });

  it('is a name that occurs twice, reported once', () => {
    expect(wordsOf(water(), typeWhen('co', 'co > 5'), water(), water())).toEqual(['water: stands there twice']);
  });

  it('is a field that is a boolean in one of them and a number in another', () => {
    expect(wordsOf(typeWhen('low', 'level < 5'), typeWhen('wet', 'level'), typeWhen('high', 'top < level'))).toEqual([
      'wet: when: level is a boolean here, and a number in low',
    ]);
    expect(wordsOf(typeWhen('one', 'constructor'), typeWhen('two', 'constructor > 5'))).toHaveLength(1);
  });

  it('is that there are none, or more than 32', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => typeWhen(`t${i}`, `f${i}`));
    expect(wordsOf()).toEqual([': there is none: nothing would raise an alarm']);
    expect([wordsOf(...many(32)), wordsOf(...many(33))]).toEqual([[], [': there are 33, at most 32 are possible']]);
    expect([TYPES_MAX, HITS_MAX]).toEqual([32, 100]);
  });
});

it('asks for 300 hits of all types together, as three of a hundred do, and for no more', () => {
  const asking = (...hits: number[]) => hits.map((count, i) => typeWhen(`t${i}`, `f${i}`, { hits: count }));
  expect([hitsTogether(BUILT_IN_TYPES), HITS_TOGETHER_MAX]).toEqual([7, 300]);
  expect([wordsOf(...asking(100, 100, 100)), wordsOf(...asking(...Array<number>(32).fill(9)))]).toEqual([[], []]);
  expect(wordsOf(...asking(100, 100, 100, 1))).toEqual([': together they ask for 301 hits, at most 300 are possible']);
});

it('lists the gravest first, equal ones in their order', () => {
  const listed = gravestFirst([
    water({ severity: 'WARNING' }),
    typeWhen('b', 'b', { severity: 'MAJOR' }),
    typeWhen('a', 'a', { severity: 'MAJOR' }),
    typeWhen('c', 'c', { severity: 'CRITICAL' }),
  ]);
  expect(listed.map(({ name }) => name)).toEqual(['c', 'b', 'a', 'water']);
});
