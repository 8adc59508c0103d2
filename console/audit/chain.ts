import { createHash, randomBytes } from 'node:crypto';
import type { AuditEvent, AuditRow, ChainEnd } from '../../records/audit-row.ts';
import type { AuditKey } from './key.ts';

const ID_BYTES = 16;

/** A row as it is written. */
export interface ChainedRow {
  readonly text: string;
  readonly end: ChainEnd;
}

/** The rows that one run of a console writes, each with the hash of the one before it, and signed if there is a key. */
export class Chain {
  readonly id = randomBytes(ID_BYTES).toString('base64url');
  /** The key of its records, so that all of them are in one partition, in order. */
  readonly key = keyOf(this.id);
  readonly #signedBy: AuditKey | undefined;
  #n = 0;
  #prev = '';

  constructor(key?: AuditKey) {
    this.#signedBy = key;
  }

  /** The next row. All rows must be written, in the order of the calls. */
  add(event: AuditEvent, at: number): ChainedRow {
    const key = this.#signedBy;
    const row: AuditRow = { chain: this.id, n: this.#n, prev: this.#prev, at, ...event, ...(key && { key: key.id }) };
    const text = key ? key.sign(JSON.stringify(row)) : JSON.stringify(row);
    const place = { chain: this.id, n: this.#n, hash: hashOfRow(text) };
    this.#n += 1;
    this.#prev = place.hash;
    return { text, end: key ? { ...place, mac: macOfEnd(key, place) } : place };
  }
}

/** The signature of a chain's end, so that nobody without the key can say that it ended earlier. */
export function macOfEnd(key: AuditKey, { chain, n, hash }: ChainEnd): string {
  return key.mac(`end ${chain} ${n} ${hash}`);
}

export function hashOfRow(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

/** Keys of records are whole numbers below 2^31. */
function keyOf(id: string): number {
  return Buffer.from(id, 'base64url').readUInt32BE(0) >>> 1;
}
