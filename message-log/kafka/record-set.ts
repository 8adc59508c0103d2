import type { RecordBatch } from '../port.ts';
import type { Topic } from '../../records/topics.ts';
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
} from '../../kafka/wire/batch-format.ts';
import { unpacked } from '../../kafka/wire/compression.ts';
import { readInt64 } from '../../kafka/wire/int64.ts';
import type { AbortedTransaction, RecordSet } from '../../kafka/wire/fetch.ts';
import { VarintReader } from '../../kafka/wire/varint.ts';

/** The key of records whose key isn't a sensor id. */
export const FOREIGN_KEY = -1;

/** The shortest record: its length, attributes, time, offset, lengths of key and value, and number of headers, a byte each. */
const RECORD_BYTES_MIN = 7;

/** Columns of records, reused for one answer after another. */
export class Columns {
  keys = new Int32Array();
  times = new Float64Array();
  offsets = new Float64Array();
  starts = new Int32Array();
  ends = new Int32Array();

  /** Makes room for `count` records, the first `used` of them kept. */
  reserve(count: number, used: number): void {
    if (count <= this.keys.length) return;
    const capacity = Math.max(count, this.keys.length * 2);
    const grown = <A extends Int32Array | Float64Array>(next: A, old: A): A => {
      next.set(old.subarray(0, used));
      return next;
    };
    this.keys = grown(new Int32Array(capacity), this.keys);
    this.times = grown(new Float64Array(capacity), this.times);
    this.offsets = grown(new Float64Array(capacity), this.offsets);
    this.starts = grown(new Int32Array(capacity), this.starts);
    this.ends = grown(new Int32Array(capacity), this.ends);
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

/** The readable part of a set. */
export interface ReadSet {
  readonly batches: readonly FetchedBatch[];
  /** The first batch that is intact but can't be understood; nothing after it was read. */
  readonly unreadable: Unreadable | undefined;
}

export interface Unreadable {
  readonly from: number;
  readonly reason: string;
}

/**
 * The records of a checked set from `position` on, without control records and those of aborted transactions. They are valid until `columns` is used
 * by another call; compressed batches get columns of their own.
 */
export function readRecordSet(topic: Topic, partition: number, set: RecordSet, position: number, columns: Columns): ReadSet {
  const { bytes } = set;
  const aborting = new Aborting(set.aborted);
  const gathered = new Gathered(topic, partition, bytes, position, columns);
  for (let at = set.from; at < set.to; ) {
    const end = at + BEFORE_LENGTH + bytes.readInt32BE(at + LENGTH_AT);
    const base = readInt64(bytes, at);
    const next = base + bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT) + 1;
    const attributes = bytes.readInt16BE(at + ATTRIBUTES_AT);
    const hidden = aborting.hides(bytes, at, next - 1, attributes);
    const compression = attributes & COMPRESSION_MASK;
    if (next > position && !hidden) {
      const reason = compression === 0 ? gathered.plain(at, end, next) : gathered.packed(at, end, next, compression);
      if (reason !== undefined) return { batches: gathered.batches(), unreadable: { from: Math.max(base, position), reason } };
    }
    at = end;
  }
  return { batches: gathered.batches(), unreadable: undefined };
}

/** Collects the records of batches; uncompressed ones that follow each other become one. `plain` and `packed` return why a batch can't be read. */
class Gathered {
  readonly #topic: Topic;
  readonly #partition: number;
  readonly #bytes: Buffer;
  readonly #position: number;
  readonly #batches: FetchedBatch[] = [];
  #columns: Columns;
  #plain: FetchedBatch | undefined;

  constructor(topic: Topic, partition: number, bytes: Buffer, position: number, columns: Columns) {
    this.#topic = topic;
    this.#partition = partition;
    this.#bytes = bytes;
    this.#position = position;
    this.#columns = columns;
  }

  batches(): FetchedBatch[] {
    return this.#batches.filter(({ length }) => length > 0);
  }

  plain(at: number, end: number, next: number): string | undefined {
    const header = { bytes: this.#bytes, at };
    this.#plain ??= this.#open(this.#bytes, next, this.#columns);
    const length = readRecords(header, this.#bytes, at + RECORDS_AT, end, this.#position, this.#columns, this.#plain.length);
    if (typeof length === 'string') return length;
    this.#plain.length = length;
    this.#plain.nextOffset = next;
    return undefined;
  }

  packed(at: number, end: number, next: number, compression: number): string | undefined {
    const records = unpacked(compression, this.#bytes.subarray(at + RECORDS_AT, end));
    if (typeof records === 'string') return records;
    const columns = new Columns();
    const length = readRecords({ bytes: this.#bytes, at }, records, 0, records.length, this.#position, columns, 0);
    if (typeof length === 'string') return length;
    this.#open(records, next, columns).length = length;
    // Later batches can't join the one before this, since order would be lost, and must not overwrite its columns.
    if (this.#plain) this.#columns = new Columns();
    this.#plain = undefined;
    return undefined;
  }

  #open(bytes: Buffer, next: number, columns: Columns): FetchedBatch {
    const batch = new FetchedBatch(this.#topic, this.#partition, bytes, next, columns);
    this.#batches.push(batch);
    return batch;
  }
}

/** The batch whose header is at bytes[at]. */
interface Header {
  readonly bytes: Buffer;
  readonly at: number;
}

/**
 * Appends the records of the batch with that header, which are in source[from, to). Returns the new count, or why they can't be read: a checksum
 * proves that the bytes are what somebody wrote, not that they are records.
 */
function readRecords(
  { bytes: headers, at: header }: Header,
  source: Buffer,
  from: number,
  to: number,
  position: number,
  columns: Columns,
  used: number,
): number | string {
  const base = readInt64(headers, header);
  const appended = (headers.readInt16BE(header + ATTRIBUTES_AT) & LOG_APPEND_TIME) !== 0;
  const baseTime = readInt64(headers, header + (appended ? MAX_TIME_AT : BASE_TIME_AT));
  const count = headers.readInt32BE(header + COUNT_AT);
  if (count < 0 || count * RECORD_BYTES_MIN > to - from) return `${count} records in ${to - from} bytes`;
  columns.reserve(used + count, used);
  const { keys, times, offsets, starts, ends } = columns;
  const reader = new VarintReader(source, from);
  let n = used;
  for (let i = 0; i < count; i += 1) {
    const length = reader.next();
    const end = reader.at + length;
    if (length < RECORD_BYTES_MIN - 1 || end > to) return 'a record that is longer than its batch';
    reader.at += 1;
    const delta = reader.nextLong();
    const offset = base + reader.next();
    if (offset >= position) {
      const keyLength = reader.next();
      keys[n] = sensorOf(source, reader.at, keyLength);
      reader.at += Math.max(0, keyLength);
      const valueLength = Math.max(0, reader.next());
      times[n] = appended ? baseTime : baseTime + delta;
      offsets[n] = offset;
      starts[n] = reader.at;
      ends[n] = reader.at + valueLength;
      n += 1;
      if (reader.at + valueLength > end) return 'a record that is longer than it says';
    }
    reader.at = end;
  }
  return n;
}

/** The sensor id at this place in decimal text, exactly as it is written for partitioning; anything else is foreign. */
function sensorOf(bytes: Buffer, at: number, length: number): number {
  if (length < 1) return FOREIGN_KEY;
  let id = 0;
  for (let i = at; i < at + length; i += 1) {
    const digit = (bytes[i] as number) - 48;
    if (digit < 0 || digit > 9) return FOREIGN_KEY;
    id = id * 10 + digit;
  }
  if (length > 1 && bytes[at] === 48) return FOREIGN_KEY;
  return id <= 0x7f_ff_ff_ff ? id : FOREIGN_KEY;
}

/** Keeps track of aborted transactions while batches pass in offset order. */
class Aborting {
  readonly #begins: readonly AbortedTransaction[];
  readonly #producers = new Set<number>();
  #next = 0;

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#begins = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset);
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
    return (attributes & TRANSACTIONAL) !== 0 && this.#producers.has(readInt64(bytes, at + PRODUCER_ID_AT));
  }
}
