import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  BASE_TIME_AT,
  BEFORE_LENGTH,
  COUNT_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  MAGIC,
  MAGIC_AT,
  MAX_TIME_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORDS_AT,
  TRANSACTIONAL,
} from './batch-format.ts';
import { decimalInto } from '../../records/key-text.ts';
import { crc32c } from './crc32c.ts';
import { writeInt64 } from './int64.ts';
import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.ts';

/** The producer as brokers know it: they take a batch of one producer, partition and sequence number only once. */
export interface ProducerIdentity {
  readonly producerId: number;
  readonly epoch: number;
}

const FIRST_CAPACITY = 4 * 1024;

/** One record batch, encoded record by record as records are added. */
export class BatchWriter {
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
  #end = RECORDS_AT;
  #count = 0;
  #baseTime = 0;
  #maxTime = 0;
  #key = Buffer.alloc(16);

  get count(): number {
    return this.#count;
  }

  /** Bytes, the header included. */
  get size(): number {
    return this.#end;
  }

  /** Adds a record whose key is the sensor id in decimal text. */
  add(key: number, at: number, source: Uint8Array, start: number, end: number): void {
    const length = key < 0 ? this.#key.write(String(key), 'latin1') : decimalInto(this.#key, key);
    this.#add(this.#key, length, at, source, start, end);
  }

  /** Adds a record whose key is text; null removes the key from a compacted topic. */
  addText(key: string, at: number, value: Uint8Array | null): void {
    const text = Buffer.from(key);
    this.#add(text, text.length, at, value, 0, value?.length ?? 0);
  }

  /** The finished batch; valid until the writer is reset. */
  seal({ producerId, epoch }: ProducerIdentity, sequence: number, transactional: boolean): Buffer {
    const bytes = this.#bytes;
    writeInt64(bytes, 0, 0);
    bytes.writeInt32BE(this.#end - BEFORE_LENGTH, LENGTH_AT);
    bytes.writeInt32BE(-1, LEADER_EPOCH_AT);
    bytes[MAGIC_AT] = MAGIC;
    bytes.writeInt16BE(transactional ? TRANSACTIONAL : 0, ATTRIBUTES_AT);
    bytes.writeInt32BE(this.#count - 1, LAST_OFFSET_DELTA_AT);
    writeInt64(bytes, this.#baseTime, BASE_TIME_AT);
    writeInt64(bytes, this.#maxTime, MAX_TIME_AT);
    writeInt64(bytes, producerId, PRODUCER_ID_AT);
    bytes.writeInt16BE(epoch, PRODUCER_EPOCH_AT);
    bytes.writeInt32BE(sequence, BASE_SEQUENCE_AT);
    bytes.writeInt32BE(this.#count, COUNT_AT);
    bytes.writeUInt32BE(crc32c(bytes, ATTRIBUTES_AT, this.#end), CRC_AT);
    return bytes.subarray(0, this.#end);
  }

  /** Starts over in the same memory. */
  reset(): void {
    this.#end = RECORDS_AT;
    this.#count = 0;
  }

  #add(key: Buffer, keyLength: number, at: number, source: Uint8Array | null, start: number, end: number): void {
    if (this.#count === 0) {
      this.#baseTime = at;
      this.#maxTime = at;
    } else this.#maxTime = Math.max(this.#maxTime, at);
    const valueLength = end - start;
    const delta = at - this.#baseTime;
    const storedLength = source ? valueLength : -1;
    const length =
      2 + sizeOfVarlong(delta) + sizeOfVarint(this.#count) + sizeOfVarint(keyLength) + keyLength + sizeOfVarint(storedLength) + valueLength;
    this.#reserve(sizeOfVarint(length) + length);
    const bytes = this.#bytes;
    let i = writeVarint(bytes, length, this.#end);
    bytes[i++] = 0;
    i = writeVarlong(bytes, delta, i);
    i = writeVarint(bytes, this.#count, i);
    i = writeVarint(bytes, keyLength, i);
    for (let k = 0; k < keyLength; k += 1) bytes[i++] = key[k] as number;
    i = writeVarint(bytes, storedLength, i);
    if (source) bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), i);
    i += valueLength;
    bytes[i++] = 0;
    this.#end = i;
    this.#count += 1;
  }

  #reserve(more: number): void {
    const needed = this.#end + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }
}
