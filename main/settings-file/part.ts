import type { RoleName } from '../roles.ts';
import type { Report } from './row.ts';

/** One part of the settings file: the value of one top-level name. */
export interface Part<T> {
  /** The comment above it in the printed file: its purpose, and the meaning of each of its keys. */
  readonly help: string;
  /** Its value when the file doesn't have it. */
  readonly default: T;
  /** The roles that cannot run while something in it is wrong; all others do. */
  readonly neededBy: 'every role' | readonly RoleName[];
  /** Reads the parsed YAML under its name. Reports all problems, with paths that begin below the name. Never throws. */
  read(value: unknown, report: Report): T;
  /** For a line of the doctor: `3 types of alarms: motion, smoke, temperature`. */
  summary(value: T): string;
  /** What would be read as this value, with every key written out. */
  write(value: T): unknown;
}

export type Parts = Readonly<Record<string, Part<unknown>>>;
export type ValuesOf<P extends Parts> = { readonly [N in keyof P]: P[N] extends Part<infer T> ? T : never };

export function defaultsOf<P extends Parts>(parts: P): ValuesOf<P> {
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.default])) as ValuesOf<P>;
}

export function summaryOf<P extends Parts>(parts: P, values: ValuesOf<P>): string {
  return Object.entries(parts)
    .map(([name, part]) => part.summary(values[name]))
    .join('; ');
}
