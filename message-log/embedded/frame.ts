/**
 * A frame is what one commit appended to one partition: one lmdb value. Little-endian:
 *   0 format u32 · 4 crc32 of all that follows u32 · 8 records n u32 · 12 reserved · 16 base offset f64 · 24 base time f64
 *   32 columns of n u32 each: key, time after the base, start and end of the value after the columns · then the values
 */
import { crc32 } from 'node:zlib';
import type { RecordBatch } from '../port.ts';
import type { Topic } from '../../records/topics.ts';

const FORMAT = 0x31_46_4c_54;
export const HEADER_BYTES = 32;
export const BASE_AT = 16;
export const RECORD_BYTES = 16;
/** The most bytes in a frame, except that it always holds at least one record. Bounds what a reader gets at once. */
export const MAX_FRAME_RECORDS = 8_192;
export const MAX_FRAME_BYTES = 1024 * 1024;
export const MAX_TIME_DELTA_MS = 0xff_ff_ff_ff;

/** Fills in the header of a frame whose columns and values are in place. */
export function sealFrame(frame: Buffer, records: number, baseOffset: number, baseTime: number): void {
  frame.writeUInt32LE(FORMAT, 0);
  frame.writeUInt32LE(records, 8);
  frame.writeUInt32LE(0, 12);
  frame.writeDoubleLE(baseOffset, BASE_AT);
  frame.writeDoubleLE(baseTime, 24);
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4);
}

/** Whether the bytes are a whole frame that belongs at this offset. */
export function isIntact(frame: Buffer, baseOffset: number): boolean {
  return (
    frame.length >= HEADER_BYTES &&
    frame.readUInt32LE(0) === FORMAT &&
    frame.readUInt32LE(4) === crc32(frame.subarray(8)) &&
    baseOf(frame) === baseOffset &&
    frame.length >= HEADER_BYTES + frame.readUInt32LE(8) * RECORD_BYTES
  );
}

export const baseOf = (frame: Buffer): number => frame.readDoubleLE(BASE_AT);
export const recordsOf = (frame: Buffer): number => frame.readUInt32LE(8);
export const lastTimeOf = (frame: Buffer): number =>
  frame.readDoubleLE(24) + frame.readUInt32LE(HEADER_BYTES + (2 * recordsOf(frame) - 1) * 4);

/** The records of an intact frame from offset `from` on, read in place. */
export class FrameBatch implements RecordBatch {
  readonly topic: Topic;
  readonly partition: number;
  readonly length: number;
  readonly nextOffset: number;
  readonly bytes: Buffer;
  readonly #columns: Uint32Array;
  readonly #records: number;
  readonly #skipped: number;
  readonly #baseOffset: number;
  readonly #baseTime: number;
  readonly #values: number;

  constructor(topic: Topic, partition: number, frame: Buffer, from: number) {
    this.topic = topic;
    this.partition = partition;
    this.bytes = frame;
    this.#records = recordsOf(frame);
    this.#baseOffset = frame.readDoubleLE(16);
    this.#baseTime = frame.readDoubleLE(24);
    this.#skipped = Math.max(0, from - this.#baseOffset);
    this.length = this.#records - this.#skipped;
    this.nextOffset = this.#baseOffset + this.#records;
    this.#columns = columnsOf(frame, this.#records);
    this.#values = HEADER_BYTES + this.#records * RECORD_BYTES;
  }

  key(i: number): number {
    return this.#columns[this.#skipped + i] as number;
  }

  time(i: number): number {
    return this.#baseTime + (this.#columns[this.#records + this.#skipped + i] as number);
  }

  offset(i: number): number {
    return this.#baseOffset + this.#skipped + i;
  }

  start(i: number): number {
    return this.#values + (this.#columns[2 * this.#records + this.#skipped + i] as number);
  }

  end(i: number): number {
    return this.#values + (this.#columns[3 * this.#records + this.#skipped + i] as number);
  }
}

/** The columns as one array; the frame's memory must begin at a multiple of 4. */
export function columnsOf(frame: Buffer, records: number): Uint32Array {
  return new Uint32Array(frame.buffer, frame.byteOffset + HEADER_BYTES, 4 * records);
}
