/**
 * How far tree and journal have been written, in a file of its own, so that an older copy of either is noticed at the next start. It is written once the
 * data it describes is on disk, and later writes are not synced: after a power cut its marks may be too low, never too high.
 *
 * Little-endian: 0 format u32 · 4 crc32 of all that follows u32 · 8 identity of the store u32 · 12 reserved · 16 transaction f64 · 24 sequence f64
 */
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

export interface Marks {
  readonly identity: number;
  /** Number of the tree's newest transaction. */
  readonly transaction: number;
  /** Sequence of the journal's newest entry. */
  readonly sequence: number;
}

export const HIGH_WATER_FILE = 'high-water';
const FORMAT = 0x31_57_48_ff;
const BYTES = 32;

/** Undefined if the file is missing or cannot be read. */
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
  /** Undefined once closed: the descriptor may then belong to another file. */
  #file: number | undefined;
  readonly #bytes = Buffer.alloc(BYTES);

  /** Starts the file with these marks. Throws the file system's error. */
  constructor(folder: string, { identity, transaction, sequence }: Marks) {
    this.#file = openSync(join(folder, HIGH_WATER_FILE), 'w', 0o600);
    this.#bytes.writeUInt32LE(FORMAT, 0);
    this.#bytes.writeUInt32LE(identity, 8);
    this.#bytes.writeDoubleLE(transaction, 16);
    this.#bytes.writeDoubleLE(sequence, 24);
    this.#write();
    fsyncSync(this.#file);
  }

  /** Call once this transaction of the tree is on disk. Never fails: a mark that can't be written is merely too low. */
  tree(transaction: number): void {
    this.#bytes.writeDoubleLE(transaction, 16);
    this.#write();
  }

  /** Call once this entry of the journal has been acknowledged, or is in the tree; a lower one than before changes nothing. Never fails. */
  journal(sequence: number): void {
    if (sequence <= this.#bytes.readDoubleLE(24)) return;
    this.#bytes.writeDoubleLE(sequence, 24);
    this.#write();
  }

  /** The marks stay as they are; later calls do nothing. */
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
      // Nothing to do: see tree().
    }
  }
}
