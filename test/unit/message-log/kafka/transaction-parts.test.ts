import { describe, expect, it } from 'vitest';
import { TransactionParts } from '../../../../message-log/kafka/transaction-parts.ts';
import { Columns, FOREIGN_KEY, readRecordSet } from '../../../../message-log/kafka/record-set.ts';

const MIB = 1024 * 1024;

/** The content of a transaction: a line for each batch, with key, time and value of its records. */
function written(parts: TransactionParts) {
  return parts.parts('t-', 5).map(({ topic, partition, batches }) => ({
    topic,
    partition,
    batches: batches.map((writer) => {
      const bytes = writer.seal({ producerId: 1, epoch: 0 }, 0, true);
      const set = readRecordSet('ALARM', 0, { bytes, from: 0, to: bytes.length, aborted: [] }, 0, new Columns());
      return set.batches.flatMap((batch) =>
        Array.from({ length: batch.length }, (_, i) => [
          batch.key(i),
          batch.time(i),
          batch.bytes.toString('utf8', batch.start(i), batch.end(i)),
        ]),
      );
    }),
  }));
}

const alarm = (value: Buffer) => ({ topic: 'ALARM', key: 7, at: 1_000, value }) as const;

describe('what a transaction writes', () => {
  it('is gathered by topic, in order, with the state of sensors and other things', () => {
    const parts = new TransactionParts();
    parts.add(alarm(Buffer.from('one')));
    parts.change(7, 1_001, Buffer.from('state'));
    parts.change('positions', 1_002, Buffer.from('{}'));
    parts.change(8, 1_003, null);
    parts.add(alarm(Buffer.from('two')));
    expect(written(parts)).toEqual([
      {
        topic: 't-ALARM',
        partition: 5,
        batches: [
          [
            [7, 1_000, 'one'],
            [7, 1_000, 'two'],
          ],
        ],
      },
      {
        topic: 't-STATE',
        partition: 5,
        batches: [
          [
            [7, 1_001, 'state'],
            [FOREIGN_KEY, 1_002, '{}'],
            [8, 1_003, ''],
          ],
        ],
      },
    ]);
  });

  it('goes into batches of a mebibyte, unless a single record is larger', () => {
    const parts = new TransactionParts();
    const one = Buffer.alloc(10);
    parts.add(alarm(one));
    const [size] = parts.parts('', 0)[0]?.batches.map((batch) => batch.size) ?? [];
    parts.add(alarm(Buffer.alloc(MIB - (size ?? 0))));
    parts.add(alarm(one));
    parts.add(alarm(Buffer.alloc(2 * MIB)));
    parts.add(alarm(Buffer.alloc(MIB - (size ?? 0) + 1)));
    expect(parts.parts('', 0)[0]?.batches.map(({ count }) => count)).toEqual([2, 1, 1, 1]);
  });

  it('is nothing if nothing was added', () => {
    expect(new TransactionParts().parts('t-', 1)).toEqual([]);
  });
});
