import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { unpacked } from '../../../kafka/wire/compression.ts';

/** Statuses packed by other programs, each made with the tool of its codec. */
const STATUSES = `":false,"temperature":25.5,"maxTemperature":30.0}
{"id":72,"motion":false,"smoke":false,"temperature":25.5,"maxTemperature":30.0}
{"id":73,"motion":false,"smoke":false,"temperature":25.5,"maxTemperature":30.0}
{"id":74,"motion":false,"smoke":false,"temperature":25.5,"maxTemperature":30.0}
{"id":75,"`;
const base64 = (text: string): Buffer => Buffer.from(text, 'base64');
const LZ4 = base64(
  'BCJNGGRAp1oAAAD4ESI6ZmFsc2UsInRlbXBlcmF0dXJlIjoyNS41LCJtYXhUFgD1BzMwLjB9CnsiaWQiOjcyLCJtb3Rpb25CAFVzbW9rZQ4AD1AAHR8zUAA8HzRQADpQOjc1LCIAAAAAtUoZFA==',
);
const LZ4_WITH_SUMS = base64(
  'BCJNGHxALAEAAAAAAAD6WgAAAPgRIjpmYWxzZSwidGVtcGVyYXR1cmUiOjI1LjUsIm1heFQWAPUHMzAuMH0KeyJpZCI6NzIsIm1vdGlvbkIAVXNtb2tlDgAPUAAdHzNQADwfNFAAOlA6NzUsImCiuToAAAAAtUoZFA==',
);
const ZSTANDARD = base64(
  'KLUv/WQsAKUCAAQEIjpmYWxzZSwidGVtcGVyYXR1cmUiOjI1LjUsIm1heFQzMC4wfQp7ImlkIjo3MiwibW90aW9uc21va2UzNDUsIgYADFBhQK8pxBBTtAIXDcnNJ4kugqM=',
);
const ZSTANDARD_STREAM = base64(
  'KLUv/QRYpQIABAQiOmZhbHNlLCJ0ZW1wZXJhdHVyZSI6MjUuNSwibWF4VDMwLjB9CnsiaWQiOjcyLCJtb3Rpb25zbW9rZTM0NSwiBgAMUGFArynEEFO0AhcNyc0niS6Cow==',
);
/** Snappy blocks in the stream of Java clients: magic, two versions, then blocks with their lengths. */
function javaStream(...blocks: string[]): Buffer {
  const framed = blocks.map((block) => {
    const packed = snappy.compress(Buffer.from(block));
    return Buffer.concat([Buffer.from([0, 0, packed.length >> 8, packed.length & 255]), packed]);
  });
  return Buffer.concat([Buffer.from('82534e4150505900 00000001 00000001'.replaceAll(' ', ''), 'hex'), ...framed]);
}
const PACKED: readonly (readonly [string, number, Buffer])[] = [
  ['gzip', 1, gzipSync(STATUSES)],
  ['Snappy', 2, snappy.compress(Buffer.from(STATUSES))],
  ['Snappy as a stream of Java', 2, javaStream(STATUSES.slice(0, 100), '', STATUSES.slice(100))],
  ['LZ4', 3, LZ4],
  ['LZ4 with checksums and size', 3, LZ4_WITH_SUMS],
  ['LZ4 in two frames', 3, Buffer.concat([LZ4, LZ4_WITH_SUMS])],
  ['Zstandard', 4, ZSTANDARD],
  ['Zstandard as a stream', 4, ZSTANDARD_STREAM],
];

describe.each(PACKED)('%s', (name, codec, packed) => {
  const times = name.includes('two') ? 2 : 1;

  it('is unpacked', () => {
    expect(unpacked(codec, packed).toString()).toBe(STATUSES.repeat(times));
  });

  it('is not unpacked beyond what is allowed', () => {
    const length = STATUSES.length * times;
    // A Zstandard stream requires a window of 2 MiB, however short it is.
    expect(unpacked(codec, packed, 2 ** 21)).toHaveLength(length);
    expect(unpacked(codec, packed, length - 1)).toEqual(expect.stringContaining('compressed records: '));
  });

  it('is reported as broken if it is truncated or a byte is wrong, and neither hangs nor throws', () => {
    // Without its first eight bytes it is not a stream of a Java client.
    for (let end = name.includes('Java') ? 8 : 0; end < packed.length - 4; end += 1) {
      const cut = unpacked(codec, packed.subarray(0, end));
      if (typeof cut !== 'string') expect(cut.length).toBeLessThan(STATUSES.length * times + 1);
    }
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const wrong = Buffer.from(packed);
        wrong[at] = (wrong[at] ?? 0) ^ flip;
        const result = unpacked(codec, wrong, 100_000);
        expect(result.length).toBeLessThanOrEqual(100_000);
      }),
      { numRuns: 300 },
    );
  });
});

it('names the compression if it is unknown', () => {
  for (const codec of [5, 6, 7]) expect(unpacked(codec, Buffer.alloc(10))).toBe(`compression ${codec} is not known`);
});

it('does not even begin a Zstandard frame that requires more memory than is allowed', () => {
  // A window of 2 GiB.
  expect(unpacked(4, Buffer.from('28b52ffd00a8', 'hex'))).toContain('when unpacked');
});

it.each([
  // The window has eleven bits and more: five of its exponent, three of its eighths.
  ['a window', '00 00', 2 ** 10],
  ['a window and a half', '00 04', 2 ** 10 * 1.5],
  ['a window of all eighths', '00 1f', 2 ** 13 * (15 / 8)],
  ['a window, whatever else is said', '84 50', 2 ** 20],
  ['a window and a dictionary', '01 50 07', 2 ** 20],
  ['a size in a byte', '20 fe', 0xfe],
  ['a size in a byte behind a dictionary of one', '21 01 fe', 0xfe],
  ['a size in a byte behind a dictionary of two', '22 0101 fe', 0xfe],
  ['a size in a byte behind a dictionary of four', '23 01010101 fe', 0xfe],
  ['a size in two bytes', '60 0201', 0x01_02 + 256],
  ['a size in four bytes', 'a0 04030201', 0x01_02_03_04],
  ['a size in eight bytes', 'e0 0500000001000000', 2 ** 32 + 5],
])('a frame of Zstandard with %s needs as much memory as that, and is not begun with less', (_, header, bytes) => {
  const frame = Buffer.from(`28b52ffd${header.replaceAll(' ', '')}`, 'hex');
  expect(unpacked(4, frame, bytes - 1)).toBe(`compressed records: more than ${bytes - 1} bytes when unpacked`);
  if (bytes < 2 ** 31) expect(unpacked(4, frame, bytes)).not.toContain('when unpacked');
});

it('unpacks no more than 64 MiB by default', () => {
  // Windows of 64 MiB, and of an eighth more.
  const [just, more] = ['28b52ffd0080', '28b52ffd0081'].map((frame) => unpacked(4, Buffer.from(frame, 'hex')));
  expect(just).not.toContain('when unpacked');
  expect(more).toBe('compressed records: more than 67108864 bytes when unpacked');
});

it('a truncated Zstandard frame is reported', () => {
  for (const frame of [ZSTANDARD, ZSTANDARD_STREAM])
    for (let end = 0; end < frame.length - 4; end += 1)
      expect(unpacked(4, frame.subarray(0, end))).toEqual(expect.stringContaining('compressed records: '));
});

it('a truncated stream of a Java client is reported', () => {
  const stream = javaStream('abc', 'def');
  expect(unpacked(2, stream.subarray(0, -1))).toBe('compressed records: a truncated block of Snappy');
  expect(unpacked(2, javaStream()).toString()).toBe('');
});
