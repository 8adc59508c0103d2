import type { ZodType } from 'zod';
import { nearestOf } from '../../runtime/nearest.ts';
import type { Path } from '../../runtime/yaml.ts';

/** Reports a problem and the path of the value that it is about. */
export type Report = (path: Path, problem: string) => void;

/** One key of a row: how its value is read and written, and what it means. */
export interface Key<T> {
  readonly schema: ZodType<T>;
  /** For the comments of the printed file and for the docs; one line. */
  readonly help: string;
  /** The value as somebody would write it; undefined: the key is left out. */
  write(value: T): string | number | boolean | undefined;
}

/** All keys that a row can have. */
export type Keys<R> = { readonly [K in keyof R]-?: Key<R[K]> };

/** A YAML mapping: names with a value each. */
export type Table = Readonly<Record<string, unknown>>;

/** Reads the valid keys of a row and reports all others. */
export function readRow<R extends object>(keys: Keys<R>, table: Table, path: Path, report: Report): Partial<R> {
  const row: Partial<R> = {};
  for (const [key, said] of Object.entries(table)) {
    if (isKeyOf(keys, key)) readKey(keys, row, key, said, (problem) => report([...path, key], problem));
    else report([...path, key], `is not known here; did you mean ${nearestOf(key, Object.keys(keys))}?`);
  }
  return row;
}

function readKey<R extends object, K extends keyof R>(
  keys: Keys<R>,
  row: Partial<R>,
  key: K,
  said: unknown,
  report: (problem: string) => void,
) {
  if (said === null) {
    report('has no value');
    return;
  }
  const { success, data, error } = keys[key].schema.safeParse(said);
  if (success) row[key] = data;
  else report(error.issues.map(({ message }) => message).join(', '));
}

/** The row as somebody would write it, with all its keys. */
export function writeRow<R extends object>(keys: Keys<R>, row: R): Readonly<Record<string, string | number | boolean>> {
  const written: Record<string, string | number | boolean> = {};
  for (const key of Object.keys(keys)) {
    if (!isKeyOf(keys, key)) continue;
    const value = keys[key].write(row[key]);
    if (value !== undefined) written[key] = value;
  }
  return written;
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isKeyOf<R extends object>(keys: Keys<R>, key: string | number | symbol): key is keyof R {
  return Object.hasOwn(keys, key);
}
