import { describe, expect, it } from 'vitest';
import { booleanIn, numberIn, timeIn } from '../../../alarm/field-values.ts';
import { STATUS_BYTES_MAX } from '../../../alarm/status.ts';
import { booleanAt, numberAt, timeAt } from '../../../alarm/value-bytes.ts';
import { random } from './random-messages.ts';

/** Behind something, so that reading before it would show. */
function read(json: string): unknown[] {
  const bytes = Buffer.from(`"7${json}"8`);
  const [start, end] = [2, bytes.length - 2];
  return [booleanAt(bytes, start, end), numberAt(bytes, start, end), timeAt(bytes, start, end)];
}

function expected(json: string): unknown[] {
  const value: unknown = JSON.parse(json);
  return [Number(booleanIn(value) ?? Number.NaN), numberIn(value), timeIn(value)];
}

const PIECES = [
  ...[
    '\\u0074',
    't',
    'rue',
    'f',
    'alse',
    '\\u0020',
    ' ',
    '1',
    '\\u0030',
    '2',
    '.',
    ',',
    '-',
    '+',
    'e',
    '\\u00e9',
    'é',
    '\\n',
    '\\t',
    '\\"',
    '\\\\',
    '\\/',
  ],
  ...['\\u0009', '\\u007F', '\\u0080', '\\u001f', '\\u2003', '2026-03-01T12:00', '\\u005A', 'Z', ':00Z', '\\b', '\\f', '\\r'],
];

describe('a value in a text with escapes', () => {
  it.each([
    ['"\\u0074rue"', [1, Number.NaN, undefined]],
    ['"fals\\u0065 "', [0, Number.NaN, undefined]],
    ['"\\u00200\\u0020 "', [0, 0, 0]],
    ['"2\\u0031,\\u0035"', [Number.NaN, 21.5, 21.5]],
    ['"2026-03-01T12:00\\u005a"', [Number.NaN, Number.NaN, Date.UTC(2026, 2, 1, 12)]],
    ['"\\t1\\n"', [1, 1, 1]],
    ['"tr\\/ue"', [Number.NaN, Number.NaN, undefined]],
    ['"\\"1"', [Number.NaN, Number.NaN, undefined]],
    ['"\\\\1"', [Number.NaN, Number.NaN, undefined]],
    ['"\\u00a01"', [1, 1, 1]],
    ['"\\u01311"', [Number.NaN, Number.NaN, undefined]],
  ])('is what the text says: %s', (json, values) => {
    expect(read(json)).toEqual(values);
    expect(read(json)).toEqual(expected(json));
  });

  it('is the same as if the text were built, however it is put together', () => {
    const next = random(20_261_201);
    for (let i = 0; i < 5_000; i += 1) {
      const json = `"${Array.from({ length: Math.floor(next() * 6) }, () => PIECES[Math.floor(next() * PIECES.length)]).join('')}"`;
      expect([json, ...read(json)]).toEqual([json, ...expected(json)]);
    }
  });

  it('is the same however long the text is', () => {
    for (const spaces of [STATUS_BYTES_MAX - 10, STATUS_BYTES_MAX, 2 * STATUS_BYTES_MAX])
      expect(read(`"${' '.repeat(spaces)}\\u0031"`)).toEqual([1, 1, 1]);
  });
});
