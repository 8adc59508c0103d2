/** Checks rows of the tree that carry checksums. */
import { bufferToKeyValue } from 'lmdb';
import { numberOf } from './checked-numbers.ts';
import { baseOf, HEADER_BYTES, isIntact } from './frame.ts';
import { unseal } from './sealed-row.ts';

declare module 'lmdb' {
  /** Exported by lmdb, and missing from its types: the key that the bytes of a key stand for. */
  function bufferToKeyValue(key: Uint8Array): unknown;
}

/** The name of a database with frames: topic and partition. */
export const FRAMES = /^log\/([A-Z]+)\/(\d+)$/;
export const POSITIONS = 'positions';
const ABOUT = 'log';

const UNPRINTABLE = /[^\x21-\x7e]+/g;
const KEY_MAX = 80;

/** What is damaged, for people; undefined if the row is intact or has no checksum. */
export function damageOfRow(database: string, hasIntegerKeys: boolean, key: Buffer, value: Buffer): string | undefined {
  const [, topic, partition] = FRAMES.exec(database) ?? [];
  if (topic === undefined) return damageOfNumber(database, key, value) ?? damageOfSealed(database, hasIntegerKeys, key, value);
  return value.length >= HEADER_BYTES && isIntact(value, baseOf(value)) ? undefined : `records of ${topic}/${partition} are damaged`;
}

/** The same, only for the log's numbers and consumers' positions. */
export function damageOfNumber(database: string, key: Buffer, value: Buffer): string | undefined {
  if (database !== ABOUT && database !== POSITIONS) return undefined;
  const name = nameIn(key);
  if (numberOf(name, value) !== undefined) return undefined;
  return database === POSITIONS ? `the position of ${name} is damaged` : `the log's number ${name} is damaged`;
}

/** Keys are ids, times and names of types, but a damaged one may be anything. */
function damageOfSealed(database: string, hasIntegerKeys: boolean, key: Buffer, value: Buffer): string | undefined {
  const text = keyText(hasIntegerKeys, key);
  if (text !== undefined && unseal(text, value) !== undefined) return undefined;
  return `the row ${(text ?? '').replace(UNPRINTABLE, ' ').slice(0, KEY_MAX)} of ${database} is damaged`;
}

/** As rows are sealed; undefined: it is not a key. */
function keyText(hasIntegerKeys: boolean, key: Buffer): string | undefined {
  try {
    return String(hasIntegerKeys ? key.readUInt32LE(0) : bufferToKeyValue(key));
  } catch {
    return undefined;
  }
}

export function nameIn(key: Buffer): string {
  return key.toString('latin1').replace(/\0$/, '');
}
