import { describe, expect, it } from 'vitest';
import { seal, unseal } from '../../../message-log/embedded/sealed-row.ts';

const VALUES = ['', '{"v":3,"ok":5}', 'x'.repeat(3_000)].map((text) => Buffer.from(text));

describe('a row with a checksum', () => {
  it.each([7, 2 ** 31 - 1, 'smoke-42'])('under key %s gives back what was put into it', (key) => {
    for (const value of VALUES) expect(unseal(key, seal(key, value))).toEqual(value);
  });

  it('is damaged whichever bit of it changes, and wherever it is cut off', () => {
    for (const value of VALUES.slice(0, 2)) {
      const row = seal(7, value);
      for (let bit = 0; bit < row.length * 8; bit += 1) {
        const changed = Buffer.from(row);
        changed[bit >> 3] = (row[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(unseal(7, changed)).toBeUndefined();
      }
      for (let length = 8; length < row.length; length += 1) expect(unseal(7, row.subarray(0, length))).toBeUndefined();
    }
  });

  it("is damaged under another's key", () => {
    expect(unseal(8, seal(7, Buffer.from('x')))).toBeUndefined();
  });

  it.each([
    ['state', Buffer.from('{"v":3,"ok":5}')],
    ['a short one', Buffer.from('{}')],
    ['msgpack', Buffer.from([0x95, 0x01, 0xa1, 0x78, 0xa1, 0x79, 0xa1, 0x7a, 0xc0])],
    ['coordinates', Buffer.from(new Float64Array([48.2, 16.4]).buffer)],
  ])('of an earlier version, %s, is given as it is', (_, row) => {
    expect(unseal(7, row)).toEqual(row);
  });
});
