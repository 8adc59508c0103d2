import { writeInt64 } from './int64.ts';

/** The body of a request as pieces, so that large ones needn't be copied into one. */
export class RequestWriter {
  readonly #pieces: Buffer[] = [];
  #bytes = Buffer.allocUnsafe(512);
  #from = 0;
  #end = 0;

  int8(value: number): this {
    this.#reserve(1);
    this.#end = this.#bytes.writeInt8(value, this.#end);
    return this;
  }

  int16(value: number): this {
    this.#reserve(2);
    this.#end = this.#bytes.writeInt16BE(value, this.#end);
    return this;
  }

  int32(value: number): this {
    this.#reserve(4);
    this.#end = this.#bytes.writeInt32BE(value, this.#end);
    return this;
  }

  int64(value: number): this {
    this.#reserve(8);
    writeInt64(this.#bytes, value, this.#end);
    this.#end += 8;
    return this;
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1);
    const length = Buffer.byteLength(value);
    this.int16(length).#reserve(length);
    this.#end += this.#bytes.write(value, this.#end);
    return this;
  }

  /** Taken as it is: it must not change until the answer is there. */
  piece(bytes: Buffer): this {
    this.int32(bytes.length).#cut();
    this.#pieces.push(bytes);
    return this;
  }

  pieces(): readonly Buffer[] {
    this.#cut();
    return this.#pieces;
  }

  #cut(): void {
    if (this.#end > this.#from) this.#pieces.push(this.#bytes.subarray(this.#from, this.#end));
    this.#from = this.#end;
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#bytes.length) return;
    this.#cut();
    this.#bytes = Buffer.allocUnsafe(Math.max(512, more));
    this.#from = 0;
    this.#end = 0;
  }
}

/** Takes an answer apart, field by field. */
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

  /** Empty where there is none. */
  string(): string {
    const length = Math.max(0, this.int16());
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  array<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.int32()) }, item);
  }
}
