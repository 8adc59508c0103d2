import { createRequire } from 'node:module';
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

  it('puts a sensor where another client of Kafka puts its id in decimal text', () => {
    const another = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2') as (text: string) => number;
    const id = fc.oneof(
      ...Array.from({ length: 10 }, (_, digits) => fc.integer({ min: 10 ** digits, max: Math.min(10 ** (digits + 1), 2 ** 31) - 1 })),
    );
    fc.assert(
      fc.property(id, fc.integer({ min: 2, max: 64 }), (key, partitions) => {
        expect(partitionOf(key, partitions)).toBe((another(String(key)) & 0x7f_ff_ff_ff) % partitions);
      }),
      {
        examples: [
          [0, 2],
          [1, 2],
          [9, 2],
          [10, 3],
          [2 ** 31 - 1, 64],
        ],
        numRuns: 300,
      },
    );
  });

  it('puts sensor 21 where Kafka puts it', () => {
    expect(partitionOf(21, 10)).toBe((-973_932_308 & 0x7f_ff_ff_ff) % 10);
    expect(partitionOf(21, 1)).toBe(0);
  });
});
