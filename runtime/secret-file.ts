import { closeSync, openSync, readSync } from 'node:fs';
import { reasonOf } from './errors.ts';

const BYTES_MAX = 64 * 1024;

/** What the environment has for a secret. */
export interface GivenSecret {
  /** Undefined: it is not set, or there is a problem. */
  readonly value: string | undefined;
  /** Why it can't be known, as one line. */
  readonly problem: string | undefined;
}

/** The setting that names the file of a secret. */
export const fileSettingOf = (name: string): string => `${name}_FILE`;

/**
 * The value of a secret setting: its own, or the content of the file that NAME_FILE names, without the newline at its end. As container engines and systemd
 * hand secrets over: a file can be closed to others, and is neither inherited nor shown with the environment of a process.
 */
export function secretOf(name: string, environment: NodeJS.Dict<string>): GivenSecret {
  const value = environment[name] || undefined;
  const file = fileSettingOf(name);
  const path = environment[file] || undefined;
  if (path === undefined) return { value, problem: undefined };
  if (value !== undefined) return { value: undefined, problem: `${name} and ${file} are both set: remove one of them` };
  try {
    return contentOf(path, file);
  } catch (error) {
    return { value: undefined, problem: `${file}: ${path} cannot be read: ${reasonOf(error)}` };
  }
}

function contentOf(path: string, file: string): GivenSecret {
  const bytes = beginningOf(path);
  const problem = (words: string): GivenSecret => ({ value: undefined, problem: `${file}: ${path} ${words}` });
  if (bytes.length > BYTES_MAX) return problem(`is larger than ${BYTES_MAX / 1024} KiB, which no secret is`);
  let value: string;
  try {
    value = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    return problem('is not text in UTF-8');
  }
  if (value === '') return problem('is empty');
  return /[\r\n]/.test(value) ? problem('has more than one line') : { value, problem: undefined };
}

/** At most one byte more than a secret may have, so that a file without an end does no harm. */
function beginningOf(path: string): Buffer {
  const bytes = Buffer.alloc(BYTES_MAX + 1);
  const file = openSync(path, 'r');
  try {
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.length; length += read)
      read = readSync(file, bytes, length, bytes.length - length, null);
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}
