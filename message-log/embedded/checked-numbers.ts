/** Numbers by name, each with a checksum over both: a damaged position would skip records or deliver them again. */
import { crc32 } from 'node:zlib';
import type { Database } from 'lmdb';
import { damaged } from './faults.ts';

const BYTES = 12;

export class CheckedNumbers {
  readonly #rows: Database<Buffer, string>;
  readonly #what: string;

  /** `what`: what the numbers are, for error messages. */
  constructor(rows: Database<Buffer, string>, what: string) {
    this.#rows = rows;
    this.#what = what;
  }

  /** The number, undefined if there is none. Throws PermanentError `store-damaged`. */
  get(name: string): number | undefined {
    const bytes = this.#rows.getBinary(name);
    return bytes && this.#read(name, bytes);
  }

  /** Call only inside a write of the store. */
  put(name: string, value: number): void {
    void this.#rows.put(name, checked(name, value));
  }

  /** All numbers, by name. Throws PermanentError `store-damaged` at a damaged one. */
  *getRange(): Generator<{ readonly key: string; readonly value: number }> {
    for (const { key, value } of this.#rows.getRange()) yield { key, value: this.#read(key, value) };
  }

  #read(name: string, bytes: Buffer): number {
    const value = numberOf(name, bytes);
    if (value === undefined) throw damaged(`one of the ${this.#what} is damaged`);
    return value;
  }
}

export function checked(name: string, value: number): Buffer {
  const bytes = Buffer.allocUnsafe(BYTES);
  bytes.writeDoubleLE(value, 0);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 8), crc32(name)), 8);
  return bytes;
}

/** The number in a row; undefined if the row is damaged. */
export function numberOf(name: string, bytes: Buffer): number | undefined {
  const isWhole = bytes.length === BYTES && bytes.readUInt32LE(8) === crc32(bytes.subarray(0, 8), crc32(name));
  return isWhole ? bytes.readDoubleLE(0) : undefined;
}
