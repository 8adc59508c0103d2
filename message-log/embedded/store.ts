/** The one lmdb environment of an embedded installation: log, state, positions, directory, archive and history. */
import { constants } from 'node:fs';
import { access, chmod, mkdir, open as openFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Database, open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import { VERSION } from '../../runtime/version.ts';
import { commitFault, fenced } from './faults.ts';
import { checkFreeSpace } from './free-space.ts';
import { Journal } from './journal.ts';
import { OWNER_KEY, type Ownership, refuseIfInUse, takeOwnership } from './owner-lock.ts';
import { Preallocation } from './preallocation.ts';

/** Of all that lies in the folder, journal and frames included: raised when an older version could no longer read it, or would misread it. */
const FORMAT = 2;
/** Which version of Tocsin had the folder last, for versions that can't read it. */
const WRITTEN_BY = 'written-by';
/** What every data file of lmdb 1 begins with, after a page header. */
const MAGIC = 0xbe_ef_c0_de;
const MAGIC_AT = 24;
const DATA_FILE = 'data.mdb';
const MAX_DATABASES = 512;
const MAP_BYTES = 64 * 1024 ** 3;

export interface StoreSettings {
  /** False opens beside a running server, for short writes of a command line tool. */
  readonly owner?: boolean;
  /** False leaves out the sync to disk: only to measure what it costs. */
  readonly durable?: boolean;
}

export interface Store {
  /** Open databases at start: opening one is a synchronous transaction. Don't use putSync or transactionSync afterwards, they split batches. */
  readonly root: RootDatabase;
  readonly dataDir: string;
  /**
   * Puts and removes of `action` as one transaction, on disk and visible once it resolves, shared with whatever else is written meanwhile.
   * `action` is synchronous, doesn't throw, and leaves its buffers alone until then; `bytes` is about what it puts, `reserve` what must stay free.
   * Rejects with TransientError (`disk-full`, `log-unavailable`) or, once another owner has taken over, PermanentError `fenced`; then nothing is written.
   */
  write(action: () => void, bytes?: number, reserve?: number): Promise<void>;
  /** Where the log's commits go before they are in the tree; none for tools. */
  readonly journal?: Journal | undefined;
  /** False once another owner has taken over. */
  isOwned(): boolean;
  close(): Promise<void>;
}

/** Throws PermanentError: `data-dir` (not usable), `data-dir-in-use`, `data-format` (written by a newer version). */
export async function openStore(dataDir: string, settings: StoreSettings = {}): Promise<Store> {
  const folder = join(resolve(dataDir), 'store');
  await prepareFolder(dataDir, folder);
  if (settings.owner !== false) await refuseIfInUse(folder, dataDir);
  await checkIsStore(join(folder, DATA_FILE), dataDir);
  const root = openEnvironment(folder, dataDir, settings.durable !== false);
  try {
    const meta = root.openDB({ name: 'meta', useVersions: true });
    checkFormat(meta, dataDir);
    const ownership = settings.owner === false ? undefined : await takeOwnership(root, meta, folder, dataDir);
    if (ownership && meta.get(WRITTEN_BY) !== VERSION) meta.putSync(WRITTEN_BY, VERSION, 0);
    const preallocates = ownership && settings.durable !== false && process.platform !== 'win32';
    const preallocation = preallocates ? new Preallocation(root, join(folder, DATA_FILE)) : undefined;
    const journal = ownership && (await Journal.open(folder, ownership.epoch, settings.durable !== false));
    return new LmdbStore(root, resolve(dataDir), meta, ownership, journal, preallocation);
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
  readonly journal: Journal | undefined;
  readonly #preallocation: Preallocation | undefined;

  constructor(
    root: RootDatabase,
    dataDir: string,
    meta: Database,
    ownership: Ownership | undefined,
    journal: Journal | undefined,
    preallocation: Preallocation | undefined,
  ) {
    this.root = root;
    this.dataDir = dataDir;
    this.#meta = meta;
    this.#ownership = ownership;
    this.journal = journal;
    this.#preallocation = preallocation;
  }

  async write(action: () => void, bytes = 0, reserve?: number): Promise<void> {
    checkFreeSpace(this.dataDir, bytes, reserve);
    let written: boolean;
    try {
      // The condition is checked inside the transaction, so that a process that lost the store while it was stopped writes nothing.
      written = await (this.#ownership ? this.#meta.ifVersion(OWNER_KEY, this.#ownership.epoch, action) : this.root.batch(action));
    } catch (error) {
      throw await commitFault(error);
    }
    if (!written) throw fenced();
  }

  isOwned(): boolean {
    // Otherwise what was read a moment ago may be seen again.
    this.root.resetReadTxn();
    return this.#ownership === undefined || this.#meta.doesExist(OWNER_KEY, this.#ownership.epoch);
  }

  async close(): Promise<void> {
    await this.journal?.close();
    await this.#preallocation?.stop();
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

/** lmdb doesn't survive the attempt to open a file of another kind. */
async function checkIsStore(path: string, dataDir: string): Promise<void> {
  const head = Buffer.alloc(MAGIC_AT + 4);
  const file = await openFile(path, 'r').catch(() => undefined);
  if (!file) return;
  const { bytesRead } = await file.read(head, 0, head.length, 0).finally(() => file.close());
  if (bytesRead > 0 && head.readUInt32LE(MAGIC_AT) !== MAGIC)
    throw new PermanentError(
      'data-dir',
      `${path} is damaged or not a store of Tocsin; set TOCSIN_DATA_DIR to another folder than ${dataDir}`,
    );
}

function openEnvironment(folder: string, dataDir: string, durable: boolean): RootDatabase {
  try {
    const options: RootDatabaseOptionsWithPath & { batchStartThreshold: number } = {
      path: folder,
      maxDbs: MAX_DATABASES,
      // A commit resolves only when it is on disk, nobody reads it before, and a failed sync rejects it.
      overlappingSync: false,
      noSync: !durable,
      // Address space, not memory: lmdb keeps every map it has outgrown, and with it the pages that were read through it. It still grows if need be.
      ...(process.platform === 'win32' ? {} : { mapSize: MAP_BYTES }),
      // Otherwise each turn of the event loop has a promise of its own, which nobody can catch when the disk is full.
      eventTurnBatching: false,
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
  else if (typeof format === 'number' && format < FORMAT)
    throw new PermanentError(
      'data-format',
      `${dataDir} has format ${format}, which no release of Tocsin has written; set TOCSIN_DATA_DIR to a new folder`,
    );
  else if (format !== FORMAT) {
    const writer: unknown = meta.get(WRITTEN_BY);
    const version = typeof writer === 'string' ? `Tocsin ${writer}` : 'a newer version of Tocsin';
    throw new PermanentError(
      'data-format',
      `${dataDir} was written by ${version}, in format ${String(format)}; this is Tocsin ${VERSION}, which reads format ${FORMAT}. Start ${typeof writer === 'string' ? `${version} or a newer one` : 'that version'} on it`,
    );
  }
}
