import { describe, expect, it } from 'vitest';
import { sizeOfVarint, sizeOfVarlong, VarintReader, writeVarint, writeVarlong } from '../../../kafka/wire/varint.ts';

/** Values at which another byte is needed, as written by Kafka's Java clients. */
const SHORT: readonly (readonly [number, string])[] = [
  [0, '00'],
  [-1, '01'],
  [1, '02'],
  [63, '7e'],
  [-64, '7f'],
  [64, '8001'],
  [-65, '8101'],
  [8_191, 'fe7f'],
  [-8_192, 'ff7f'],
  [8_192, '808001'],
  [-8_193, '818001'],
  [1_048_575, 'feff7f'],
  [-1_048_576, 'ffff7f'],
  [1_048_576, '80808001'],
  [134_217_727, 'feffff7f'],
  [134_217_728, '8080808001'],
  [2_147_483_647, 'feffffff0f'],
  [-2_147_483_648, 'ffffffff0f'],
];
/** Beyond 32 bits: times. */
const LONG: readonly (readonly [number, string])[] = [
  [2_147_483_648, '8080808010'],
  [-2_147_483_649, '8180808010'],
  [17_179_869_183, 'feffffff7f'],
  [-17_179_869_184, 'ffffffff7f'],
  [17_179_869_184, '808080808001'],
  [2 ** 52, '8080808080808010'],
  [2 ** 52 + 1, '8280808080808010'],
  [-(2 ** 52), 'ffffffffffffff0f'],
];

function written(value: number, write: typeof writeVarint): string {
  const bytes = Buffer.alloc(20);
  return bytes.subarray(1, write(bytes, value, 1)).toString('hex');
}

/** The value and the index after it. */
function read(hex: string, take: (reader: VarintReader) => number): readonly [number, number] {
  const reader = new VarintReader(Buffer.from(`ff${hex}ff`, 'hex'), 1);
  const value = take(reader);
  return [value, reader.at - 1];
}

describe('a varint', () => {
  it.each(SHORT)('of %i is %s', (value, hex) => {
    expect(written(value, writeVarint)).toBe(hex);
    expect(sizeOfVarint(value)).toBe(hex.length / 2);
    expect(read(hex, (reader) => reader.next())).toEqual([value, hex.length / 2]);
  });

  it.each([...SHORT, ...LONG])('of up to 53 bits is %s for %s', (value, hex) => {
    expect(written(value, writeVarlong)).toBe(hex);
    expect(sizeOfVarlong(value)).toBe(hex.length / 2);
    expect(read(hex, (reader) => reader.nextLong())).toEqual([value, hex.length / 2]);
  });
});
