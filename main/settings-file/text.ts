import { isUtf8 } from 'node:buffer';
import { closeSync, existsSync, lstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../../runtime/configuration.ts';
import { reasonOf } from '../../runtime/errors.ts';

const BYTES_MAX = 1024 ** 2;
const NEWLINE = 0x0a;
const UTF_16_MARKS = ['fffe', 'feff'];
const DEFAULT_NAME = 'tocsin.yaml';
/** Names that people give the file by mistake. A file that is not read would leave its types undetected. */
const MISNAMED = ['tocsin.yml', 'tocsin.yaml.txt'];

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** Where the settings file is, whatever is in it; undefined: there is none. */
export function settingsFileAt(named: string | undefined, folder = '.'): string | undefined {
  if (named !== undefined) return named;
  const path = join(folder, DEFAULT_NAME);
  return existsSync(path) ? path : undefined;
}

/** The text of the named settings file, or of the one in the folder, if there is one. Throws ConfigurationError if it cannot be read. */
export function settingsText(named: string | undefined, folder: string): TextFile | undefined {
  const path = named ?? join(folder, DEFAULT_NAME);
  // A broken link must be reported, not taken for a missing file.
  if (named === undefined && lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    const misnamed = MISNAMED.map((name) => join(folder, name)).find((each) => existsSync(each));
    if (misnamed) throw new ConfigurationError([`${misnamed}: is not read; call it ${DEFAULT_NAME}, or set TOCSIN_SETTINGS to it`]);
    return undefined;
  }
  const bytes = bytesOf(path);
  if (typeof bytes === 'string') throw new ConfigurationError([`${path}: ${bytes}${named === undefined ? '' : ' (TOCSIN_SETTINGS)'}`]);
  const problem = problemOf(bytes);
  if (problem !== undefined) throw new ConfigurationError([`${path}${problem}`]);
  return { path, text: new TextDecoder().decode(bytes) };
}

/** The bytes of a file, up to one more than allowed; or the reason why it cannot be read. */
function bytesOf(path: string): Buffer | string {
  try {
    // A device or pipe may have no end, or wait for a writer.
    if (!statSync(path).isFile()) return 'is not a file';
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(BYTES_MAX + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read)
        read = readSync(file, bytes, length, bytes.length - length, null);
      return bytes.subarray(0, length);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing ? 'there is no such file' : `cannot be read: ${reasonOf(error)}`;
  }
}

function problemOf(bytes: Buffer): string | undefined {
  // An empty file was probably not written to its end, rather than meant to be empty.
  if (bytes.toString('latin1').trim() === '') return ': is empty; remove it, or write into it what it should say';
  if (bytes.length > BYTES_MAX) return ': is larger than 1 MiB';
  if (isUtf8(bytes)) return undefined;
  if (UTF_16_MARKS.includes(bytes.toString('hex', 0, 2))) return ': is UTF-16; save it as UTF-8';
  return `:${firstWrongLine(bytes)}: is not UTF-8; save it as UTF-8`;
}

function firstWrongLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; start < bytes.length; line += 1) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.length : newline + 1;
    if (!isUtf8(bytes.subarray(start, end))) return line;
    start = end;
  }
  return line;
}
