import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ATTRIBUTES_AT, CRC_AT, LAST_OFFSET_DELTA_AT, LENGTH_AT, RECORDS_AT } from '../../../kafka/wire/batch-format.ts';
import { BatchWriter } from '../../../kafka/wire/batch-writer.ts';
import { checkSet } from '../../../kafka/wire/check-set.ts';
import { crc32c } from '../../../kafka/wire/crc32c.ts';
import { writeInt64 } from '../../../kafka/wire/int64.ts';

/** A batch of that many offsets. */
function batch(base: number, offsets = 1): Buffer {
  const writer = new BatchWriter();
  writer.addText('k', 0, Buffer.from('v'));
  const bytes = Buffer.from(writer.seal({ producerId: -1, epoch: -1 }, 0, false));
  writeInt64(bytes, base, 0);
  bytes.writeInt32BE(offsets - 1, LAST_OFFSET_DELTA_AT);
  return sealed(bytes);
}

function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT, bytes.length), CRC_AT);
  return bytes;
}

/** A batch of which compaction has left only the header. */
function emptied(base: number, offsets: number): Buffer {
  const bytes = Buffer.from(batch(base, offsets).subarray(0, RECORDS_AT));
  bytes.writeInt32BE(RECORDS_AT - 12, LENGTH_AT);
  return sealed(bytes);
}

function damaged(base: number): Buffer {
  const bytes = batch(base);
  bytes.writeUInt8(bytes.readUInt8(RECORDS_AT) ^ 1, RECORDS_AT);
  return bytes;
}

/** Checks a set after other bytes of the answer, and before others or at its end, which makes no difference. */
function check(position: number, ...batches: Buffer[]) {
  const set = Buffer.concat(batches);
  const [last, amid] = [0, 200].map((after) => {
    const bytes = Buffer.concat([Buffer.alloc(5, 2), set, Buffer.alloc(after, 2)]);
    const { to, ...rest } = checkSet({ bytes, from: 5, to: 5 + set.length, aborted: [] }, position);
    return { ...rest, bytes: to - 5 };
  });
  expect(last).toEqual(amid);
  return last ?? expect.unreachable();
}

const LENGTH = batch(0).length;
const wrongPlace = (base: number, next: number, after: number) => `offsets ${base} to ${next} after ${after}`;

describe('batches of an answer', () => {
  it('follow each other, even over offsets that compaction has removed', () => {
    expect(check(10, batch(10), batch(11, 3), batch(20))).toEqual({ next: 21, damage: undefined, oldFormat: undefined, bytes: 3 * LENGTH });
    expect(check(10, emptied(10, 5))).toMatchObject({ next: 15, damage: undefined, bytes: RECORDS_AT });
    expect(check(10)).toMatchObject({ next: 10, damage: undefined, bytes: 0 });
  });

  it('may begin before the position that was asked for only in the first one', () => {
    expect(check(10, batch(8, 5))).toMatchObject({ next: 13, damage: undefined });
    // The broker may send one that ends before the position.
    expect(check(10, batch(8))).toMatchObject({ next: 10, damage: undefined, bytes: LENGTH });
    expect(check(10, batch(10, 2), batch(11))).toMatchObject({
      next: 12,
      bytes: LENGTH,
      damage: { reason: wrongPlace(11, 12, 12), resumesAt: undefined },
    });
  });

  it('never end before they begin', () => {
    expect(check(10, batch(10, 0), batch(11))).toMatchObject({ next: 12, damage: undefined });
    expect(check(10, batch(10, -1), batch(11))).toMatchObject({ damage: { reason: wrongPlace(10, 9, 10), resumesAt: 11 } });
  });

  it('may be incomplete at the end of the answer', () => {
    for (const length of [1, 20, 21, 22, RECORDS_AT - 1, RECORDS_AT, LENGTH - 1])
      expect(check(10, batch(10), batch(11).subarray(0, length))).toEqual({
        next: 11,
        damage: undefined,
        oldFormat: undefined,
        bytes: LENGTH,
      });
  });
});

describe('after damage', () => {
  it('reading continues at the next intact and later batch', () => {
    expect(check(10, damaged(10), batch(11))).toMatchObject({ next: 10, bytes: 0, damage: { reason: 'a wrong checksum', resumesAt: 11 } });
    expect(check(10, damaged(10), damaged(11), batch(12), batch(13)).damage?.resumesAt).toBe(12);
    expect(check(10, damaged(10), batch(10), batch(9), batch(15)).damage?.resumesAt).toBe(15);
    expect(check(10, damaged(10), damaged(11)).damage?.resumesAt).toBeUndefined();
  });

  it('in a length nothing after it is found', () => {
    const short = batch(10);
    short.writeInt32BE(RECORDS_AT - 13, LENGTH_AT);
    expect(check(10, short, batch(11)).damage).toEqual({ reason: 'a batch shorter than its header', resumesAt: undefined });
  });

  it('in the format field, the reason names the format', () => {
    const unknown = batch(10);
    unknown[16] = 3;
    expect(check(10, unknown, batch(11)).damage).toEqual({ reason: 'record format 3', resumesAt: 11 });
  });
});

describe('records in an old format', () => {
  /** The shortest message, with key and value null. */
  function old(magic: number): Buffer {
    const checked = Buffer.from([magic, 0, ...(magic === 1 ? Buffer.alloc(8) : []), 255, 255, 255, 255, 255, 255, 255, 255]);
    const bytes = Buffer.concat([Buffer.alloc(16), checked]);
    bytes.writeInt32BE(4 + checked.length, LENGTH_AT);
    bytes.writeUInt32BE(crc32(checked), 12);
    return bytes;
  }

  it.each([0, 1])('%i are recognised, even if there are no others', (magic) => {
    const words = `records in format ${magic}, of Kafka before 0.11`;
    expect(check(0, old(magic))).toMatchObject({ next: 0, bytes: 0, oldFormat: words });
    expect(check(0, batch(0), old(magic))).toMatchObject({ next: 1, bytes: LENGTH, damage: undefined, oldFormat: words });
  });

  it('are not recognised if they are incomplete, have another checksum or name another format', () => {
    const whole = old(1);
    expect(check(0, whole.subarray(0, -1)).oldFormat).toBeUndefined();
    whole.writeUInt8(1, 20);
    expect(check(0, whole).oldFormat).toBeUndefined();
    const later = old(0);
    later[16] = 2;
    later.writeUInt32BE(crc32(later.subarray(16)), 12);
    expect(check(0, later).oldFormat).toBeUndefined();
    const nothing = old(0);
    nothing.writeInt32BE(4, LENGTH_AT);
    nothing.writeUInt32BE(0, 12);
    expect(check(0, nothing).oldFormat).toBeUndefined();
  });
});
