import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import { unpacked } from '../../../../message-log/kafka/wire/compression.ts';

/** Statuses as others pack them, each made by the tool of its codec. */
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
const PACKED: readonly (readonly [string, number, Buffer])[] = [
  ['gzip', 1, gzipSync(STATUSES)],
  ['Snappy', 2, snappy.compress(Buffer.from(STATUSES))],
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
    // A stream of Zstandard wants a window of 2 MiB, however little there is in it.
    expect(unpacked(codec, packed, 2 ** 21)).toHaveLength(length);
    expect(unpacked(codec, packed, length - 1)).toEqual(expect.stringContaining('compressed records: '));
  });

  it('says so where it is cut off or a byte is wrong, and neither hangs nor throws', () => {
    for (let end = 0; end < packed.length - 4; end += 1) {
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

it('says which compression it does not know', () => {
  for (const codec of [5, 6, 7]) expect(unpacked(codec, Buffer.alloc(10))).toBe(`compression ${codec} is not known`);
});

it('does not even begin with a frame of Zstandard that wants more memory than is allowed', () => {
  // A window of 2 GiB.
  expect(unpacked(4, Buffer.from('28b52ffd00a8', 'hex'))).toContain('when unpacked');
});
