import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cursor } from '../../../../message-log/kafka/cursor.ts';
import { BatchWriter } from '../../../../message-log/kafka/wire/batch-writer.ts';
import { checkSet } from '../../../../message-log/kafka/wire/check-set.ts';
import type { FetchedSet } from '../../../../message-log/kafka/wire/fetch.ts';
import { writeInt64 } from '../../../../message-log/kafka/wire/int64.ts';

const RECORDS = 3;
const BATCHES = 4;

/** Batches of three records each, the first at offset 100. */
function whole(): Buffer {
  const batches = Array.from({ length: BATCHES }, (_, n) => {
    const writer = new BatchWriter();
    for (let i = 0; i < RECORDS; i += 1) {
      const value = Buffer.from(`${n}.${i}`);
      writer.add(7, 1_000, value, 0, value.length);
    }
    const batch = Buffer.from(writer.seal({ producerId: -1, epoch: -1 }, 0, false));
    writeInt64(batch, 100 + n * RECORDS, 0);
    return batch;
  });
  return Buffer.concat(batches);
}

const BATCH_BYTES = whole().length / BATCHES;

function answer(bytes: Buffer): FetchedSet {
  return { topic: 'ENTRY', partition: 0, error: 0, lastStableOffset: 112, aborted: [], bytes, from: 0, to: bytes.length };
}

function damagedAt(byte: number, flip = 0xff): Buffer {
  const bytes = whole();
  bytes[byte] = (bytes[byte] as number) ^ flip;
  return bytes;
}

function valuesOf(cursor: Cursor): string[] {
  return cursor
    .take()
    .flatMap((batch) => Array.from({ length: batch.length }, (_, i) => batch.bytes.toString('utf8', batch.start(i), batch.end(i))));
}

describe('an answer of a broker', () => {
  it('is read up to the first batch in which a byte is wrong, whichever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: BATCHES * BATCH_BYTES - 1 }), fc.integer({ min: 1, max: 255 }), (byte, flip) => {
        const batch = Math.floor(byte / BATCH_BYTES);
        const inBatch = byte % BATCH_BYTES;
        // What stands before is not covered by the checksum; the leader's epoch is nobody's here.
        fc.pre(inBatch >= 16);
        const { next, to } = checkSet(answer(damagedAt(byte, flip)), 100);
        expect({ next, to }).toEqual({ next: 100 + batch * RECORDS, to: batch * BATCH_BYTES });
      }),
      { numRuns: 500 },
    );
  });

  it('that arrives damaged is asked for again, and lost is nothing if it then arrives whole', () => {
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 100);
    const damaged = answer(damagedAt(BATCH_BYTES + 70));
    expect(cursor.arrived(damaged, 100)).toBe('some');
    expect(valuesOf(cursor)).toEqual(['0.0', '0.1', '0.2']);
    expect(cursor.fetchAt).toBe(103);
    const rest = { ...damaged, from: BATCH_BYTES };
    expect(cursor.arrived(rest, 103)).toMatchObject({ reason: 'a wrong checksum' });
    expect(cursor.arrived({ ...answer(whole()), from: BATCH_BYTES }, 103)).toBe('some');
    expect(valuesOf(cursor)).toHaveLength(9);
  });

  it('that stays damaged is passed over, up to the next intact batch, and said to be unreadable', () => {
    const unreadable: unknown[] = [];
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 100);
    cursor.onUnreadable = (...what) => unreadable.push(what);
    const damaged = answer(damagedAt(70));
    for (let n = 0; n < 4; n += 1) expect(cursor.arrived(damaged, 100)).toMatchObject({ resumesAt: 103 });
    expect(cursor.arrived(damaged, 100)).toBe('some');
    expect(valuesOf(cursor)).toEqual([]);
    expect(unreadable).toEqual([[100, 103, 'a wrong checksum']]);
    expect(cursor.arrived({ ...damaged, from: BATCH_BYTES }, 103)).toBe('some');
    expect(valuesOf(cursor)).toHaveLength(9);
    expect(cursor.position).toBe(112);
  });

  it('is never passed over where nothing intact follows', () => {
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 109);
    const last = { ...answer(damagedAt(3 * BATCH_BYTES + 70)), from: 3 * BATCH_BYTES };
    for (let n = 0; n < 20; n += 1) expect(cursor.arrived(last, 109)).toMatchObject({ resumesAt: undefined });
    expect(cursor.fetchAt).toBe(109);
  });

  it('with a length that cannot be ends there', () => {
    const bytes = whole();
    bytes.writeInt32BE(-12, 8);
    expect(checkSet(answer(bytes), 100)).toEqual({
      to: 0,
      next: 100,
      damage: { reason: 'a batch shorter than its header', resumesAt: undefined },
    });
  });
});
