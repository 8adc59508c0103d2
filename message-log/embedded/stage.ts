import type { Records } from '../port.ts';
import { columnsOf, HEADER_BYTES, MAX_FRAME_BYTES, MAX_FRAME_RECORDS, MAX_TIME_DELTA_MS, RECORD_BYTES, sealFrame } from './frame.ts';

const KEPT_BYTES = 2 * 1024 * 1024;
const FIRST_RECORDS = 256;
const FIRST_BYTES = 32 * 1024;

/** Collects records for one partition while a commit runs. Its arrays grow and are reused, so that nothing is allocated per record. */
export class Stage {
  #count = 0;
  #used = 0;
  #keys = new Uint32Array(FIRST_RECORDS);
  #starts = new Uint32Array(FIRST_RECORDS);
  #ends = new Uint32Array(FIRST_RECORDS);
  #times = new Float64Array(FIRST_RECORDS);
  #values = Buffer.allocUnsafeSlow(FIRST_BYTES);

  get count(): number {
    return this.#count;
  }

  /** Approximate size in bytes when sealed. */
  get bytes(): number {
    return this.#count * RECORD_BYTES + this.#used;
  }

  add(key: number, at: number, bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(1, end - start);
    this.#put(key, at, this.#used, this.#used + end - start);
    this.#copy(bytes, start, end);
  }

  /** Stages all records of a batch; values that lie close together are copied at once, including the bytes between them. */
  addAll({ bytes, keys, starts, ends, length }: Records, at: number): void {
    let sum = 0;
    let ordered = true;
    for (let i = 0, last = 0; i < length; i += 1) {
      const start = starts[i] as number;
      sum += (ends[i] as number) - start;
      ordered &&= start >= last;
      last = ends[i] as number;
    }
    const from = starts[0] as number;
    const to = ends[length - 1] as number;
    if (!ordered || to - from > sum + length * 8) {
      for (let i = 0; i < length; i += 1) this.add(keys[i] as number, at, bytes, starts[i] as number, ends[i] as number);
      return;
    }
    this.#reserve(length, to - from);
    const shift = this.#used - from;
    for (let i = 0; i < length; i += 1) this.#put(keys[i] as number, at, (starts[i] as number) + shift, (ends[i] as number) + shift);
    this.#copy(bytes, from, to);
  }

  /** Empties the stage into consecutive frames from `baseOffset` on, each of at most `limit` bytes or one record. */
  seal(baseOffset: number, limit = MAX_FRAME_BYTES): Buffer[] {
    const frames: Buffer[] = [];
    for (let first = 0; first < this.#count; ) {
      const next = this.#cut(first, limit);
      frames.push(this.#frame(first, next, baseOffset + first));
      first = next;
    }
    this.clear();
    return frames;
  }

  clear(): void {
    this.#count = 0;
    this.#used = 0;
    if (this.#values.length > KEPT_BYTES) this.#values = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  #cut(first: number, limit: number): number {
    const from = this.#starts[first] as number;
    const time = this.#times[first] as number;
    const most = Math.min(this.#count, first + MAX_FRAME_RECORDS);
    let next = first + 1;
    while (
      next < most &&
      HEADER_BYTES + (next + 1 - first) * RECORD_BYTES + (this.#ends[next] as number) - from <= limit &&
      (this.#times[next] as number) - time <= MAX_TIME_DELTA_MS
    )
      next += 1;
    return next;
  }

  #frame(first: number, next: number, baseOffset: number): Buffer {
    const records = next - first;
    const from = this.#starts[first] as number;
    const to = this.#ends[next - 1] as number;
    const baseTime = this.#times[first] as number;
    const frame = Buffer.allocUnsafeSlow(HEADER_BYTES + records * RECORD_BYTES + to - from);
    const columns = columnsOf(frame, records);
    for (let i = 0; i < records; i += 1) {
      columns[i] = this.#keys[first + i] as number;
      columns[records + i] = (this.#times[first + i] as number) - baseTime;
      columns[2 * records + i] = (this.#starts[first + i] as number) - from;
      columns[3 * records + i] = (this.#ends[first + i] as number) - from;
    }
    frame.set(this.#values.subarray(from, to), HEADER_BYTES + records * RECORD_BYTES);
    sealFrame(frame, records, baseOffset, baseTime);
    return frame;
  }

  #put(key: number, at: number, start: number, end: number): void {
    const i = this.#count;
    this.#keys[i] = key;
    this.#times[i] = at;
    this.#starts[i] = start;
    this.#ends[i] = end;
    this.#count = i + 1;
  }

  #copy(bytes: Uint8Array, start: number, end: number): void {
    this.#values.set(bytes.subarray(start, end), this.#used);
    this.#used += end - start;
  }

  #reserve(records: number, bytes: number): void {
    if (this.#count + records > this.#keys.length) {
      const length = 2 ** Math.ceil(Math.log2(this.#count + records));
      this.#keys = grown(this.#keys, new Uint32Array(length));
      this.#starts = grown(this.#starts, new Uint32Array(length));
      this.#ends = grown(this.#ends, new Uint32Array(length));
      this.#times = grown(this.#times, new Float64Array(length));
    }
    if (this.#used + bytes > this.#values.length)
      this.#values = grown(this.#values, Buffer.allocUnsafeSlow(Math.max(this.#used + bytes, this.#values.length * 2)));
  }
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
