import { describe, expect, it } from 'vitest';
import { skipSpace, trimEnd } from '../../../alarm/bytes.ts';

const SPACES = ' \t\r\n';

describe('white space', () => {
  it('is what JSON allows between its tokens, and nothing else', () => {
    const spaces = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => skipSpace(Buffer.of(byte), 0, 1) === 1);
    expect(spaces).toEqual([9, 10, 13, 32]);
  });

  it('is skipped up to the end of the range', () => {
    const bytes = Buffer.from(`${SPACES}x${SPACES}`);
    expect([0, 2, 4].map((from) => skipSpace(bytes, from, 9))).toEqual([4, 4, 4]);
    expect([skipSpace(bytes, 0, 3), skipSpace(bytes, 5, 9), skipSpace(bytes, 5, 5), skipSpace(bytes, 9, 9)]).toEqual([3, 9, 5, 9]);
  });

  it('is cut off at the end of a range, back to its start', () => {
    const bytes = Buffer.from(`${SPACES}x${SPACES}`);
    expect([9, 7, 5].map((end) => trimEnd(bytes, 0, end))).toEqual([5, 5, 5]);
    expect([trimEnd(bytes, 6, 9), trimEnd(bytes, 2, 4), trimEnd(bytes, 4, 4)]).toEqual([6, 2, 4]);
  });
});
