/** Takes a backup: everything is written aside, in FOLDER.part, and gets its name when it is whole and on disk. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { contentsOf, type StoreContents } from '../../message-log/embedded/examine.ts';
import { type CopiedStore, copyStore, hasStore } from '../../message-log/embedded/copy.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import { VERSION } from '../../runtime/version.ts';
import {
  type BackupFile,
  DATA_FILE,
  FORMAT,
  MAIL_FILE,
  type Manifest,
  MANIFEST,
  MANIFEST_SUM,
  manifestTexts,
  sumOfFile,
} from './manifest.ts';
import { EvenPace } from './pace.ts';

export interface BackupSource {
  readonly dataDir: string;
  /** Undefined: there is none. */
  readonly settingsFile: string | undefined;
  readonly usersFile: string | undefined;
  /** Names of the settings that are set. */
  readonly settings: readonly string[];
}

export interface BackupHow {
  readonly bytesPerS: number;
  readonly signal: AbortSignal;
  /** Told when the moment is fixed of which the backup will be, with the size of the tree. */
  readonly onCut: (bytes: number) => void;
}

/** Rejects with PermanentError or TransientError, in words for people, and with the file system's errors; then nothing of the backup is left. */
export async function takeBackup(source: BackupSource, folder: string, how: BackupHow): Promise<Manifest> {
  const target = resolve(folder);
  const aside = `${target}.part`;
  const dataDir = resolve(source.dataDir);
  checkPlaces(dataDir, target, aside);
  makeFolder(aside);
  try {
    const pace = new EvenPace(how.bytesPerS, aside, dataDir, how.signal);
    const written = await new Writing(source, aside, pace).all(how.onCut);
    sync(aside);
    renameSync(aside, target);
    sync(dirname(target));
    return written;
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    // Of the file system.
    throw error instanceof Error && 'syscall' in error
      ? new TransientError('backup', `the backup cannot be written: ${reasonOf(error)}`, { cause: error })
      : error;
  }
}

function checkPlaces(dataDir: string, target: string, aside: string): void {
  if (!hasStore(dataDir))
    throw new PermanentError(
      'backup',
      `${dataDir} holds no store: set TOCSIN_DATA_DIR to the data folder of the system. What is on servers is backed up there (docs/operation/backup.md)`,
    );
  if (existsSync(target)) throw new PermanentError('backup', `${target} exists already: name a new folder`);
  if (existsSync(aside))
    throw new PermanentError(
      'backup',
      `${aside} exists: another backup is being written there, or one was interrupted; if none is running, remove it`,
    );
  const inside = relative(dataDir, target);
  if (!inside.startsWith('..'))
    throw new PermanentError('backup', `${target} lies in the data folder: what is lost with that would be lost too`);
}

function makeFolder(aside: string): void {
  try {
    mkdirSync(aside, { mode: 0o700 });
    chmodSync(aside, 0o700);
  } catch (error) {
    throw new PermanentError('backup', `${aside} cannot be made: ${reasonOf(error)}`, { cause: error });
  }
}

class Writing {
  readonly #source: BackupSource;
  readonly #aside: string;
  readonly #pace: EvenPace;
  readonly #files: BackupFile[] = [];

  constructor(source: BackupSource, aside: string, pace: EvenPace) {
    this.#source = source;
    this.#aside = aside;
    this.#pace = pace;
  }

  async all(onCut: (bytes: number) => void): Promise<Manifest> {
    const { dataDir, settingsFile, usersFile, settings } = this.#source;
    for (const path of ['data', 'data/store', 'data/outbox', 'settings']) mkdirSync(join(this.#aside, path), { mode: 0o700 });
    // Read before the store is: a row of the audit trail that such a file names must be in the copy.
    for (const name of readdirSync(dataDir)) if (DATA_FILE.test(`data/${name}`)) await this.#copy(join(dataDir, name), `data/${name}`);
    let mails: readonly string[] = [];
    const store = await copyStore(dataDir, join(this.#aside, 'data/store'), this.#pace, (bytes) => {
      // A mail that the store says was sent lies there by now.
      mails = mailsIn(dataDir);
      this.#pace.checkRoom(bytes);
      onCut(bytes);
    });
    for (const name of mails) await this.#copy(join(dataDir, 'outbox', name), `data/outbox/${name}`);
    if (settingsFile !== undefined) await this.#copy(settingsFile, 'settings/tocsin.yaml');
    if (usersFile !== undefined) await this.#copy(usersFile, 'settings/users.json');
    const contents = await contentsOf(join(this.#aside, 'data'));
    for (const name of readdirSync(join(this.#aside, 'data/store'))) this.#add(`data/store/${name}`);
    for (const path of ['data/store', 'data/outbox', 'data', 'settings']) sync(join(this.#aside, path));
    const written = manifestOf(store, contents, settings, this.#files);
    const { text, sum } = manifestTexts(written);
    writeFileSync(join(this.#aside, MANIFEST), text, { mode: 0o600, flush: true });
    writeFileSync(join(this.#aside, MANIFEST_SUM), sum, { mode: 0o600, flush: true });
    return written;
  }

  /** Passes over a file that has just been removed, such as a mail that somebody has fetched. */
  async #copy(from: string, to: string): Promise<void> {
    const bytes = contentOf(from);
    if (!bytes) return;
    await this.#pace.next(Math.max(bytes.length, SMALLEST_BYTES));
    writeFileSync(join(this.#aside, to), bytes, { mode: 0o600, flush: true });
    this.#add(to);
  }

  #add(path: string): void {
    this.#files.push({ path, ...sumOfFile(join(this.#aside, path)) });
  }
}

/** A small file costs a sync too. */
const SMALLEST_BYTES = 64 * 1024;

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new PermanentError('backup', `${path} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

function mailsIn(dataDir: string): readonly string[] {
  const outbox = join(dataDir, 'outbox');
  return existsSync(outbox) ? readdirSync(outbox).filter((name) => MAIL_FILE.test(`data/outbox/${name}`)) : [];
}

function manifestOf(store: CopiedStore, contents: StoreContents, settings: readonly string[], files: readonly BackupFile[]): Manifest {
  const next = [...contents.ends].map(([name, end]) => [name.replace(/^log\//, ''), end] as const);
  return {
    format: FORMAT,
    version: VERSION,
    at: new Date(store.at).toISOString(),
    store: {
      transaction: store.transaction,
      sequence: store.sequence,
      rows: contents.rows,
      newest: contents.newest === 0 ? null : new Date(contents.newest).toISOString(),
      next: Object.fromEntries(next),
      positions: Object.fromEntries(contents.positions),
    },
    damage: [...contents.problems],
    settings: [...settings],
    files: [...files],
  };
}

function sync(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
