import { emptyStatus } from '../../../alarm/status.ts';
import { describe, expect, it } from 'vitest';
import { TypeSet } from '../../../alarm/type-set.ts';
import { REFERENCE, typeWhen } from '../../support/alarm-types.ts';

const OWN = new TypeSet([
  typeWhen('water', 'water'),
  typeWhen('heat', 'temperature >= limit', { expected: true }),
  typeWhen('constructor', 'level < 5', { clears: 'normal' }),
]);

describe('types prepared for decoding', () => {
  it('are bits, each by its place', () => {
    expect([OWN.bitsOf(['water']), OWN.bitsOf(['constructor', 'water', 'nobody']), OWN.all, OWN.expected, OWN.clearedByNormal]).toEqual([
      1, 5, 7, 2, 4,
    ]);
    expect([OWN.placeOf('heat'), OWN.placeOf('nobody'), OWN.placeOf('toString'), REFERENCE.placeOf('constructor')]).toEqual([
      1,
      undefined,
      undefined,
      undefined,
    ]);
    expect([OWN.namesOf(5), OWN.namesOf(0), OWN.namesOf(-1)]).toEqual([['water', 'constructor'], [], ['water', 'heat', 'constructor']]);
  });

  it('are converted between names and bits, exactly those that are given', () => {
    expect([OWN.bitsOf([]), OWN.bitsOf(['heat']), OWN.bitsOf(['heat', 'constructor'])]).toEqual([0, 2, 6]);
    const status = emptyStatus(OWN);
    status.values[OWN.fields.findIndex(({ name }) => name === 'water')] = 1;
    OWN.judge(status);
    expect([OWN.namesOf(status.hits), OWN.namesOf(status.silent)]).toEqual([['water'], ['heat', 'constructor']]);
  });

  it('are 32 at most, the last as good as the others', () => {
    const types = new TypeSet(Array.from({ length: 32 }, (_, i) => typeWhen(`t${i}`, `f${i}`, { clears: 'normal', expected: true })));
    expect(types.namesOf(types.all)).toHaveLength(32);
    expect([types.namesOf(1 << 31), types.namesOf(types.bitsOf(['t31', 't0'])), types.namesOf(types.reading(['f31']))]).toEqual([
      ['t31'],
      ['t0', 't31'],
      ['t31'],
    ]);
    expect([types.namesOf(types.expected), types.namesOf(types.clearedByNormal)].map(({ length }) => length)).toEqual([32, 32]);
    const status = emptyStatus(types);
    status.values[types.fields.findIndex(({ name }) => name === 'f31')] = 1;
    types.judge(status);
    expect([types.namesOf(status.hits), types.namesOf(status.silent).includes('t31'), types.namesOf(status.silent).length]).toEqual([
      ['t31'],
      false,
      31,
    ]);
  });

  it('read the usual fields first, and each field once, with all the types that read it', () => {
    expect(OWN.fields.map(({ name, kind, types }) => `${name} ${kind} ${OWN.namesOf(types)}`)).toEqual([
      'motion boolean ',
      'smoke boolean ',
      'temperature number heat',
      'maxTemperature number ',
      'water boolean water',
      'limit number heat',
      'level number constructor',
    ]);
    expect(OWN.namesOf(OWN.reading(['limit', 'water', 'smoke', 'nobody']))).toEqual(['water', 'heat']);
  });

  it('are those of the reference system if the conditions and their order are the same, whatever else is set', () => {
    const [motion, smoke, temperature] = REFERENCE.types;
    if (!motion || !smoke || !temperature) throw new Error('the reference system has three');
    expect(REFERENCE.isReference).toBe(true);
    expect(new TypeSet([motion, { ...smoke, hits: 9, name: 'rauch' }, temperature]).isReference).toBe(true);
    expect(new TypeSet([smoke, motion, temperature]).isReference).toBe(false);
    expect(new TypeSet([motion, smoke]).isReference).toBe(false);
    expect(new TypeSet([motion, smoke, temperature, typeWhen('water', 'water')]).isReference).toBe(false);
    expect(new TypeSet([motion, smoke, typeWhen('temperature', 'temperature >= maxTemperature')]).isReference).toBe(false);
  });

  it('read the usual form only where its fields are what they are in the reference system', () => {
    expect([REFERENCE, OWN].map((types) => types.readsUsualForm)).toEqual([true, true]);
    for (const when of ['motion > 3', 'temperature', 'co > smoke', 'not maxTemperature'])
      expect(new TypeSet([typeWhen('t', when)]).readsUsualForm).toBe(false);
  });

  it('have nothing wrong with them', () => {
    expect(() => new TypeSet([])).toThrow(RangeError);
    expect(() => new TypeSet([typeWhen('low', 'level < 5'), typeWhen('wet', 'level')])).toThrow('wet: when: level is a boolean here');
  });
});
