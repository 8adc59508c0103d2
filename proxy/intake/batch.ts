const RECORDS_MIN = 16;
/** Beyond this, columns and values of a large request are not kept for the next one. */
const KEPT_RECORDS_MAX = 16_384;
const KEPT_BYTES_MAX = 1024 * 1024;

/** Up to so many bytes, copying them one by one takes less than a call of `set`. */
const SHORT_BYTES_MAX = 64;

/** The records of one request: ranges of its body, and values that replace such ranges. To be reused. */
export class Batch {
  length = 0;
  keys = new Int32Array(RECORDS_MIN);
  /** Where values begin and end: in the body, or beyond it by the place in `replacing`. */
  starts = new Uint32Array(RECORDS_MIN);
  ends = new Uint32Array(RECORDS_MIN);
  replacing: Buffer = Buffer.alloc(0);
  replacingLength = 0;

  clear(): void {
    this.length = 0;
    this.replacingLength = 0;
    if (this.keys.length > KEPT_RECORDS_MAX) this.#resize(RECORDS_MIN);
    if (this.replacing.length > KEPT_BYTES_MAX) this.replacing = Buffer.alloc(0);
  }

  /** Adds a record, whose value is a range of the body. */
  put(key: number, start: number, end: number): void {
    if (this.length === this.keys.length) this.#resize(2 * this.length);
    this.keys[this.length] = key;
    this.starts[this.length] = start;
    this.ends[this.length] = end;
    this.length += 1;
  }

  /** Replaces the value of the record that was added last by a copy of these bytes. */
  replace(value: Buffer, bodyLength: number): void {
    const end = this.replacingLength + value.length;
    if (end > this.replacing.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.replacing.length, end));
      this.replacing.copy(larger, 0, 0, this.replacingLength);
      this.replacing = larger;
    }
    const { replacing, replacingLength } = this;
    if (value.length > SHORT_BYTES_MAX) replacing.set(value, replacingLength);
    else for (let i = 0; i < value.length; i += 1) replacing[replacingLength + i] = value[i] as number;
    this.starts[this.length - 1] = bodyLength + this.replacingLength;
    this.ends[this.length - 1] = bodyLength + end;
    this.replacingLength = end;
  }

  #resize(capacity: number): void {
    const { keys, starts, ends, length } = this;
    this.keys = new Int32Array(capacity);
    this.starts = new Uint32Array(capacity);
    this.ends = new Uint32Array(capacity);
    this.keys.set(keys.subarray(0, length));
    this.starts.set(starts.subarray(0, length));
    this.ends.set(ends.subarray(0, length));
  }
}
