import type { Database, RangeOptions, RootDatabase } from 'lmdb';
import type { RowsName } from './database-names.ts';
import { seal, unseal } from './sealed-row.ts';

type Key = string | number | (string | number)[];

interface Options<V, K> {
  /** Called with the key of each damaged row that is read. */
  readonly onDamaged: (key: K) => void;
  /** The value in decoded JSON or msgpack, undefined if it is none. Default: any object. */
  readonly read?: (decoded: unknown) => V | undefined;
  /** For keys that are numbers. */
  readonly keyEncoding?: 'uint32';
}

/** A database of JSON rows with checksums. Also reads the rows of earlier versions: msgpack without checksums. */
export class SealedRows<V, K extends Key> {
  readonly #rows: Database<Buffer, K>;
  readonly #earlier: Database<unknown, K>;
  readonly #onDamaged: (key: K) => void;
  readonly #read: (decoded: unknown) => V | undefined;

  constructor(root: Pick<RootDatabase, 'openDB'>, name: RowsName, { onDamaged, read = anyObject<V>, keyEncoding }: Options<V, K>) {
    const keys = keyEncoding === undefined ? {} : { keyEncoding };
    this.#rows = root.openDB({ name, encoding: 'binary', ...keys });
    this.#earlier = root.openDB({ name, encoding: 'msgpack', ...keys });
    this.#onDamaged = onDamaged;
    this.#read = read;
  }

  /** The value; undefined if there is no such row, or it is damaged. */
  get(key: K): V | undefined {
    const row = this.#rows.get(key);
    return row && this.#valueOf(key, row);
  }

  /** Whether there is such a row, damaged or not. */
  has(key: K): boolean {
    return this.#rows.doesExist(key);
  }

  /** Call only inside a write of the store: the row is on disk, and visible, once that resolves. Replaces a damaged row too. */
  put(key: K, value: V): void {
    void this.#rows.put(key, seal(String(key), Buffer.from(JSON.stringify(value))));
  }

  /** As `put`; changes nothing if there is no such row. */
  remove(key: K): void {
    void this.#rows.remove(key);
  }

  /** The keys in a range, in order, also those of damaged rows. */
  keys(options: RangeOptions): Iterable<K> {
    return this.#rows.getKeys(options);
  }

  /** The rows in a range, with undefined in place of a damaged value. */
  *range(options: RangeOptions): Iterable<{ readonly key: K; readonly value: V | undefined }> {
    for (const { key, value } of this.#rows.getRange(options)) yield { key, value: this.#valueOf(key, value) };
  }

  #valueOf(key: K, row: Buffer): V | undefined {
    const value = unseal(String(key), row);
    try {
      if (value !== undefined) {
        // Texts of the earlier encoding are parts of one text, which any that is kept would hold in memory in full: hence the copy.
        const json = value === row ? JSON.stringify(this.#earlier.get(key)) : value.toString();
        const decoded = this.#read(JSON.parse(json));
        if (decoded !== undefined) return decoded;
      }
    } catch {
      // Not readable: reported below as damaged.
    }
    this.#onDamaged(key);
    return undefined;
  }
}

function anyObject<V>(decoded: unknown): V | undefined {
  return typeof decoded === 'object' && decoded !== null ? (decoded as V) : undefined;
}
