import { type ParseArgsConfig, parseArgs } from 'node:util';
import { reasonOf } from '../../runtime/errors.ts';
import type { Directory } from '../../directory/port.ts';

export type WithDirectory = <T>(work: (directory: Directory) => Promise<T>) => Promise<T>;

export interface Command {
  /** One line each, as the list of commands shows them. */
  readonly usage: string;
  readonly summary: string;
  readonly help: string;
  /** Resolves with the exit code. */
  run(args: readonly string[], withDirectory: WithDirectory): Promise<number>;
}

/** The command line makes no sense; the message says what would. */
export class UsageError extends Error {}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Reads options and plain words. Throws UsageError. */
export function readArguments<const O extends Options>(args: readonly string[], options: O, usage: string) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${reasonOf(error).replace(/\. To specify.*/s, '')}. Usage: npm run clients -- ${usage}`);
  }
}

/** A whole number in a range. Throws UsageError. */
export function readInteger(text: string | undefined, name: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(`${name} must be a whole number from ${min} to ${max}${text === undefined ? '' : `, not ${text}`}`);
  return value;
}

export function grouped(n: number): string {
  return n.toLocaleString('en-US');
}
