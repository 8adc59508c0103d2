/**
 * How far tree and journal had come: a file of its own, so that an older copy of either is noticed at the next start. It is written after what it says
 * is on disk, and not synced: after a power cut it may say less than is so, never more.
 *
 * Little-endian: 0 format u32 · 4 crc32 of all that follows u32 · 8 identity of the store u32 · 12 reserved · 16 transaction f64 · 24 sequence f64
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

export interface Marks {
  readonly identity: number;
  /** The tree's newest transaction. */
  readonly transaction: number;
  /** The journal's newest entry. */
  readonly sequence: number;
}

export const HIGH_WATER_FILE = 'high-water';
const FORMAT = 0x31_57_48_ff;
const BYTES = 32;

/** Undefined where there is none, or one that cannot be read. */
export function readMarks(folder: string): Marks | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(folder, HIGH_WATER_FILE));
  } catch {
    return undefined;
  }
  if (bytes.length !== BYTES || bytes.readUInt32LE(0) !== FORMAT || bytes.readUInt32LE(4) !== crc32(bytes.subarray(8))) return undefined;
  return { identity: bytes.readUInt32LE(8), transaction: bytes.readDoubleLE(16), sequence: bytes.readDoubleLE(24) };
}

export class HighWater {
  /** Undefined once it is closed: another file may have its number then. */
  #file: number | undefined;
  readonly #bytes = Buffer.alloc(BYTES);

  /** Writes these marks first. Throws what the file system says. */
  constructor(folder: string, { identity, transaction, sequence }: Marks) {
    this.#file = openSync(join(folder, HIGH_WATER_FILE), 'w', 0o600);
    this.#bytes.writeUInt32LE(FORMAT, 0);
    this.#bytes.writeUInt32LE(identity, 8);
    this.#bytes.writeDoubleLE(transaction, 16);
    this.#bytes.writeDoubleLE(sequence, 24);
    this.#write();
    fsyncSync(this.#file);
  }

  tree(transaction: number): void {
    this.#bytes.writeDoubleLE(transaction, 16);
    this.#write();
  }

  journal(sequence: number): void {
    this.#bytes.writeDoubleLE(sequence, 24);
    this.#write();
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(): void {
    this.#bytes.writeUInt32LE(crc32(this.#bytes.subarray(8)), 4);
    if (this.#file === undefined) return;
    try {
      writeSync(this.#file, this.#bytes, 0, BYTES, 0);
    } catch {
      // It then says less than is so.
    }
  }
}
