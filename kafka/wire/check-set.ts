import { crc32 } from 'node:zlib';
import { ATTRIBUTES_AT, BEFORE_LENGTH, CRC_AT, LAST_OFFSET_DELTA_AT, LENGTH_AT, MAGIC, MAGIC_AT, RECORDS_AT } from './batch-format.ts';
import { crc32c } from './crc32c.ts';
import { readInt64 } from './int64.ts';
import type { RecordSet } from './fetch.ts';

/** The shortest message of the old format: offset, length, checksum, format, attributes, and the lengths of a key and a value that are null. */
const OLD_BYTES_MIN = 26;

/** How far a set can be read. */
export interface CheckedSet {
  /** Where its intact batches end in the bytes. */
  readonly to: number;
  /** Offset after the last of them, or the position asked for if there is none. */
  readonly next: number;
  readonly damage: Damage | undefined;
  /** Set if what follows them is intact, but in a format that can't be read. */
  readonly oldFormat: string | undefined;
}

/** Why the intact batches of a set end before the set does. */
export interface Damage {
  readonly reason: string;
  /** Offset of the next intact batch; undefined: none was found in this set. */
  readonly resumesAt: number | undefined;
}

interface Batch {
  /** First offset, and the one after the last. */
  readonly base: number;
  readonly next: number;
  readonly end: number;
  readonly fault: string | undefined;
}

/**
 * Verifies the batches of a set: each has a CRC-32C and must follow the one before. The checksum covers neither the first offset nor the length, so
 * after a damaged batch only a batch whose own checksum is right is believed.
 */
export function checkSet(set: RecordSet, position: number): CheckedSet {
  let next = position;
  let at = set.from;
  const ended = (damage?: Damage): CheckedSet => ({ to: at, next, damage, oldFormat: oldFormatAt(set, at) });
  for (let batch = batchAt(set, at); batch; batch = batchAt(set, at)) {
    const fault = batch.fault ?? faultOfPlace(batch, next, at === set.from);
    if (fault !== undefined) return ended({ reason: fault, resumesAt: intactAfter(set, batch, next) });
    next = Math.max(next, batch.next);
    at = batch.end;
  }
  return ended();
}

/** Only the first batch may begin before the position that was asked for. */
function faultOfPlace({ base, next }: Batch, expected: number, first: boolean): string | undefined {
  return (first || base >= expected) && next >= base ? undefined : `offsets ${base} to ${next} after ${expected}`;
}

function intactAfter(set: RecordSet, damaged: Batch, position: number): number | undefined {
  for (let batch = batchAt(set, damaged.end); batch; batch = batchAt(set, batch.end))
    if (batch.fault === undefined && batch.base > position) return batch.base;
  return undefined;
}

/** The batch at this place; undefined: the set ends before or within it. */
function batchAt({ bytes, to }: RecordSet, at: number): Batch | undefined {
  if (at + RECORDS_AT > to) return undefined;
  const base = readInt64(bytes, at);
  const next = base + bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT) + 1;
  const end = at + BEFORE_LENGTH + bytes.readInt32BE(at + LENGTH_AT);
  // Nothing can be found after an impossible length.
  if (end < at + RECORDS_AT) return { base, next, end: to, fault: 'a batch shorter than its header' };
  if (end > to) return undefined;
  return { base, next, end, fault: faultOf(bytes, at, end) };
}

/** Messages from before Kafka 0.11 have a checksum of their own, so that a changed byte isn't mistaken for one. */
function oldFormatAt({ bytes, to }: RecordSet, at: number): string | undefined {
  if (at + OLD_BYTES_MIN > to) return undefined;
  const magic = bytes.readUInt8(at + MAGIC_AT);
  const end = at + BEFORE_LENGTH + bytes.readInt32BE(at + LENGTH_AT);
  if (magic >= MAGIC || end < at + OLD_BYTES_MIN || end > to) return undefined;
  const right = crc32(bytes.subarray(at + MAGIC_AT, end)) === bytes.readUInt32BE(at + BEFORE_LENGTH);
  return right ? `records in format ${magic}, of Kafka before 0.11` : undefined;
}

function faultOf(bytes: Buffer, at: number, end: number): string | undefined {
  if (bytes[at + MAGIC_AT] !== MAGIC) return `record format ${bytes[at + MAGIC_AT]}`;
  return crc32c(bytes, at + ATTRIBUTES_AT, end) === bytes.readUInt32BE(at + CRC_AT) ? undefined : 'a wrong checksum';
}
