/** What stands beside the files of a backup: `manifest.json`, and `manifest.sha256` with its own checksum, as sha256sum writes it. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import { VERSION } from '../../runtime/version.ts';

export const MANIFEST = 'manifest.json';
export const MANIFEST_SUM = 'manifest.sha256';
/** Raise it when an older version could not restore the backup, or would restore it wrongly. */
export const FORMAT = 1;

/** Files of a backup, by their paths in it. */
export const STORE_FILE = /^data\/store\/(data\.mdb|journal-\d+|high-water)$/;
export const MAIL_FILE = /^data\/outbox\/[^/\0]+\.eml$/;
export const DATA_FILE = /^data\/(removal-clock|console-audit-\d+\.json)$/;
const SETTINGS_FILE = /^settings\/(tocsin\.yaml|users\.json)$/;
const KINDS = [STORE_FILE, MAIL_FILE, DATA_FILE, SETTINGS_FILE];

const whole = z.number().int().min(0);
const file = z.looseObject({
  path: z.string().refine((path) => KINDS.some((kind) => kind.test(path))),
  bytes: whole,
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const manifest = z.looseObject({
  format: z.number().int().min(1),
  version: z.string(),
  /** Of this moment the backup is. */
  at: z.iso.datetime(),
  store: z.looseObject({
    transaction: whole,
    sequence: whole,
    rows: whole,
    /** When the newest record in it was received; null: there is none. */
    newest: z.iso.datetime().nullable(),
    /** Next offset of each partition, and where each consumer reads on. */
    next: z.record(z.string(), whole),
    positions: z.record(z.string(), whole),
  }),
  /** What was damaged in the store already when it was copied. */
  damage: z.array(z.string()),
  /** Names of the settings that were set; never their values. */
  settings: z.array(z.string()),
  files: z.array(file),
});
type Read = z.infer<typeof manifest>;
export interface Manifest {
  readonly format: number;
  readonly version: string;
  readonly at: string;
  readonly store: Readonly<Pick<Read['store'], 'transaction' | 'sequence' | 'rows' | 'newest' | 'next' | 'positions'>>;
  readonly damage: readonly string[];
  readonly settings: readonly string[];
  readonly files: readonly BackupFile[];
}
export interface BackupFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Throws PermanentError `backup` if there is no backup in the folder, if its manifest is damaged, or if it is of a newer version. */
export function readManifest(folder: string): Manifest {
  const text = textOf(folder, MANIFEST);
  const sum = textOf(folder, MANIFEST_SUM);
  if (sum !== sumLine(text)) throw damaged(`${join(folder, MANIFEST)} is damaged: its checksum is not the one in ${MANIFEST_SUM}`);
  const json = jsonOf(text);
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
  const version = typeof json === 'object' && json !== null && 'version' in json ? json.version : undefined;
  if (typeof format === 'number' && format > FORMAT)
    throw new PermanentError(
      'backup',
      `${folder} was written by Tocsin ${typeof version === 'string' ? version : '(a newer version)'}, in format ${format}; this is Tocsin ${VERSION}, which reads format ${FORMAT}: restore it with that version or a newer one`,
    );
  const { data } = manifest.safeParse(json);
  if (!data) throw damaged(`${join(folder, MANIFEST)} is not a manifest of a backup`);
  return data;
}

export function manifestTexts(of: Manifest): { readonly text: string; readonly sum: string } {
  const text = `${JSON.stringify(of, undefined, 1)}\n`;
  return { text, sum: sumLine(text) };
}

/** What is wrong with the backup's files, each a sentence without full stop. `onBytes` is told how many bytes were read. */
export function problemsOfFiles(folder: string, { files }: Manifest, onBytes: (bytes: number) => void = () => undefined): string[] {
  return files.flatMap(({ path, bytes, sha256 }) => {
    const place = join(folder, path);
    try {
      const found = sumOfFile(place, onBytes);
      if (found.bytes !== bytes) return [`${place} has ${found.bytes} bytes, and should have ${bytes}`];
      return found.sha256 === sha256 ? [] : [`${place} is damaged: its checksum is not the one in the manifest`];
    } catch (error) {
      return [`${place} cannot be read: ${reasonOf(error)}`];
    }
  });
}

/** Throws the file system's errors. */
export function sumOfFile(path: string, onBytes: (bytes: number) => void = () => undefined): Omit<BackupFile, 'path'> {
  const handle = openSync(path, 'r');
  try {
    const piece = Buffer.allocUnsafe(1024 ** 2);
    const hash = createHash('sha256');
    for (let read = -1; read !== 0; onBytes(read)) {
      read = readSync(handle, piece, 0, piece.length, null);
      hash.update(piece.subarray(0, read));
    }
    return { bytes: fstatSync(handle).size, sha256: hash.digest('hex') };
  } finally {
    closeSync(handle);
  }
}

function textOf(folder: string, name: string): string {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch (error) {
    throw new PermanentError('backup', `${folder} is not a whole backup: ${name} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

function sumLine(text: string): string {
  return `${createHash('sha256').update(text).digest('hex')}  ${MANIFEST}\n`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(what: string): PermanentError {
  return new PermanentError('backup', `${what}. Use another backup`);
}
