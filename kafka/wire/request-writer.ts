import { writeInt64 } from './int64.ts';

const MEMORY_BYTES = 512;

/** Writes the body of a request in pieces, so that large ones needn't be copied. */
export class RequestWriter {
  readonly #pieces: Buffer[] = [];
  #bytes = Buffer.allocUnsafe(MEMORY_BYTES);
  #from = 0;
  #end = 0;

  int8(value: number): this {
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }

  int16(value: number): this {
    const at = this.#room(2);
    this.#bytes.writeInt16BE(value, at);
    return this;
  }

  int32(value: number): this {
    const at = this.#room(4);
    this.#bytes.writeInt32BE(value, at);
    return this;
  }

  int64(value: number): this {
    const at = this.#room(8);
    writeInt64(this.#bytes, value, at);
    return this;
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1);
    return this.int16(Buffer.byteLength(value)).#text(value);
  }

  /** 16 bytes, given as hexadecimal digits. */
  uuid(id: string): this {
    const at = this.#room(16);
    this.#bytes.write(id, at, 'hex');
    return this;
  }

  /** A string in newer requests: its length plus one as a varint, then its bytes. */
  compactString(value: string): this {
    return this.#uvarint(Buffer.byteLength(value) + 1).#text(value);
  }

  /** The length of an array in newer requests; the items follow. */
  compactArray(length: number): this {
    return this.#uvarint(length + 1);
  }

  /** The tagged fields of newer requests: none. */
  tags(): this {
    return this.#uvarint(0);
  }

  /** Bytes that aren't copied: they must not change until the answer has arrived. */
  piece(bytes: Buffer): this {
    this.int32(bytes.length).#cut();
    this.#pieces.push(bytes);
    return this;
  }

  pieces(): readonly Buffer[] {
    this.#cut();
    return this.#pieces;
  }

  #uvarint(value: number): this {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.int8((rest & 0x7f) | 0x80);
    return this.int8(rest);
  }

  #text(value: string): this {
    const at = this.#room(Buffer.byteLength(value));
    this.#bytes.write(value, at);
    return this;
  }

  #cut(): void {
    if (this.#end > this.#from) this.#pieces.push(this.#bytes.subarray(this.#from, this.#end));
    this.#from = this.#end;
  }

  /** Where the next `bytes` bytes go. */
  #room(bytes: number): number {
    if (this.#end + bytes > this.#bytes.length) {
      this.#cut();
      this.#bytes = Buffer.allocUnsafe(Math.max(MEMORY_BYTES, bytes));
      this.#from = 0;
      this.#end = 0;
    }
    const at = this.#end;
    this.#end += bytes;
    return at;
  }
}

/** Reads an answer field by field. */
export class ResponseReader {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  int16(): number {
    this.at += 2;
    return this.bytes.readInt16BE(this.at - 2);
  }

  int32(): number {
    this.at += 4;
    return this.bytes.readInt32BE(this.at - 4);
  }

  int64(): number {
    this.at += 8;
    return this.bytes.readInt32BE(this.at - 8) * 2 ** 32 + this.bytes.readUInt32BE(this.at - 4);
  }

  /** Empty if it is null. */
  string(): string {
    const length = Math.max(0, this.int16());
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  array<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, item);
  }

  uuid(): string {
    this.at += 16;
    return this.bytes.toString('hex', this.at - 16, this.at);
  }

  /** Empty if it is null. */
  compactString(): string {
    const length = Math.max(0, this.#uvarint() - 1);
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  compactArray<T>(item: () => T): T[] {
    return Array.from({ length: this.compactLength() }, item);
  }

  /** The length of the bytes or array that follow. */
  compactLength(): number {
    return Math.max(0, this.#uvarint() - 1);
  }

  /** Skips tagged fields. */
  tags(): void {
    for (let left = this.#uvarint(); left > 0; left -= 1) {
      this.#uvarint();
      const size = this.#uvarint();
      this.at += size;
    }
  }

  #uvarint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.bytes.readUInt8(this.at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}
