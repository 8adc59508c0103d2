import { OwnError } from '../../runtime/errors.ts';

/** A buffer that grows while records are unpacked, up to `most` bytes: a small input may unpack to any size. */
export class Unpacked {
  readonly #most: number;
  #bytes: Buffer;
  #length = 0;

  constructor(guess: number, most: number) {
    this.#most = most;
    this.#bytes = Buffer.allocUnsafe(Math.min(most, guess));
  }

  get length(): number {
    return this.#length;
  }

  copy(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    this.#bytes.set(source.subarray(from, to), this.#length);
    this.#length += to - from;
  }

  /** Repeats `length` bytes from `distance` before the end; source and copy may overlap. */
  repeat(distance: number, length: number): void {
    this.#reserve(length);
    const from = this.#length - distance;
    // What was just written can be copied too, so each round can copy more.
    for (let done = 0; done < length; ) {
      const more = Math.min(distance + done, length - done);
      this.#bytes.copyWithin(this.#length + done, from, from + more);
      done += more;
    }
    this.#length += length;
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    if (needed > this.#most) throw new OwnError(`more than ${this.#most} bytes when unpacked`);
    const larger = Buffer.allocUnsafe(Math.min(this.#most, Math.max(needed, this.#bytes.length * 2)));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
