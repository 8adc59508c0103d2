import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameText, pathText, readYaml } from '../../../runtime/yaml.ts';
import { anyText } from '../../support/any-text.ts';

const problemsIn = (text: string): string[] => readYaml(text).problems.map(({ line, column, problem }) => `${line}:${column}: ${problem}`);

describe('reading YAML', () => {
  it('has what the text says, whatever its line ends', () => {
    const value = { a: { b: [1, 'x', true, null] }, c: 'off', d: 'yes' };
    for (const end of ['\n', '\r\n'])
      expect(readYaml(['a:', '  b: [1, x, true, ~]', 'c: off', 'd: yes', ''].join(end))).toMatchObject({ value, problems: [] });
    expect(readYaml('\uFEFFa: 1').value).toEqual({ a: 1 });
  });

  it.each([
    ['nothing', ''],
    ['a comment', '# nothing yet\n'],
  ])('of %s has nothing', (_, text) => {
    expect(readYaml(text)).toMatchObject({ value: null, problems: [] });
  });

  it('knows where each key and item stands', () => {
    const { placeOf } = readYaml('# head\na:\n  b: { c: 1, d: 2 }\r\n  e:\n    - x\n    - f: 1\n');
    expect(placeOf(['a', 'b', 'd'])).toEqual({ line: 3, column: 14 });
    expect(placeOf(['a', 'e', 1, 'f'])).toEqual({ line: 6, column: 7 });
    expect(placeOf(['a', 'b', 'missing'])).toEqual({ line: 3, column: 3 });
    expect(placeOf([])).toEqual({ line: 1, column: 1 });
  });

  it('finds what an alias stands for', () => {
    const { value, placeOf } = readYaml('a: &x\n  b: 1\nc: *x\n');
    expect(value).toEqual({ a: { b: 1 }, c: { b: 1 } });
    expect(placeOf(['c', 'b'])).toEqual({ line: 2, column: 3 });
  });

  it.each([
    ['a tab', 'a:\n\tb: 1', '2:1: a tab cannot indent: write spaces'],
    ['a quote that is left open', 'a: "b', '1:6: missing closing "quote'],
    ['a row that is out of line', 'a:\n  b: 1\n c: 2', '3:1: all mapping items must start at the same column'],
    ['a key that is a list', '? [a]\n: b', '1:3: a key must be a plain name'],
    ['a second document', 'a: 1\n---\nb: 2', '2:1: a second document begins here, but a file has only one'],
    ['a tag', 'a: !secret b', '1:4: unresolved tag: !secret'],
    ['an alias of nothing', 'a: *b', '1:4: there is no &b before this'],
  ])('refuses %s', (_, text, problem) => {
    expect(problemsIn(text)).toEqual([problem]);
    expect(readYaml(text).value).toBeUndefined();
  });

  it.each([
    ['a key that is there twice', 'a:\n  b: 1\n  b: 2', '3:3: a.b is there twice'],
    [
      'a number that programs read differently',
      'a: 010',
      '1:4: 010 means different numbers to different programs: leave out the leading 0',
    ],
  ])('points at %s, and reads the rest', (_, text, problem) => {
    expect(problemsIn(text)).toEqual([problem]);
    expect(readYaml(text).value).toBeDefined();
  });

  it('leaves numbers alone that everybody reads alike, and texts', () => {
    expect(problemsIn('[0, 0.5, -3, 10, "010", x010]')).toEqual([]);
  });

  it('lists all problems in the order of the text', () => {
    expect(problemsIn('b: 1\nb: 2\nc: 01\nb: 3')).toEqual([
      '2:1: b is there twice',
      expect.stringMatching(/^3:4: 01 /),
      '4:1: b is there twice',
    ]);
  });
});

describe('a text that is no settings file', () => {
  const MANY = 300_000;
  it.each([
    ['lists in lists', '['.repeat(MANY), /nested too deeply/],
    ['tables in tables', '{"a":'.repeat(MANY), /nested too deeply/],
    ['dashes in dashes', '- '.repeat(MANY), /nested too deeply/],
    ['ever more indented', Array.from({ length: 500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), /nested too deeply/],
    ['endless', 'a: 1\n'.repeat(MANY), /too much/],
    ['lines of nothing', '\n'.repeat(MANY), /too much/],
    ['a thousand aliases', `a: &a 1\nb: [${'*a,'.repeat(1_000)}]`, /more than 100 aliases/],
    ['aliases of aliases', bomb(), /aliases/],
  ])('is refused: %s', (_, text, problem) => {
    expect(problemsIn(text).join('\n')).toMatch(problem);
    expect(readYaml(text).value).toBeUndefined();
  });

  it('never makes it throw, and never names a place outside of the text', () => {
    const pieces = fc.constantFrom(
      'a',
      'b: ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ',',
      '\n',
      '\n  ',
      '\t',
      '"',
      "'",
      '&x ',
      '*x',
      '!t ',
      '|',
      '>',
      '#',
      '%',
      '?',
      ': ',
      '---\n',
      '\r\n',
      '\0',
      'é',
    );
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 60 }).map((all) => all.join('')),
      anyText(80),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const { problems, value } = readYaml(text);
        expect(value !== undefined || problems.length > 0).toBe(true);
        const lines = text.split('\n').length;
        for (const { line, column } of problems) {
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines);
          expect(column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('a path', () => {
  it('is written with dots, odd names in quotes and long ones cut', () => {
    expect(pathText(['types', 'smoke', 3, 'a b', '"'])).toBe('types.smoke.3."a b"."\\""');
    expect(nameText('x'.repeat(1_000))).toHaveLength(41);
  });
});

/** Each list has nine times the previous one: nine billion items in the end. */
function bomb(): string {
  const names = [...'abcdefghij'];
  return names
    .map(
      (name, i) =>
        `${name}: &${name} [${Array(9)
          .fill(i === 0 ? 'x' : `*${names[i - 1]}`)
          .join(',')}]`,
    )
    .join('\n');
}
