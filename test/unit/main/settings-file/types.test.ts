import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN_TYPES, CLEARINGS, problemsOf, SHAPES, typeOf } from '../../../../alarm/alarm-type.ts';
import { SEVERITIES } from '../../../../alarm/severity.ts';
import { PARTS } from '../../../../main/settings-file/parts.ts';
import { printParts } from '../../../../main/settings-file/print.ts';
import { readParts } from '../../../../main/settings-file/read.ts';
import { anyText } from '../../../support/any-text.ts';

const [motion, smoke, temperature] = BUILT_IN_TYPES;
const typesIn = (text: string) => {
  const { values, problems } = readParts(PARTS, text);
  expect(problems).toEqual([]);
  return values.types;
};
const problemsIn = (text: string): string[] =>
  readParts(PARTS, text).problems.map(({ line, column, problem }) => `${line}:${column}: ${problem}`);

describe('the types of alarms in the settings file', () => {
  it.each([
    ['no part', '# nothing yet'],
    ['an empty part', 'types:\n  # water: { when: water }\n'],
    ['an empty table', 'types: {}'],
  ])('are the built-in ones with %s', (_, text) => {
    expect(typesIn(text)).toEqual(BUILT_IN_TYPES);
  });

  it('are added to the built-in ones, with defaults for all that a row leaves out', () => {
    expect(typesIn('types:\n  water-leak: { when: water }\n')).toEqual([
      ...BUILT_IN_TYPES,
      {
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
      },
    ]);
  });

  it('change of a built-in one only what they say', () => {
    expect(typesIn('types:\n  smoke: { hits: 2, within: 5m }\n')).toEqual([motion, { ...smoke, hits: 2, within: 300_000 }, temperature]);
  });

  it.each(['off', 'Off', 'OFF', 'false', '"off"'])('take a built-in one away: %s', (off) => {
    expect(typesIn(`types:\n  motion: ${off}\n`)).toEqual([smoke, temperature]);
  });

  it('come in the order of the built-in ones, then of the file', () => {
    const names = typesIn('types:\n  water: { when: water }\n  smoke: { hits: 1 }\n  co: { when: co > 50 }\n  motion: off\n').map(
      ({ name }) => name,
    );
    expect(names).toEqual(['smoke', 'temperature', 'water', 'co']);
  });

  it('can say everything of a type', () => {
    const text = `types:
  co:
    when: co >= 50.5
    hits: 4
    within: 90s
    severity: CRITICAL
    lifeSafety: true
    clears: normal
    label: Carbon monoxide
    shape: hexagon
    expected: true`;
    expect(typesIn(text).at(-1)).toEqual({
      name: 'co',
      when: { field: 'co', operator: '>=', than: 50.5 },
      ...{ hits: 4, within: 90_000, severity: 'CRITICAL', lifeSafety: true, clears: 'normal' },
      ...{ label: 'Carbon monoxide', shape: 'hexagon', expected: true },
    });
  });
});

describe('a settings file that somebody got wrong', () => {
  it.each([
    [
      'a key that is misspelt',
      'types:\n  smoke: { severty: MAJOR }',
      ['2:12: types.smoke.severty: is not known here; did you mean severity?'],
    ],
    ['a part that is misspelt', 'typs:\n  smoke: { hits: 2 }', ['1:1: typs: is not a part of the settings; did you mean types?']],
    ['rows that are not indented', 'types:\nsmoke:\n  hits: 2', ['2:1: smoke: is not a part of the settings; did you mean types?']],
    ['a list in place of rows', 'types:\n  - smoke', ['1:1: types: must be names with a row each, such as water: { when: water }']],
    ['a value in place of a row', 'types:\n  smoke: 2', ['2:3: types.smoke: must be a row, such as { when: water, hits: 2 }, or off']],
    [
      'no, on and nothing for off',
      'types:\n  motion: no\n  smoke: on\n  temperature:',
      [
        '2:3: types.motion: must be a row, such as { when: water, hits: 2 }, or off',
        '3:3: types.smoke: must be a row, such as { when: water, hits: 2 }, or off',
        '4:3: types.temperature: must be a row, such as { when: water, hits: 2 }, or off',
      ],
    ],
    ['a new type without a condition', 'types:\n  water: { hits: 2 }', ['2:3: types.water: needs `when`, such as when: water']],
    ['a built-in type that is misspelt', 'types:\n  smok: { hits: 2 }', ['2:3: types.smok: needs `when`; or did you mean smoke?']],
    ['a misspelt type that is to go', 'types:\n  motoin: off', ['2:3: types.motoin: is not there to be taken away; did you mean motion?']],
    [
      'all types taken away',
      'types: { motion: off, smoke: off, temperature: off }',
      ['1:1: types: there is none: nothing would raise an alarm'],
    ],
    [
      'a condition that is none',
      'types:\n  water: { when: water = true }',
      [
        '2:12: types.water.when: a condition is `field`, `not field`, or `field > number`, with >, >=, < or <=, and another field in place of the number',
      ],
    ],
    [
      'a field that is two things',
      'types:\n  haze: { when: smoke > 5 }',
      ['2:3: types.haze: when: smoke is a number here, and a boolean in smoke'],
    ],
    ['too many hits', 'types:\n  smoke: { hits: 1000 }', ['2:3: types.smoke: hits must be a whole number from 1 to 100']],
    ['a number in quotes', "types:\n  smoke: { hits: '3' }", ['2:12: types.smoke.hits: must be a number, without quotes']],
    [
      'an octal number, or is it',
      'types:\n  smoke: { hits: 010 }',
      ['2:18: 010 means different numbers to different programs: leave out the leading 0'],
    ],
    [
      'a span without a unit',
      'types:\n  smoke: { within: 5 }',
      ['2:12: types.smoke.within: must be a span such as 500ms, 30s, 15m, 12h or 7d'],
    ],
    ['yes for true', 'types:\n  smoke: { lifeSafety: yes }', ['2:12: types.smoke.lifeSafety: must be true or false']],
    [
      'a severity in small letters',
      'types:\n  smoke: { severity: major }',
      ['2:12: types.smoke.severity: must be one of CRITICAL, MAJOR, MINOR, WARNING'],
    ],
    ['a key without a value', 'types:\n  smoke:\n    label:', ['3:5: types.smoke.label: has no value']],
    ['a label of two lines', 'types:\n  smoke: { label: "a\\nb" }', ['2:12: types.smoke.label: must be text on one line']],
    [
      'a name that is no name',
      'types:\n  Wasser läuft: { when: water }',
      ['2:3: types."Wasser läuft": the name must be lower case letters, digits and hyphens, at most 32, a letter first'],
    ],
    ['a type that is there twice', 'types:\n  smoke: { hits: 2 }\n  smoke: { hits: 3 }', ['3:3: types.smoke is there twice']],
    ['just a word', 'smoke', ['1:1: begins with the name of a part, such as types:']],
  ])('says so: %s', (_, text, problems) => {
    expect(problemsIn(text)).toEqual(problems);
  });

  it('has all its problems at once, in the order of the text', () => {
    const text = 'hosts: 1\ntypes:\n  smoke: { hits: many, hits: 0, colour: red }\n  water: { label: x }\n';
    expect(problemsIn(text).map((problem) => problem.split(': ').slice(0, 2).join(' '))).toEqual([
      '1:1 hosts',
      '3:3 types.smoke',
      '3:24 types.smoke.hits is there twice',
      '3:33 types.smoke.colour',
      '4:3 types.water',
    ]);
  });

  it('is refused at 33 types', () => {
    const rows = (n: number) => `types:\n${Array.from({ length: n }, (_, i) => `  t${i}: { when: f${i} }\n`).join('')}`;
    expect(typesIn(rows(29))).toHaveLength(32);
    expect(problemsIn(rows(30))).toEqual(['1:1: types: there are 33, at most 32 are possible']);
  });

  it('has no key that objects are born with', () => {
    expect(problemsIn('types:\n  smoke: { constructor: 1, __proto__: 2 }').join('\n')).toMatch(
      /constructor: is not[\s\S]*__proto__: is not/,
    );
    expect(problemsIn('types:\n  __proto__: { when: x }').join()).toMatch(/__proto__: the name must/);
    expect(problemsIn('toString: 1').join()).toMatch(/toString: is not a part/);
  });
});

describe('the printed settings file', () => {
  const condition = fc.oneof(
    fc.record({ field: fc.constantFrom('smoke', 'water', 'mains'), is: fc.boolean() }),
    fc.record({
      field: fc.constantFrom('co', 'battery'),
      operator: fc.constantFrom('>' as const, '>=' as const, '<' as const, '<=' as const),
      than: fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.constantFrom('limit', 'maxTemperature')),
    }),
  );
  const row = fc.record({
    when: condition,
    hits: fc.integer({ min: 1, max: 100 }),
    within: fc.option(fc.integer({ min: 1, max: 10 ** 9 }), { nil: undefined }),
    severity: fc.constantFrom(...SEVERITIES),
    lifeSafety: fc.boolean(),
    clears: fc.constantFrom(...CLEARINGS),
    label: fc
      .oneof(
        fc.constantFrom('off', 'No', 'true', '3', '~', "it's", '- x', '# x', 'a: b', ' x '),
        fc.string({ minLength: 1, maxLength: 24 }),
      )
      .filter((label) => /^\P{C}*$/u.test(label) && label.trim() !== ''),
    shape: fc.constantFrom(...SHAPES),
    expected: fc.boolean(),
  });
  const added = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/), row, { maxKeys: 5 });

  it('is read as what it was printed from, whatever that was', () => {
    fc.assert(
      fc.property(fc.subarray([...BUILT_IN_TYPES]), added, (builtIn, rows) => {
        const own = Object.entries(rows).map(([name, { when, ...rest }]) => typeOf(name, when, rest));
        const names = new Set(BUILT_IN_TYPES.map(({ name }) => name));
        const types = [...builtIn, ...own.filter(({ name }) => !names.has(name))];
        fc.pre(problemsOf(types).length === 0);
        expect(typesIn(printParts(PARTS, { types }))).toEqual(types);
      }),
      { numRuns: 200 },
    );
  });

  it('explains every key that it can have', () => {
    const text = printParts(PARTS, { types: BUILT_IN_TYPES });
    for (const key of Object.keys(BUILT_IN_TYPES[0] ?? {}).filter((each) => each !== 'name'))
      expect(text).toMatch(new RegExp(`^# ${key} +\\S`, 'm'));
  });
});

describe('any text at all', () => {
  const good = printParts(PARTS, { types: BUILT_IN_TYPES });

  it('cut short is read, or refused with its place', () => {
    for (let length = 0; length < good.length; length += 7) {
      const { values, problems } = readParts(PARTS, good.slice(0, length));
      expect(problems.length > 0 || values.types.length > 0).toBe(true);
    }
  });

  it('with anything put in somewhere is read as types that make sense, or refused', () => {
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(12), anyText(6), (at, gone, put) => {
        const { values, problems } = readParts(PARTS, good.slice(0, at) + put + good.slice(at + gone));
        if (problems.length === 0) expect(problemsOf(values.types)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});
