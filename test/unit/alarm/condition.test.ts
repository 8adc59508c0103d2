import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Condition, conditionText, fieldsOf, OPERATORS, parseCondition } from '../../../alarm/condition.ts';
import { TypeSet } from '../../../alarm/type-set.ts';
import { typeWhen } from '../../support/alarm-types.ts';
import { statusSaying, typesHit } from './reading.ts';
import { drawn } from '../../support/draws.ts';

const FORMS = 'a condition is `field`, `not field`, or `field > number`, with >, >=, < or <=, and another field in place of the number';

describe('a condition', () => {
  it.each<[string, Condition]>([
    ['motion', { field: 'motion', is: true }],
    ['not mains', { field: 'mains', is: false }],
    ['  not \t mains ', { field: 'mains', is: false }],
    ['not', { field: 'not', is: true }],
    ['c', { field: 'c', is: true }],
    ['_x9', { field: '_x9', is: true }],
    ['co > 50', { field: 'co', operator: '>', than: 50 }],
    ['co>50', { field: 'co', operator: '>', than: 50 }],
    ['co >=50', { field: 'co', operator: '>=', than: 50 }],
    ['battery < 15.5', { field: 'battery', operator: '<', than: 15.5 }],
    ['battery<=-0.25', { field: 'battery', operator: '<=', than: -0.25 }],
    ['level > +7', { field: 'level', operator: '>', than: 7 }],
    ['temperature > maxTemperature', { field: 'temperature', operator: '>', than: 'maxTemperature' }],
    ['battery<batteryMin', { field: 'battery', operator: '<', than: 'batteryMin' }],
    ['Water', { field: 'Water', is: true }],
    ['constructor', { field: 'constructor', is: true }],
    ['__proto__ > toString', { field: '__proto__', operator: '>', than: 'toString' }],
    ['x'.repeat(40), { field: 'x'.repeat(40), is: true }],
  ])('reads %s', (text, condition) => {
    expect(parseCondition(text)).toEqual(condition);
  });

  it.each([
    ['', FORMS],
    ['   ', FORMS],
    ['co >', FORMS],
    ['> 50', FORMS],
    ['co = 50', FORMS],
    ['co == 50', FORMS],
    ['co != 50', FORMS],
    ['co => 50', FORMS],
    ['co > > 50', FORMS],
    ['co > 50 ppm', FORMS],
    ['co > 50%', FORMS],
    ['co > 5,5', FORMS],
    ['co > .5', FORMS],
    ['co > 5.', FORMS],
    ['co > 0x10', FORMS],
    ['co > 1 and water', FORMS],
    ['water and smoke', FORMS],
    ['not water smoke', FORMS],
    ['not not water', FORMS],
    ['not co > 50', FORMS],
    ['!water', FORMS],
    ['50 < co', FORMS],
    ['5', FORMS],
    ['9lives', FORMS],
    ['gas-level > 5', FORMS],
    ['gas.level > 5', FORMS],
    ['"co" > 5', FORMS],
    ['größe > 5', FORMS],
    ['\u212aelvin > 5', FORMS],
    ['a\nb', FORMS],
    ['co > a > b', FORMS],
    ['id > 5', "id can't be part of a condition"],
    ['not at', "at can't be part of a condition"],
    ['seq', "seq can't be part of a condition"],
    ['co > seq', "seq can't be part of a condition"],
    ['co > co', 'co is compared with itself'],
    ['x'.repeat(41), 'the name of a field has at most 40 characters'],
    [`co > ${'x'.repeat(41)}`, 'the name of a field has at most 40 characters'],
  ])('is none: %j', (text, problem) => {
    expect(parseCondition(text)).toBe(problem);
  });

  it('is refused if its number is too large, since no reading could meet it', () => {
    expect(parseCondition(`co > ${'9'.repeat(400)}`)).toBe(FORMS);
  });

  it('is the same when its own text is read again', () => {
    const name = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,39}$/).filter((text) => !['id', 'at', 'seq'].includes(text));
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    const condition = fc.oneof(
      fc.record({ field: name, is: fc.boolean() }),
      fc
        .record({ field: name, operator: fc.constantFrom(...OPERATORS), than: fc.oneof(name, number, fc.integer()) })
        .filter(({ field, than }) => field !== than),
    );
    fc.assert(
      fc.property(condition, (each) => {
        expect(parseCondition(conditionText(each))).toEqual(each);
      }),
      drawn(500, 1),
    );
  });

  it.each<[string, ReturnType<typeof fieldsOf>]>([
    ['motion', [['motion', 'boolean']]],
    ['not mains', [['mains', 'boolean']]],
    ['co > 50', [['co', 'number']]],
    [
      'temperature > maxTemperature',
      [
        ['temperature', 'number'],
        ['maxTemperature', 'number'],
      ],
    ],
  ])('reads the fields of %s', (text, fields) => {
    const condition = parseCondition(text);
    expect(typeof condition === 'string' ? condition : fieldsOf(condition)).toEqual(fields);
  });
});

describe('a hit', () => {
  const outcomeOf = (when: string, said: object): string => {
    const types = new TypeSet([typeWhen('first', 'first'), typeWhen('t', when)]);
    const status = statusSaying({ id: 1, ...said }, types);
    if (types.namesOf(status.silent).includes('t')) return typesHit(status, types).includes('t') ? 'a hit that says nothing' : 'silent';
    return typesHit(status, types).includes('t') ? 'hit' : 'normal';
  };

  it.each<[string, object, string]>([
    ['water', { water: true }, 'hit'],
    ['water', { water: false }, 'normal'],
    ['water', {}, 'silent'],
    ['not mains', { mains: false }, 'hit'],
    ['not mains', { mains: true }, 'normal'],
    ['not mains', {}, 'silent'],
    ['co > 50', { co: 50 }, 'normal'],
    ['co > 50', { co: 50.000_000_000_000_01 }, 'hit'],
    ['co > 50', { co: -60 }, 'normal'],
    ['co >= 50', { co: 50 }, 'hit'],
    ['co >= 50', { co: 49.999_999_999_999_99 }, 'normal'],
    ['battery < 15', { battery: 15 }, 'normal'],
    ['battery < 15', { battery: 14.999_999_999_999_99 }, 'hit'],
    ['battery <= 15', { battery: 15 }, 'hit'],
    ['battery <= 15', { battery: 15.000_000_000_000_01 }, 'normal'],
    ['level > 0', { level: -0 }, 'normal'],
    ['level >= 0', { level: -0 }, 'hit'],
    ['level < 0', { level: -0 }, 'normal'],
    ['level > -5', { level: -4.9 }, 'hit'],
    ['co > 50', { co: Number.NaN }, 'silent'],
    ['co >= 50', {}, 'silent'],
    ['co < 50', {}, 'silent'],
    ['co <= 50', {}, 'silent'],
    ['a > b', { a: 2, b: 1 }, 'hit'],
    ['a > b', { a: 1, b: 1 }, 'normal'],
    ['a >= b', { a: 1, b: 1 }, 'hit'],
    ['a < b', { a: 1, b: 2 }, 'hit'],
    ['a < b', { a: 2, b: 2 }, 'normal'],
    ['a <= b', { a: 2, b: 2 }, 'hit'],
    ['a <= b', { a: 3, b: 2 }, 'normal'],
    ...(['a > b', 'a >= b', 'a < b', 'a <= b'] as const).flatMap((when): [string, object, string][] => [
      [when, { a: 1 }, 'silent'],
      [when, { b: 1 }, 'silent'],
      [when, { a: Number.NaN, b: Number.NaN }, 'silent'],
      [when, { a: 1e308, b: Number.NaN }, 'silent'],
    ]),
    ['a > b', { a: 1e308, b: -1e308 }, 'hit'],
    ['a < b', { a: 1e308, b: 1e308 }, 'normal'],
  ])('of %s: %o is %s', (when, said, outcome) => {
    expect(outcomeOf(when, said)).toBe(outcome);
  });
});
