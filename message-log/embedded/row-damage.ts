/** Checks rows of the tree that carry checksums. */
import { numberOf } from './checked-numbers.ts';
import { baseOf, HEADER_BYTES, isIntact } from './frame.ts';

/** The name of a database with frames: topic and partition. */
export const FRAMES = /^log\/([A-Z]+)\/(\d+)$/;
export const POSITIONS = 'positions';
const ABOUT = 'log';

/** What is damaged, for people; undefined if the row is intact or has no checksum. */
export function damageOfRow(database: string, key: Buffer, value: Buffer): string | undefined {
  const [, topic, partition] = FRAMES.exec(database) ?? [];
  if (topic === undefined) return damageOfNumber(database, key, value);
  return value.length >= HEADER_BYTES && isIntact(value, baseOf(value)) ? undefined : `records of ${topic}/${partition} are damaged`;
}

/** The same, only for the log's numbers and consumers' positions. */
export function damageOfNumber(database: string, key: Buffer, value: Buffer): string | undefined {
  if (database !== ABOUT && database !== POSITIONS) return undefined;
  const name = nameIn(key);
  if (numberOf(name, value) !== undefined) return undefined;
  return database === POSITIONS ? `the position of ${name} is damaged` : `the log's number ${name} is damaged`;
}

export function nameIn(key: Buffer): string {
  return key.toString('latin1').replace(/\0$/, '');
}
