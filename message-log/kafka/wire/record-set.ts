import { gunzipSync } from 'node:zlib';
import { reasonOf } from '../../../runtime/errors.ts';
import type { RecordBatch } from '../../port.ts';
import type { Topic } from '../../topics.ts';
import {
  ATTRIBUTES_AT,
  BASE_TIME_AT,
  BEFORE_LENGTH,
  COMPRESSION_MASK,
  CONTROL,
  COUNT_AT,
  LAST_OFFSET_DELTA_AT,
  LENGTH_AT,
  LOG_APPEND_TIME,
  MAX_TIME_AT,
  PRODUCER_ID_AT,
  RECORDS_AT,
  TRANSACTIONAL,
} from './batch-format.ts';
import { readInt64 } from './int64.ts';
import { VarintReader } from './varint.ts';

/** A producer whose transaction was aborted, from its first offset up to its marker. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** Where the records of a fetch answer stand for one partition: batches in bytes[from, to), the last one perhaps cut off. */
export interface RecordSet {
  readonly bytes: Buffer;
  readonly from: number;
  readonly to: number;
  readonly aborted: readonly AbortedTransaction[];
}

/** The key of records whose key isn't a sensor id. */
export const FOREIGN_KEY = -1;

const GZIP = 1;
const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

/** Columns of records, filled again and again. */
export class Columns {
  #capacity = 0;
  keys = new Int32Array(0);
  times = new Float64Array(0);
  offsets = new Float64Array(0);
  starts = new Int32Array(0);
  ends = new Int32Array(0);

  /** Makes room for `count` records, the first `used` of them kept. */
  reserve(count: number, used: number): void {
    if (count <= this.#capacity) return;
    this.#capacity = Math.max(count, this.#capacity * 2, 64);
    const grown = <A extends Int32Array | Float64Array>(next: A, old: A): A => {
      next.set(old.subarray(0, used));
      return next;
    };
    this.keys = grown(new Int32Array(this.#capacity), this.keys);
    this.times = grown(new Float64Array(this.#capacity), this.times);
    this.offsets = grown(new Float64Array(this.#capacity), this.offsets);
    this.starts = grown(new Int32Array(this.#capacity), this.starts);
    this.ends = grown(new Int32Array(this.#capacity), this.ends);
  }
}

/** Records read in place: `columns` point into `bytes`. */
export class FetchedBatch implements RecordBatch {
  readonly topic: Topic;
  readonly partition: number;
  readonly bytes: Buffer;
  length = 0;
  nextOffset: number;
  readonly #columns: Columns;

  constructor(topic: Topic, partition: number, bytes: Buffer, nextOffset: number, columns: Columns) {
    this.topic = topic;
    this.partition = partition;
    this.bytes = bytes;
    this.nextOffset = nextOffset;
    this.#columns = columns;
  }

  key(i: number): number {
    return this.#columns.keys[i] as number;
  }
  time(i: number): number {
    return this.#columns.times[i] as number;
  }
  offset(i: number): number {
    return this.#columns.offsets[i] as number;
  }
  start(i: number): number {
    return this.#columns.starts[i] as number;
  }
  end(i: number): number {
    return this.#columns.ends[i] as number;
  }
}

/** Called for what can't be read: from (included) to (excluded). */
export type OnUnreadable = (from: number, to: number, reason: string) => void;

/**
 * The records of a set that was checked, from `position` on, without control records and those of aborted transactions. `columns` is used again by the
 * next call; what was compressed gets columns of its own.
 */
export function readRecordSet(
  topic: Topic,
  partition: number,
  set: RecordSet,
  position: number,
  columns: Columns,
  onUnreadable: OnUnreadable,
): FetchedBatch[] {
  const { bytes } = set;
  const batches: FetchedBatch[] = [];
  const aborting = new Aborting(set.aborted);
  let plain: FetchedBatch | undefined;
  let used = 0;
  for (let at = set.from; at + RECORDS_AT <= set.to; ) {
    const end = at + BEFORE_LENGTH + bytes.readInt32BE(at + LENGTH_AT);
    if (end > set.to) break;
    const base = readInt64(bytes, at);
    const next = base + bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT) + 1;
    const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
    const hidden = aborting.hides(bytes, at, next - 1, attributes);
    const compression = attributes & COMPRESSION_MASK;
    if (next > position && !hidden) {
      if (compression === 0) {
        if (!plain) {
          plain = new FetchedBatch(topic, partition, bytes, next, columns);
          batches.push(plain);
          used = 0;
        }
        used = readRecords(bytes, at, bytes, at + RECORDS_AT, position, columns, used);
        plain.length = used;
        plain.nextOffset = next;
      } else if (compression === GZIP) {
        const inflated = unpacked(bytes.subarray(at + RECORDS_AT, end));
        if (typeof inflated === 'string') onUnreadable(base, next, inflated);
        else {
          const own = new Columns();
          const batch = new FetchedBatch(topic, partition, inflated, next, own);
          batch.length = readRecords(bytes, at, inflated, 0, position, own, 0);
          batches.push(batch);
          // What follows stands after this one, so it can't join the batch before; nor may it overwrite that one's columns.
          if (plain) columns = new Columns();
          plain = undefined;
        }
      } else onUnreadable(base, next, `compression ${compression}`);
    }
    at = end;
  }
  return batches.filter(({ length }) => length > 0);
}

/** The records, or why they can't be had. */
function unpacked(packed: Buffer): Buffer | string {
  try {
    return gunzipSync(packed, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (error) {
    return `compressed records: ${reasonOf(error)}`;
  }
}

/** Appends the records of the batch whose header stands at `header` and whose records begin at `source[from]`. Returns the new count. */
function readRecords(
  headers: Buffer,
  header: number,
  source: Buffer,
  from: number,
  position: number,
  columns: Columns,
  used: number,
): number {
  const base = readInt64(headers, header);
  const appended = (headers.readInt16BE(header + ATTRIBUTES_AT) & LOG_APPEND_TIME) !== 0;
  const baseTime = readInt64(headers, header + (appended ? MAX_TIME_AT : BASE_TIME_AT));
  const count = headers.readInt32BE(header + COUNT_AT);
  columns.reserve(used + count, used);
  const { keys, times, offsets, starts, ends } = columns;
  const reader = new VarintReader(source, from);
  let n = used;
  for (let i = 0; i < count; i += 1) {
    const length = reader.next();
    const end = reader.at + length;
    reader.at += 1;
    const delta = reader.nextLong();
    const offset = base + reader.next();
    if (offset >= position) {
      const keyLength = reader.next();
      keys[n] = sensorOf(source, reader.at, keyLength);
      if (keyLength > 0) reader.at += keyLength;
      const valueLength = Math.max(0, reader.next());
      times[n] = appended ? baseTime : baseTime + delta;
      offsets[n] = offset;
      starts[n] = reader.at;
      ends[n] = reader.at + valueLength;
      n += 1;
    }
    reader.at = end;
  }
  return n;
}

/** The sensor id that stands there in decimal text, as it is written for its partition; anything else is foreign. */
function sensorOf(bytes: Buffer, at: number, length: number): number {
  if (length < 1 || length > 10) return FOREIGN_KEY;
  let id = 0;
  for (let i = at; i < at + length; i += 1) {
    const digit = (bytes[i] as number) - 48;
    if (digit < 0 || digit > 9) return FOREIGN_KEY;
    id = id * 10 + digit;
  }
  if (length > 1 && bytes[at] === 48) return FOREIGN_KEY;
  return id <= 0x7f_ff_ff_ff ? id : FOREIGN_KEY;
}

/** Follows which producers' transactions are aborted while batches pass in offset order. */
class Aborting {
  readonly #begins: readonly AbortedTransaction[];
  readonly #producers = new Set<number>();
  #next = 0;

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#begins = aborted.length > 1 ? aborted.toSorted((a, b) => a.firstOffset - b.firstOffset) : aborted;
  }

  /** Whether the batch is a marker or belongs to an aborted transaction. Call it for every batch in order. */
  hides(bytes: Buffer, at: number, lastOffset: number, attributes: number): boolean {
    const begins = this.#begins;
    for (let begin = begins[this.#next]; begin && begin.firstOffset <= lastOffset; begin = begins[this.#next]) {
      this.#producers.add(begin.producerId);
      this.#next += 1;
    }
    if (attributes & CONTROL) {
      this.#producers.delete(readInt64(bytes, at + PRODUCER_ID_AT));
      return true;
    }
    return (attributes & TRANSACTIONAL) !== 0 && this.#producers.size > 0 && this.#producers.has(readInt64(bytes, at + PRODUCER_ID_AT));
  }
}
