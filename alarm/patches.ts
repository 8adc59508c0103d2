import { STATUS_BYTES_MAX } from './status.ts';

/** A status of nothing but control characters in a text has no more. */
const PATCHES_MAX = STATUS_BYTES_MAX;

/** Places in a status where something else has to stand so that it is JSON. */
export class Patches {
  length = 0;
  readonly #starts = new Uint32Array(PATCHES_MAX);
  readonly #ends = new Uint32Array(PATCHES_MAX);
  readonly #texts: Buffer[] = [];
  /** By how many bytes they make the status longer. */
  #growth = 0;
  /** What was patched last, and views of it by their length: making one takes longer than filling it. */
  readonly #patched = Buffer.alloc(STATUS_BYTES_MAX);
  readonly #views = new Array<Buffer | undefined>(STATUS_BYTES_MAX + 1);

  clear(): void {
    this.length = 0;
    this.#growth = 0;
  }

  /** In place of bytes[start, end), behind all patches before. False: there are too many. */
  add(start: number, end: number, text: Buffer): boolean {
    if (this.length === this.#starts.length) return false;
    this.#starts[this.length] = start;
    this.#ends[this.length] = end;
    this.#texts[this.length] = text;
    this.#growth += text.length - (end - start);
    this.length += 1;
    return true;
  }

  /** A copy of bytes[start, end) with all patches; it may be written over by the next one. */
  applied(bytes: Buffer, start: number, end: number): Buffer {
    const patched = this.#room(end - start + this.#growth);
    let from = start;
    let to = 0;
    for (let patch = 0; patch <= this.length; patch += 1) {
      const until = patch === this.length ? end : (this.#starts[patch] as number);
      while (from < until) patched[to++] = bytes[from++] as number;
      if (patch === this.length) break;
      const text = this.#texts[patch] as Buffer;
      for (let i = 0; i < text.length; i += 1) patched[to++] = text[i] as number;
      from = this.#ends[patch] as number;
    }
    return patched;
  }

  #room(length: number): Buffer {
    if (length > STATUS_BYTES_MAX) return Buffer.allocUnsafe(length);
    const view = this.#views[length] ?? this.#patched.subarray(0, length);
    this.#views[length] = view;
    return view;
  }
}
