import { createHash, randomBytes } from 'node:crypto';
import type { AuditEvent, AuditRow, ChainEnd } from '../../records/audit-row.ts';

const ID_BYTES = 16;

/** A row as it is written. */
export interface ChainedRow {
  readonly text: string;
  readonly end: ChainEnd;
}

/** The rows that one run of a console writes, each with the hash of the one before it. */
export class Chain {
  readonly id = randomBytes(ID_BYTES).toString('base64url');
  /** The key of its records, so that all of them are in one partition, in order. */
  readonly key = keyOf(this.id);
  #n = 0;
  #prev = '';

  /** The next row. All rows must be written, in the order of the calls. */
  add(event: AuditEvent, at: number): ChainedRow {
    const row: AuditRow = { chain: this.id, n: this.#n, prev: this.#prev, at, ...event };
    const text = JSON.stringify(row);
    const end = { chain: this.id, n: this.#n, hash: hashOfRow(text) };
    this.#n += 1;
    this.#prev = end.hash;
    return { text, end };
  }
}

export function hashOfRow(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Keys of records are whole numbers below 2^31. */
function keyOf(id: string): number {
  return Buffer.from(id, 'base64url').readUInt32BE(0) >>> 1;
}
