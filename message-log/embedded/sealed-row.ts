/**
 * A row of the tree with a checksum over its key and value, so that a flipped bit is noticed when the row is read:
 *   0 mark u32 · 4 crc32 of key and value u32 · 8 value
 */
import { crc32 } from 'node:zlib';

/** `TRW1` */
const MARK = 0x31_57_52_54;
const CRC_AT = 4;
const VALUE_AT = 8;
/** A mark with at most this many flipped bits counts as damaged. No row of an earlier version begins with anything that close to it. */
const CHANGED_BITS_MAX = 3;

export function seal(key: string | number, value: Uint8Array): Buffer {
  const row = Buffer.allocUnsafe(VALUE_AT + value.length);
  row.writeUInt32LE(MARK, 0);
  row.set(value, VALUE_AT);
  row.writeUInt32LE(checksumOf(key, row), CRC_AT);
  return row;
}

/** The value, undefined if it is damaged. A row without the mark is returned as it is: an earlier version wrote it, without a checksum. */
export function unseal(key: string | number, row: Buffer): Buffer | undefined {
  const changed = row.length < VALUE_AT ? Number.POSITIVE_INFINITY : bitsIn(row.readUInt32LE(0) ^ MARK);
  if (changed > CHANGED_BITS_MAX) return row;
  return changed === 0 && row.readUInt32LE(CRC_AT) === checksumOf(key, row) ? row.subarray(VALUE_AT) : undefined;
}

function checksumOf(key: string | number, row: Buffer): number {
  return crc32(row.subarray(VALUE_AT), crc32(String(key)));
}

function bitsIn(word: number): number {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
