import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cursor } from '../../../../message-log/kafka/cursor.ts';
import { BatchWriter } from '../../../../kafka/wire/batch-writer.ts';
import { checkSet } from '../../../../kafka/wire/check-set.ts';
import type { FetchedSet } from '../../../../kafka/wire/fetch.ts';
import { ATTRIBUTES_AT, CRC_AT, MAGIC_AT } from '../../../../kafka/wire/batch-format.ts';
import { crc32c } from '../../../../kafka/wire/crc32c.ts';
import { writeInt64 } from '../../../../kafka/wire/int64.ts';

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
        // The bytes before are not covered by the checksum; the leader's epoch isn't used.
        fc.pre(inBatch >= 16);
        const { next, to } = checkSet(answer(damagedAt(byte, flip)), 100);
        expect({ next, to }).toEqual({ next: 100 + batch * RECORDS, to: batch * BATCH_BYTES });
      }),
      { numRuns: 500 },
    );
  });

  it('that arrives damaged is asked for again, and nothing is lost if it then arrives intact', () => {
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

  it('that stays damaged is skipped up to the next intact batch, and reported', () => {
    const unreadable: unknown[] = [];
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 100);
    cursor.onDamaged = (...what) => unreadable.push(what);
    const damaged = answer(damagedAt(70));
    for (let n = 0; n < 4; n += 1) expect(cursor.arrived(damaged, 100)).toMatchObject({ resumesAt: 103 });
    expect(cursor.arrived(damaged, 100)).toBe('some');
    expect(valuesOf(cursor)).toEqual([]);
    expect(unreadable).toEqual([[100, 103, 'a wrong checksum']]);
    expect(cursor.arrived({ ...damaged, from: BATCH_BYTES }, 103)).toBe('some');
    expect(valuesOf(cursor)).toHaveLength(9);
    expect(cursor.position).toBe(112);
  });

  it('is never skipped if nothing intact follows', () => {
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 109);
    const last = { ...answer(damagedAt(3 * BATCH_BYTES + 70)), from: 3 * BATCH_BYTES };
    for (let n = 0; n < 20; n += 1) expect(cursor.arrived(last, 109)).toMatchObject({ resumesAt: undefined });
    expect(cursor.fetchAt).toBe(109);
    expect(cursor.stopped).toContain('ENTRY/0 cannot be read from 109 on: damaged records');
    expect(cursor.arrived({ ...answer(whole()), from: 3 * BATCH_BYTES }, 109)).toBe('some');
    expect(valuesOf(cursor)).toHaveLength(3);
    expect(cursor.stopped).toBeUndefined();
  });

  it('that is intact but cannot be understood stops the partition, which is reported until it can', () => {
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 100);
    const told: (string | undefined)[] = [];
    cursor.onStopped = (problem) => told.push(problem);
    cursor.onDamaged = () => expect.unreachable();
    const unknown = whole();
    unknown[BATCH_BYTES + ATTRIBUTES_AT + 1] = 5;
    unknown.writeUInt32BE(crc32c(unknown, BATCH_BYTES + ATTRIBUTES_AT, 2 * BATCH_BYTES), BATCH_BYTES + CRC_AT);
    for (let n = 0; n < 10; n += 1) {
      cursor.arrived(answer(unknown), cursor.fetchAt);
      expect(valuesOf(cursor)).toEqual(n === 0 ? ['0.0', '0.1', '0.2'] : []);
      expect(cursor).toMatchObject({ position: 103, fetchAt: 103 });
    }
    expect(cursor.behind).toBe(true);
    expect(told).toEqual(['ENTRY/0 cannot be read from 103 on: compression 5 is not known']);
    cursor.arrived(answer(whole()), 103);
    expect(valuesOf(cursor)).toHaveLength(9);
    expect(told.at(-1)).toBeUndefined();
  });

  it.each([0, 1])('in the old format %d is not taken for damage: it stops the partition', (magic) => {
    const cursor = new Cursor('ENTRY', 'ENTRY', 0, 100);
    const old = oldMessage(100, magic);
    for (let n = 0; n < 10; n += 1) expect(cursor.arrived(answer(Buffer.concat([old, whole()])), 100)).toBe('none');
    expect(cursor.stopped).toBe(`ENTRY/0 cannot be read from 100 on: records in format ${magic}, of Kafka before 0.11`);
    expect(cursor.fetchAt).toBe(100);
  });

  it('whose format has changed with a byte is damaged, not old', () => {
    for (const magic of [0, 1, 3, 200]) {
      const bytes = whole();
      bytes[MAGIC_AT] = magic;
      expect(checkSet(answer(bytes), 100)).toMatchObject({ oldFormat: undefined, damage: { resumesAt: 103 } });
    }
  });

  it('ends at an impossible length', () => {
    const bytes = whole();
    bytes.writeInt32BE(-12, 8);
    expect(checkSet(answer(bytes), 100)).toEqual({
      to: 0,
      next: 100,
      damage: { reason: 'a batch shorter than its header', resumesAt: undefined },
    });
  });
});

/** A message from before Kafka 0.11 (magic 0, or 1 with a time): key 7, value `old`. */
function oldMessage(offset: number, magic: number): Buffer {
  const time = magic === 1 ? Buffer.alloc(8) : Buffer.alloc(0);
  const checked = Buffer.concat([Buffer.from([magic, 0]), time, Buffer.from([0, 0, 0, 1, 0x37, 0, 0, 0, 3, ...Buffer.from('old')])]);
  const head = Buffer.alloc(16);
  writeInt64(head, offset, 0);
  head.writeInt32BE(4 + checked.length, 8);
  head.writeUInt32BE(crc32(checked), 12);
  return Buffer.concat([head, checked]);
}
