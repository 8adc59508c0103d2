/** The one lmdb environment of an embedded installation: log, state, positions, directory, archive and history. */
import { constants } from 'node:fs';
import { access, chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Database, open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import { commitFault, fenced } from './faults.ts';
import { OWNER_KEY, type Ownership, takeOwnership } from './owner-lock.ts';

/** Raised when what is stored can no longer be read by older versions. */
const FORMAT = 1;
const MAX_DATABASES = 512;

export interface StoreSettings {
  /** False opens beside a running server, for short writes of a command line tool. */
  readonly owner?: boolean;
}

export interface Store {
  /** Open databases at start: opening one is a synchronous transaction. Don't use putSync or transactionSync afterwards, they split batches. */
  readonly root: RootDatabase;
  readonly dataDir: string;
  /**
   * Puts and removes of `action` as one transaction, on disk and visible once it resolves, shared with whatever else is written meanwhile.
   * `action` is synchronous, doesn't throw, and leaves its buffers alone until then.
   * Rejects with TransientError (`disk-full`, `log-unavailable`) or, once another owner has taken over, PermanentError `fenced`; then nothing is written.
   */
  write(action: () => void): Promise<void>;
  close(): Promise<void>;
}

/** Throws PermanentError: `data-dir` (not usable), `data-dir-in-use`, `data-format` (written by a newer version). */
export async function openStore(dataDir: string, settings: StoreSettings = {}): Promise<Store> {
  const folder = join(resolve(dataDir), 'store');
  await prepareFolder(dataDir, folder);
  const root = openEnvironment(folder, dataDir);
  try {
    const meta = root.openDB({ name: 'meta', useVersions: true });
    checkFormat(meta, dataDir);
    const ownership = settings.owner === false ? undefined : await takeOwnership(root, meta, folder, dataDir);
    return new LmdbStore(root, resolve(dataDir), meta, ownership);
  } catch (error) {
    await root.close();
    throw error;
  }
}

class LmdbStore implements Store {
  readonly root: RootDatabase;
  readonly dataDir: string;
  readonly #meta: Database;
  readonly #ownership: Ownership | undefined;

  constructor(root: RootDatabase, dataDir: string, meta: Database, ownership: Ownership | undefined) {
    this.root = root;
    this.dataDir = dataDir;
    this.#meta = meta;
    this.#ownership = ownership;
  }

  async write(action: () => void): Promise<void> {
    let written: boolean;
    try {
      // The condition is checked inside the transaction, so that a process that lost the store while it was stopped writes nothing.
      written = await (this.#ownership ? this.#meta.ifVersion(OWNER_KEY, this.#ownership.epoch, action) : this.root.batch(action));
    } catch (error) {
      throw await commitFault(error);
    }
    if (!written) throw fenced();
  }

  async close(): Promise<void> {
    await this.root.close();
    await this.#ownership?.release();
  }
}

async function prepareFolder(dataDir: string, folder: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    await chmod(folder, 0o700);
  } catch (error) {
    throw new PermanentError(
      'data-dir',
      `the data folder ${dataDir} cannot be used: ${reasonOf(error)}; set TOCSIN_DATA_DIR to a folder that can be written`,
      {
        cause: error,
      },
    );
  }
}

function openEnvironment(folder: string, dataDir: string): RootDatabase {
  try {
    const options: RootDatabaseOptionsWithPath & { batchStartThreshold: number } = {
      path: folder,
      maxDbs: MAX_DATABASES,
      // A commit resolves only when it is on disk, nobody reads it before, and a failed sync rejects it.
      overlappingSync: false,
      // Pages that were read are unmapped again, so that resident memory doesn't grow with the log.
      remapChunks: true,
      // A batch is handed over whole.
      batchStartThreshold: Number.MAX_SAFE_INTEGER,
    };
    return open(options);
  } catch (error) {
    throw new PermanentError('data-dir', `the store in ${dataDir} cannot be opened: ${reasonOf(error)}`, { cause: error });
  }
}

function checkFormat(meta: Database, dataDir: string): void {
  const format: unknown = meta.get('format');
  if (format === undefined) meta.putSync('format', FORMAT, 0);
  else if (typeof format !== 'number' || format > FORMAT)
    throw new PermanentError(
      'data-format',
      `${dataDir} was written by a newer version of Tocsin (format ${String(format)}, this one reads ${FORMAT})`,
    );
}
