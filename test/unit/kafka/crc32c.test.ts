import { describe, expect, it } from 'vitest';
import { crc32c } from '../../../kafka/wire/crc32c.ts';

/** The checksum computed bit by bit from the polynomial. */
function slowly(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82_f6_3b_78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

describe('the checksum of a batch', () => {
  it.each([
    ['zeros', Buffer.alloc(32), 0x8a_91_36_aa],
    ['ones', Buffer.alloc(32, 0xff), 0x62_a8_ab_43],
    ['bytes that rise', Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46_dd_79_4e],
    ['bytes that fall', Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x11_3f_db_5c],
    ['digits', Buffer.from('123456789'), 0xe3_06_92_83],
    ['nothing', Buffer.alloc(0), 0],
  ])('of %s is the one of RFC 3720', (_, bytes, sum) => {
    expect(crc32c(bytes, 0, bytes.length)).toBe(sum);
  });

  it('is the same wherever the bytes are and however many, whatever surrounds them', () => {
    const bytes = Buffer.from(Array.from({ length: 64 }, (_, i) => (i * 151 + 89) & 0xff)).subarray(3);
    for (let from = 0; from < 10; from += 1)
      for (let to = from; to < from + 40; to += 1) expect(crc32c(bytes, from, to)).toBe(slowly(bytes.subarray(from, to)));
    // Up to the last byte that there is.
    for (let from = 0; from < 20; from += 1) expect(crc32c(bytes, from, bytes.length)).toBe(slowly(bytes.subarray(from)));
  });
});
