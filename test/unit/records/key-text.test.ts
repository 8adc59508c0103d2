import { expect, it } from 'vitest';
import { decimalInto } from '../../../records/key-text.ts';

it.each([0, 1, 9, 10, 11, 19, 90, 99, 100, 101, 999, 1_000, 65_535, 999_999_999, 1_000_000_000, 1_234_567_890, 2 ** 31 - 1])(
  'a sensor %i has the digits that people write',
  (id) => {
    const digits = new Uint8Array(16).fill(0x2e);
    expect(decimalInto(digits, id)).toBe(String(id).length);
    expect(Buffer.from(digits).toString('latin1')).toBe(String(id).padEnd(16, '.'));
  },
);
