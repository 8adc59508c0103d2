/** Writes JSON into one reused buffer. */

const QUOTE = 0x22;
const ZERO = 0x30;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const SPACE = 0x20;
/** By control character: the letter of its short escape, or 0. */
const SHORT = new Uint8Array(SPACE);
for (const [text, letter] of [
  ['\b', 'b'],
  ['\t', 't'],
  ['\n', 'n'],
  ['\f', 'f'],
  ['\r', 'r'],
] as const)
  SHORT[text.charCodeAt(0)] = letter.charCodeAt(0);
const HEX = Buffer.from('0123456789abcdef');
/** The most bytes that one byte may become: a control character as a text of its own, "\u0001". */
export const GROWTH_MAX = 8;

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
    this.put(BACKSLASH);
    const letter = SHORT[byte] as number;
    if (letter !== 0) {
      this.put(letter);
      return;
    }
    this.put(LOWER_U);
    this.put(ZERO);
    this.put(ZERO);
    this.put(HEX[byte >> 4] as number);
    this.put(HEX[byte & 15] as number);
  }

  /** Bytes as a text. */
  putQuoted(from: Buffer, start: number, end: number): void {
    this.put(QUOTE);
    for (let i = start; i < end; i += 1) {
      const byte = from[i] as number;
      if (byte < SPACE) this.putControl(byte);
      else {
        if (byte === QUOTE || byte === BACKSLASH) this.put(BACKSLASH);
        this.put(byte);
      }
    }
    this.put(QUOTE);
  }

  /** A copy of what has been written. */
  written(): Buffer {
    const copied = Buffer.allocUnsafe(this.length);
    this.bytes.copy(copied, 0, 0, this.length);
    return copied;
  }
}
