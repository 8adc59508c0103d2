import { describe, expect, it } from 'vitest';
import { readNumber, scanned } from '../../../alarm/scan-number.ts';

/** The number at the beginning of the text and what follows it; undefined: it isn't certain. */
function read(text: string): [number, string] | undefined {
  const end = readNumber(Buffer.from(text), 0, text.length);
  return end < 0 ? undefined : [scanned[0] as number, text.slice(end)];
}

describe('a number', () => {
  it.each<[string, number, string]>([
    ['0', 0, ''],
    ['7,', 7, ','],
    ['-7}', -7, '}'],
    ['-0', -0, ''],
    ['0.5', 0.5, ''],
    ['-0.05 ', -0.05, ' '],
    ['25.5e3', 25.5, 'e3'],
    ['19:', 19, ':'],
    ['90/', 90, '/'],
    ['1.5.2', 1.5, '.2'],
    ['123456789012345', 123_456_789_012_345, ''],
    ['1.23456789012345', 1.23456789012345, ''],
    ['12345678901234.5', 12_345_678_901_234.5, ''],
  ])('is read from %s', (text, value, rest) => {
    expect(read(text)).toEqual([value, rest]);
  });

  it.each(['', '-', '.', '.5', '..5', '-.5', '5.', '5.,', '01', '00', '-01', '01.5', '+1', 'e', '1234567890123456', '12345678901234.56'])(
    'is left to others where %s stands',
    (text) => {
      expect(read(text)).toBeUndefined();
    },
  );

  it('ends where its range ends', () => {
    const bytes = Buffer.from('x-12.75');
    expect([readNumber(bytes, 1, 6), scanned[0]]).toEqual([6, -12.7]);
    expect([readNumber(bytes, 1, 4), scanned[0]]).toEqual([4, -12]);
    expect([readNumber(bytes, 1, 5), readNumber(bytes, 1, 2), readNumber(bytes, 1, 1)]).toEqual([-1, -1, -1]);
  });
});
