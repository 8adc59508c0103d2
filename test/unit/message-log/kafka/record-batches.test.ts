import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import snappy from 'snappyjs';
import { describe, expect, it } from 'vitest';
import {
  ATTRIBUTES_AT,
  CONTROL,
  COUNT_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  LOG_APPEND_TIME,
  MAX_TIME_AT,
  RECORDS_AT,
} from '../../../../kafka/wire/batch-format.ts';
import { BatchWriter } from '../../../../kafka/wire/batch-writer.ts';
import { checkSet } from '../../../../kafka/wire/check-set.ts';
import { crc32c } from '../../../../kafka/wire/crc32c.ts';
import { writeInt64 } from '../../../../kafka/wire/int64.ts';
import type { AbortedTransaction } from '../../../../kafka/wire/fetch.ts';
import { Columns, readRecordSet } from '../../../../message-log/kafka/record-set.ts';

interface Rec {
  readonly key: number | string;
  readonly at: number;
  readonly value: string;
}

/** A batch as the broker stores it: its base offset filled in. */
function stored(base: number, records: readonly Rec[], { producerId = -1, transactional = false } = {}): Buffer {
  const writer = new BatchWriter();
  for (const { key, at, value } of records) {
    const bytes = Buffer.from(value);
    if (typeof key === 'number') writer.add(key, at, bytes, 0, bytes.length);
    else writer.addText(key, at, bytes);
  }
  const batch = Buffer.from(writer.seal({ producerId, epoch: 0 }, 0, transactional));
  writeInt64(batch, base, 0);
  return batch;
}

/** The batch with its checksum corrected after a change. */
function sealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch, ATTRIBUTES_AT, batch.length), CRC_AT);
  return batch;
}

function marker(base: number, producerId: number): Buffer {
  const batch = stored(base, [{ key: 'marker', at: 0, value: '' }], { producerId, transactional: true });
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | CONTROL, ATTRIBUTES_AT);
  return sealed(batch);
}

function read(batches: readonly Buffer[], position = 0, aborted: readonly AbortedTransaction[] = []) {
  const bytes = Buffer.concat([Buffer.from('before'), ...batches]);
  const set = { bytes, from: 6, to: bytes.length, aborted };
  const { to, next } = checkSet(set, position);
  const { batches: found, unreadable } = readRecordSet('ENTRY', 3, { ...set, to }, position, new Columns());
  const records = found.flatMap((batch) =>
    Array.from({ length: batch.length }, (_, i) => ({
      offset: batch.offset(i),
      key: batch.key(i),
      at: batch.time(i),
      value: batch.bytes.toString('utf8', batch.start(i), batch.end(i)),
    })),
  );
  const places = found.map((batch) => [batch.topic, batch.partition, batch.nextOffset]);
  return { records, unreadable, next, places };
}

function packed(base: number, values: string[], codec: number, pack: (bytes: Buffer) => Uint8Array, by = {}): Buffer {
  const records = values.map((value) => ({ key: 2, at: 9, value }));
  return packedOf(base, records, codec, pack, by);
}

function packedOf(base: number, records: readonly Rec[], codec: number, pack: (bytes: Buffer) => Uint8Array, by = {}): Buffer {
  const whole = stored(base, records, by);
  const batch = Buffer.concat([whole.subarray(0, RECORDS_AT), pack(whole.subarray(RECORDS_AT))]);
  batch.writeInt32BE(batch.length - 12, LENGTH_AT);
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | codec, ATTRIBUTES_AT);
  return sealed(batch);
}

const ofValues = (...values: string[]): Rec[] => values.map((value) => ({ key: 1, at: 9, value }));
const plain = (base: number, value: string): Buffer => stored(base, ofValues(value));

/** Snappy as Java clients write it: a stream of blocks with their lengths. */
function asJavaStream(bytes: Buffer): Buffer {
  const blocks = [bytes.subarray(0, 5), bytes.subarray(5)].map((block) => snappy.compress(block));
  const framed = blocks.flatMap((block) => [Buffer.from([0, 0, 0, block.length]), block]);
  return Buffer.concat([Buffer.from([0x82, ...Buffer.from('SNAPPY'), 0, 0, 0, 0, 1, 0, 0, 0, 1]), ...framed]);
}

/** As stored by a broker whose topic has `message.timestamp.type=LogAppendTime`. */
function appendedAt(time: number, batch: Buffer): Buffer {
  batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES_AT) | LOG_APPEND_TIME, ATTRIBUTES_AT);
  writeInt64(batch, time, MAX_TIME_AT);
  return sealed(batch);
}

function counting(batch: Buffer, count: number): Buffer {
  batch.writeInt32BE(count, COUNT_AT);
  return batch;
}

/** With its length corrected. */
function ofLength(batch: Buffer): Buffer {
  batch.writeInt32BE(batch.length - 12, LENGTH_AT);
  return batch;
}

function withByte(batch: Buffer, at: number, byte: number): Buffer {
  batch[at] = byte;
  return batch;
}

const record = fc.record({
  key: fc.integer({ min: 0, max: 0x7f_ff_ff_ff }),
  at: fc.integer({ min: 0, max: 4e12 }),
  value: fc.string({ maxLength: 300 }),
});

describe('record batches', () => {
  it('give back what was written, whatever it was', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 200 }), fc.integer({ min: 0, max: 2 ** 50 }), (records, base) => {
        const { records: found, next } = read([stored(base, records)], base);
        expect(found).toEqual(records.map((r, i) => ({ ...r, offset: base + i })));
        expect(next).toBe(base + records.length);
      }),
      { numRuns: 50 },
    );
  });

  it('have the checksum that Kafka requires', () => {
    expect(crc32c(Buffer.from('123456789'), 0, 9)).toBe(0xe3_06_92_83);
    const long = Buffer.from(Array.from({ length: 1_003 }, (_, i) => i & 0xff));
    let slow = -1;
    for (const byte of long) {
      slow ^= byte;
      for (let bit = 0; bit < 8; bit += 1) slow = slow & 1 ? (slow >>> 1) ^ 0x82_f6_3b_78 : slow >>> 1;
    }
    expect(crc32c(long, 0, long.length)).toBe(~slow >>> 0);
  });

  it('may begin before the position, and be cut off by the end of the answer', () => {
    const of = (...values: string[]) => values.map((value) => ({ key: 1, at: 5, value }));
    const whole = [stored(10, of('a', 'b', 'c')), stored(13, of('d'))];
    expect(read(whole, 12).records.map(({ offset, value }) => [offset, value])).toEqual([
      [12, 'c'],
      [13, 'd'],
    ]);
    const cut = read([stored(10, of('a')), stored(11, of('b')).subarray(0, -1)], 10);
    expect(cut.records.map(({ value }) => value)).toEqual(['a']);
    expect(cut.next).toBe(11);
    expect(read([stored(10, of('a')).subarray(0, 40)], 10)).toMatchObject({ records: [], next: 10 });
  });

  it('report keys that are not exactly a sensor id as foreign', () => {
    const keys = ['', 'x', '007', '00', '01', '+1', '-1', '2147483648', '12345678901', '9'.repeat(400), ' 1', '1 ', '1.0', '1:', '1/'];
    const { records } = read([
      stored(
        0,
        [...keys, '0', '2147483647'].map((key) => ({ key, at: 0, value: '' })),
      ),
    ]);
    expect(records.map(({ key }) => key)).toEqual([...keys.map(() => -1), 0, 2_147_483_647]);
  });

  it('hide markers and aborted transactions, even of alternating producers', () => {
    const by = (producerId: number, base: number, value: string) =>
      stored(base, [{ key: 1, at: 0, value }], { producerId, transactional: true });
    const batches = [
      by(7, 0, 'aborted'),
      by(8, 1, 'committed'),
      by(9, 2, 'aborted'),
      marker(3, 7),
      by(7, 4, 'committed later'),
      by(9, 5, 'aborted'),
      marker(6, 9),
      marker(7, 8),
      stored(8, [{ key: 1, at: 0, value: 'plain' }], { producerId: 7 }),
    ];
    const aborted = [
      { producerId: 9, firstOffset: 2 },
      { producerId: 7, firstOffset: 0 },
    ];
    const { records, next } = read(batches, 0, aborted);
    expect(records.map(({ value }) => value)).toEqual(['committed', 'committed later', 'plain']);
    expect(next).toBe(9);
  });

  it('of one producer are shown before its aborted transaction, and after it', () => {
    const by = (base: number, value: string) => stored(base, ofValues(value), { producerId: 7, transactional: true });
    const outside = stored(3, ofValues('outside'), { producerId: 7 });
    const batches = [by(0, 'a'), marker(1, 7), by(2, 'x'), outside, by(4, 'x'), marker(5, 7), by(6, 'b'), marker(7, 7)];
    const { records } = read(batches, 0, [{ producerId: 7, firstOffset: 2 }]);
    expect(records.map(({ value }) => value)).toEqual(['a', 'outside', 'b']);
  });

  it('are unpacked in their place, each by the codec that it names', () => {
    const batches = [
      plain(0, 'a'),
      packed(1, ['b', 'c'], 1, gzipSync),
      plain(3, 'd'),
      packed(4, ['e'], 2, (bytes) => snappy.compress(bytes)),
      packed(5, ['f'], 2, asJavaStream),
      plain(6, 'g'),
    ];
    expect(read(batches)).toMatchObject({ records: [...'abcdefg'].map((value, offset) => ({ offset, value })), unreadable: undefined });
    // Unpacked ones that follow each other become one.
    expect(read([...batches, plain(7, 'h')]).places).toEqual([1, 3, 4, 5, 6, 8].map((next) => ['ENTRY', 3, next]));
    // The position is in the middle of a packed one.
    expect(
      read(batches.slice(1), 2)
        .records.map(({ value }) => value)
        .join(''),
    ).toBe('cdefg');
  });

  describe('give each record', () => {
    const times = [1_764_000_000_000, 1_763_999_999_000, 1_764_000_060_000];
    const records = times.map((at) => ({ key: 1, at, value: '{}' }));
    const timesOf = (batch: Buffer) => read([batch]).records.map(({ at }) => at);
    const each: [string, () => Buffer][] = [
      ['not packed', () => stored(0, records)],
      ['of gzip', () => packedOf(0, records, 1, gzipSync)],
      ['of Snappy', () => packedOf(0, records, 2, (bytes) => snappy.compress(bytes))],
      ['of a transaction', () => stored(0, records, { producerId: 7, transactional: true })],
    ];

    it.each(each)('its own time: batches %s', (_, batch) => {
      expect(timesOf(batch())).toEqual(times);
    });

    it.each(each)("the broker's time, where the broker sets it: batches %s", (_, batch) => {
      expect(timesOf(appendedAt(1_764_000_099_000, batch()))).toEqual(times.map(() => 1_764_000_099_000));
    });
  });

  it.each([
    ['a codec that is not known', () => packed(1, ['b'], 5, (bytes) => bytes), /^compression 5 is not known$/],
    ['what is no gzip', () => packed(1, ['b'], 1, () => Buffer.alloc(20)), /^compressed records: /],
    ['what is no Snappy', () => packed(1, ['b'], 2, () => Buffer.from([200, 1, 0xff, 0xff])), /^compressed records: /],
    ['what is no LZ4', () => packed(1, ['b'], 3, (bytes) => bytes), /^compressed records: /],
    ['what is no Zstandard', () => packed(1, ['b'], 4, (bytes) => bytes), /^compressed records: /],
    ['nothing, packed', () => packed(1, ['b'], 4, () => Buffer.alloc(0)), /^compressed records: /],
    ['fewer records than it says', () => sealed(counting(plain(1, 'b'), 2)), /^2 records in 9 bytes$/],
    ['a part of the records that it says', () => sealed(counting(stored(1, ofValues('b', 'cdefghij')), 3)), /longer than its batch/],
    ['less than no records', () => sealed(counting(plain(1, 'b'), -1)), /^-1 records in 9 bytes$/],
    ['more records than there can be', () => sealed(counting(plain(1, 'b'), 2 ** 31 - 1)), /^2147483647 records in 9 bytes$/],
    ['fewer packed records than it says', () => sealed(counting(packed(1, ['b'], 1, gzipSync), 2)), /^2 records in 9 bytes$/],
    ['a record that it does not', () => sealed(ofLength(counting(plain(1, 'b').subarray(0, RECORDS_AT), 1))), /^1 records in 0 bytes$/],
    ['a record longer than its batch', () => sealed(withByte(plain(1, 'b'), RECORDS_AT, 2 * 9)), /longer than its batch/],
    ['a record shorter than any', () => sealed(withByte(plain(1, 'b'), RECORDS_AT, 2 * 5)), /longer than its batch/],
    ['a value longer than its record', () => sealed(withByte(plain(1, 'b'), RECORDS_AT + 6, 2 * 3)), /longer than it says/],
  ])('that hold %s end the readable part, and nothing after them is given', (_, batch, reason) => {
    const { records, unreadable } = read([plain(0, 'a'), batch(), plain(4, 'c')]);
    expect(records.map(({ value }) => value)).toEqual(['a']);
    expect(unreadable).toEqual({ from: 1, reason: expect.stringMatching(reason) });
    // At the end, with a position after its beginning.
    expect(read([batch()], 1).unreadable).toMatchObject({ from: 1 });
    // Batches before the position need not be understood.
    const after = 1 + batch().readInt32BE(LAST_OFFSET_DELTA_AT) + 1;
    expect(read([batch(), plain(4, 'c')], after)).toMatchObject({ records: [{ value: 'c' }], unreadable: undefined });
  });

  it('that cannot be understood end the set at the position that was asked for, even if they begin before it', () => {
    const batch = packed(1, ['b', 'c', 'd'], 5, (bytes) => bytes);
    expect(read([batch], 2).unreadable).toMatchObject({ from: 2 });
  });

  it('have records as short as can be', () => {
    // Length 6, attributes, time, offset, no key, no value, no headers.
    const records = Buffer.from('0c000000010100'.repeat(3), 'hex');
    const bytes = ofLength(counting(Buffer.concat([plain(5, 'b').subarray(0, RECORDS_AT), records]), 3));
    expect(read([sealed(bytes)], 5).records).toEqual(Array(3).fill({ offset: 5, key: -1, at: 9, value: '' }));
  });

  it('are read even if a careless program has omitted the number of headers', () => {
    const records = Buffer.from('0c00000001 02 62'.replaceAll(' ', ''), 'hex');
    const bytes = ofLength(Buffer.concat([plain(5, 'b').subarray(0, RECORDS_AT), records]));
    expect(read([sealed(bytes)], 5).records).toEqual([{ offset: 5, key: -1, at: 9, value: 'b' }]);
  });

  it('are kept while the columns grow', () => {
    const batches = Array.from({ length: 50 }, (_, n) => stored(n * 7, ofValues(...[0, 1, 2, 3, 4, 5, 6].map((i) => `${n * 7 + i}`))));
    const { records, places } = read(batches);
    expect(records).toEqual(Array.from({ length: 350 }, (_, n) => ({ offset: n, key: 1, at: 9, value: String(n) })));
    expect(places).toEqual([['ENTRY', 3, 350]]);
  });

  it('of aborted transactions need not be understood', () => {
    const aborted = packed(0, ['x'], 7, (bytes) => bytes, { producerId: 7, transactional: true });
    const { records, unreadable } = read([aborted, marker(1, 7), plain(2, 'a')], 0, [{ producerId: 7, firstOffset: 0 }]);
    expect(records.map(({ value }) => value)).toEqual(['a']);
    expect(unreadable).toBeUndefined();
  });

  it('may have been emptied by compaction, and are then skipped', () => {
    const emptied = stored(20, [{ key: 1, at: 0, value: '' }]).subarray(0, RECORDS_AT);
    emptied.writeInt32BE(RECORDS_AT - 12, LENGTH_AT);
    emptied.writeInt32BE(4, LAST_OFFSET_DELTA_AT);
    emptied.writeInt32BE(0, RECORDS_AT - 4);
    expect(read([sealed(emptied)], 20)).toEqual({ records: [], next: 25, unreadable: undefined, places: [] });
  });
});
