/** The format of everything in the store's folder, and the store's identity. */
import { randomInt } from 'node:crypto';
import type { Database, RootDatabase } from 'lmdb';
import { PermanentError } from '../../runtime/errors.ts';
import { VERSION } from '../../runtime/version.ts';
import { checked, numberOf } from './checked-numbers.ts';
import { aboutLog, IDENTITY, PARTITIONS } from './databases.ts';
import { damaged } from './faults.ts';

/** Raise it when an older version could not read, or would misread, anything in the folder, including journal and frames. */
export const FORMAT = 3;
/** Positions without checksums, and no identity in tree and journal. */
const FORMAT_WITHOUT_IDENTITY = 2;
export const FORMAT_KEY = 'format';
/** The version of Tocsin that last used the folder, for the error message of a version that can't read it. */
const WRITTEN_BY = 'written-by';
const IDENTITY_MAX = 0xff_ff_ff_ff;

/** `isNew`: the tree has never held anything. Throws PermanentError `data-format` or `store-damaged`. */
export function checkFormat(meta: Database, isNew: boolean, dataDir: string): void {
  const format: unknown = meta.get(FORMAT_KEY);
  if (format === undefined && isNew) {
    meta.putSync(FORMAT_KEY, FORMAT, 0);
  } else if (typeof format !== 'number' || !Number.isSafeInteger(format) || format < 0) {
    throw damaged(`the store in ${dataDir} doesn't record its format`);
  } else if (format < FORMAT_WITHOUT_IDENTITY)
    throw new PermanentError(
      'data-format',
      `${dataDir} has format ${format}, which no release of Tocsin has used; set TOCSIN_DATA_DIR to a new folder`,
    );
  else if (format > FORMAT) {
    const writer: unknown = meta.get(WRITTEN_BY);
    const version = typeof writer === 'string' ? `Tocsin ${writer}` : 'a newer version of Tocsin';
    throw new PermanentError(
      'data-format',
      `${dataDir} was written by ${version}, in format ${String(format)}; this is Tocsin ${VERSION}, which reads format ${FORMAT}. Start ${typeof writer === 'string' ? `${version} or a newer one` : 'that version'} on it`,
    );
  }
}

/** Called by the owner only: converts an older format to this one and returns the store's identity. Throws PermanentError `store-damaged`. */
export function takeUp(root: RootDatabase, meta: Database, isNew: boolean, dataDir: string): number {
  if (meta.get(WRITTEN_BY) !== VERSION) meta.putSync(WRITTEN_BY, VERSION, 0);
  const isOlder = meta.get(FORMAT_KEY) !== FORMAT;
  const about = aboutLog(root);
  const identity = isOlder ? undefined : about.get(IDENTITY);
  if (identity !== undefined) return identity;
  if (!isOlder && !isNew && about.get(PARTITIONS) !== undefined) throw damaged(`the store in ${dataDir} has no identity`);
  const fresh = newIdentity();
  if (isOlder) upgrade(root);
  root.transactionSync(() => {
    about.put(IDENTITY, fresh);
    void meta.put(FORMAT_KEY, FORMAT, 0);
  });
  return fresh;
}

export function newIdentity(): number {
  return randomInt(1, IDENTITY_MAX);
}

/** Adds checksums to the numbers. Runs before the new format is recorded, so that an interrupted conversion is repeated. */
function upgrade(root: RootDatabase): void {
  for (const name of ['log', 'positions']) {
    const from = root.openDB<unknown, string>({ name });
    const to = root.openDB<Buffer, string>({ name, encoding: 'binary' });
    root.transactionSync(() => {
      for (const key of [...from.getKeys()]) {
        const bytes = to.getBinary(key);
        if (bytes && numberOf(key, bytes) !== undefined) continue;
        const value = from.get(key);
        if (typeof value === 'number') void to.put(key, checked(key, value));
      }
    });
  }
}
