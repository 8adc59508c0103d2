import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  baseOf,
  columnsOf,
  FrameBatch,
  isIntact,
  lastTimeOf,
  MAX_FRAME_BYTES,
  MAX_FRAME_RECORDS,
  MAX_TIME_DELTA_MS,
  recordsOf,
  sealFrame,
} from '../../../message-log/embedded/frame.ts';

/** Sensors 7, 8 and 9 with the values `a`, `bc` and `d`, from offset 100 on. */
function frame(): Buffer {
  // Memory with old contents.
  const bytes = Buffer.alloc(32 + 3 * 16 + 4, 0xee);
  columnsOf(bytes, 3).set([7, 8, 9, 0, 5, 2 ** 32 - 1, 0, 1, 3, 1, 3, 4]);
  bytes.write('abcd', 80);
  sealFrame(bytes, 3, 100, 1_000);
  return bytes;
}

const checked = (bytes: Buffer): Buffer => {
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
};

const recordsIn = (batch: FrameBatch) =>
  Array.from({ length: batch.length }, (_, i) => [
    batch.offset(i),
    batch.key(i),
    batch.time(i),
    batch.bytes.toString('utf8', batch.start(i), batch.end(i)),
  ]);

const RECORDS = [
  [100, 7, 1_000, 'a'],
  [101, 8, 1_005, 'bc'],
  [102, 9, 1_000 + 2 ** 32 - 1, 'd'],
];

describe('a frame', () => {
  it('gives its records from any offset on', () => {
    for (const [from, skipped] of [
      [0, 0],
      [100, 0],
      [101, 1],
      [102, 2],
      [103, 3],
    ] as const) {
      const batch = new FrameBatch('OK', 4, frame(), from);
      expect(batch).toMatchObject({ topic: 'OK', partition: 4, length: 3 - skipped, nextOffset: 103 });
      expect(recordsIn(batch)).toEqual(RECORDS.slice(skipped));
    }
  });

  it('says its first offset, the number of records and the time of the last', () => {
    expect([baseOf(frame()), recordsOf(frame()), lastTimeOf(frame())]).toEqual([100, 3, 1_000 + 2 ** 32 - 1]);
  });

  it('is bounded: records and bytes by what a reader gets at once, time by its column', () => {
    expect([MAX_FRAME_RECORDS, MAX_FRAME_BYTES, MAX_TIME_DELTA_MS]).toEqual([8_192, 2 ** 20, 2 ** 32 - 1]);
  });

  it('has the same layout as in earlier versions', () => {
    const bytes = frame();
    expect(bytes.subarray(0, 4).toString('latin1')).toBe('TLF1');
    expect(bytes.subarray(8, 32).toString('hex')).toBe('030000000000000000000000000059400000000000408f40');
    expect(bytes.readUInt32LE(4)).toBe(crc32(bytes.subarray(8)));
  });

  it('is intact only with the right format, checksum and place, and room for its records', () => {
    expect(isIntact(frame(), 100)).toBe(true);
    expect(isIntact(frame(), 101)).toBe(false);
    const empty = Buffer.alloc(32);
    sealFrame(empty, 0, 100, 0);
    expect(isIntact(empty, 100)).toBe(true);
    for (const length of [0, 4, 8, 31]) expect(isIntact(empty.subarray(0, length), 100)).toBe(false);
    const another = frame();
    another.writeUInt32LE(another.readUInt32LE(0) + 1, 0);
    expect(isIntact(another, 100)).toBe(false);
    const [without, one] = [checked(Buffer.from(frame().subarray(0, 79))), checked(Buffer.from(frame().subarray(0, 80)))];
    expect([isIntact(without, 100), isIntact(one, 100)]).toEqual([false, true]);
  });
});
