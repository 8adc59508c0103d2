import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from '../../../message-log/partitioning.ts';

/** From UtilsTest of Apache Kafka's Java client. */
const JAVA: readonly (readonly [string, number])[] = [
  ['21', -973_932_308],
  ['foobar', -790_332_482],
  ['a-little-bit-long-string', -985_981_536],
  ['a-little-bit-longer-string', -1_486_304_829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
  ['abc', 479_470_107],
];

describe('partitioning', () => {
  it.each(JAVA)("hashes %s as Kafka's Java clients do", (text, hash) => {
    expect(murmur2(Buffer.from(text), text.length)).toBe(hash);
  });

  it('hashes an id as its decimal text', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.integer({ min: 2, max: 64 }), (key, partitions) => {
        const text = String(key);
        expect(partitionOf(key, partitions)).toBe((murmur2(Buffer.from(text), text.length) & 0x7f_ff_ff_ff) % partitions);
      }),
    );
  });

  it('puts sensor 21 where Kafka puts it', () => {
    expect(partitionOf(21, 10)).toBe((-973_932_308 & 0x7f_ff_ff_ff) % 10);
    expect(partitionOf(21, 1)).toBe(0);
  });
});
