/** Writes JSON into one reused buffer. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
/** The most bytes that one byte may become: a control character as a text of its own, "\u0001". */
export const GROWTH_MAX = 8;

/** By control character: how it stands in a text. */
const ESCAPES = Array.from({ length: SPACE }, (_, byte) => Buffer.from(JSON.stringify(String.fromCharCode(byte)).slice(1, -1)));

/** How a control character stands in a text. */
export function escapeOf(control: number): Buffer {
  return ESCAPES[control] as Buffer;
}

export class JsonWriter {
  bytes: Buffer = Buffer.alloc(0);
  length = 0;

  /** Begins anew, with room for this many bytes. */
  begin(capacity: number): void {
    if (this.bytes.length < capacity) this.bytes = Buffer.alloc(capacity);
    this.length = 0;
  }

  put(byte: number): void {
    this.bytes[this.length] = byte;
    this.length += 1;
  }

  copy(from: Buffer, start: number, end: number): void {
    const { bytes } = this;
    const shift = this.length - start;
    for (let i = start; i < end; i += 1) bytes[i + shift] = from[i] as number;
    this.length += end - start;
  }

  /** A control character as it stands in a text. */
  putControl(byte: number): void {
    const text = escapeOf(byte);
    this.copy(text, 0, text.length);
  }

  /** Bytes as a text. */
  putQuoted(from: Buffer, start: number, end: number): void {
    this.put(QUOTE);
    const { bytes } = this;
    let to = this.length;
    for (let i = start; i < end; i += 1) {
      const byte = from[i] as number;
      if (byte < SPACE) {
        this.length = to;
        this.putControl(byte);
        to = this.length;
        continue;
      }
      if (byte === QUOTE || byte === BACKSLASH) bytes[to++] = BACKSLASH;
      bytes[to] = byte;
      to += 1;
    }
    this.length = to;
    this.put(QUOTE);
  }

  /** A copy of what has been written. */
  written(): Buffer {
    const copied = Buffer.allocUnsafe(this.length);
    this.bytes.copy(copied, 0, 0, this.length);
    return copied;
  }
}
