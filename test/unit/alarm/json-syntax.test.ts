import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isJson } from '../../../alarm/json-syntax.ts';

const says = (text: string): boolean => {
  const bytes = Buffer.from(`}${text}"`);
  return isJson(bytes, 1, bytes.length - 1);
};
const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const TOKENS = [
  '{', '}', '[', ']', ',', ':', '"', '\\', '"a"', '"a":', '{"a":1}', '[1]', '1', '0', '01', '-', '-0', '.', '.5', '1.', '1.5', 'e', 'E+', '1e9', '1e-9', '+1',
  'true', 'false', 'null', 'tru', 'nul', 'nan', ' ', '\t', '\n', '\r', '\u0001', '\u00a0', '\ufeff', '\\n', '\\u12aF', '\\u12x', '\\x', '"\\"', 'é', '😀', '\u007f',
]; // biome-ignore format: a table

it('says what JSON.parse says, of tokens in any order', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TOKENS), { maxLength: 12 }), (tokens) => {
      const text = tokens.join('');
      expect(says(text)).toBe(parses(text));
    }),
    { numRuns: 5_000 },
  );
});

it('says what JSON.parse says, of JSON in which a character was changed', () => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat(),
      fc.constantFrom('', '"', '\\', ',', ':', '{', ']', '0', '-', 'e', '.', ' ', '\n', 'x'),
      (json, at, character) => {
        const i = at % json.length;
        for (const text of [json, json.slice(0, i) + character + json.slice(i + 1)]) expect(says(text)).toBe(parses(text));
      },
    ),
    { numRuns: 3_000 },
  );
});

it('reads nothing beyond the range', () => {
  for (const text of ['[1', '{"a":tru', '"a', '"a\\', '"\\u00', '-', '1.', '1e', '1e+', ''])
    expect(isJson(Buffer.from(`${text}1e"]}00`), 0, text.length)).toBe(parses(text));
});

it('goes thirty-two levels deep', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    expect(says(`${open.repeat(32)}1${close.repeat(32)}`)).toBe(true);
    expect(says(`${open.repeat(33)}1${close.repeat(33)}`)).toBe(false);
    expect(says(open.repeat(200_000))).toBe(false);
  }
});
