/** The one lmdb environment of an embedded installation: log, state, positions, directory, archive and history. */
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { access, chmod, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Database, open, type RootDatabase, type RootDatabaseOptionsWithPath } from 'lmdb';
import { PermanentError, reasonOf } from '../../runtime/errors.ts';
import { type Before, DATA_FILE, lookBeforeMapping } from './before-mapping.ts';
import { META } from './database-names.ts';
import { aboutLog, APPLIED } from './databases.ts';
import { commitFault, damaged, fenced, gone } from './faults.ts';
import { checkFormat, FORMAT, FORMAT_KEY, takeUp } from './format.ts';
import { checkFreeSpace } from './free-space.ts';
import { FileInPlace } from '../../runtime/file-in-place.ts';
import { HIGH_WATER_FILE, HighWater } from './high-water.ts';
import { Journal } from './journal.ts';
import { OWNER_KEY, type Ownership, refuseIfInUse, takeOwnership } from './owner-lock.ts';
import { Preallocation } from './preallocation.ts';

const MAX_DATABASES = 512;
/** Made by lmdb beside the tree. */
const LOCK_FILE = 'lock.mdb';
/** Readers in other processes (a backup, doctor) keep old pages from being reused; one that was killed would do so until the next start. */
const DEAD_READERS_EVERY_MS = 60_000;
const MAP_BYTES = 64 * 1024 ** 3;

export interface StoreSettings {
  /** False opens the store beside a running server, for short writes by a command line tool. */
  readonly owner?: boolean;
  /** False omits the sync to disk: only for measuring its cost. */
  readonly durable?: boolean;
}

export interface Store {
  /** Open databases only at the start: opening one is a synchronous transaction. Don't use putSync or transactionSync later: they split batches. */
  readonly root: RootDatabase;
  readonly dataDir: string;
  /**
   * Applies the puts and removes of `action` as one transaction, perhaps together with other writes; on disk and visible once this resolves.
   * `action` is synchronous, must not throw, and must not change its buffers until then; `bytes` is roughly how much it puts, `reserve` how many bytes
   * must stay free. Rejects, with nothing written, with TransientError (`disk-full`, `log-unavailable`) or, once another owner has taken over,
   * PermanentError `fenced`.
   */
  write(action: () => void, bytes?: number, reserve?: number): Promise<void>;
  /** Where the log's commits go before they are in the tree; undefined for command line tools. */
  readonly journal?: Journal | undefined;
  /** Why something may be missing without any other trace, as a sentence for the log; undefined: there is no reason to think so. */
  readonly doubt?: string | undefined;
  /** False once another owner has taken over. */
  isOwned(): boolean;
  close(): Promise<void>;
}

/** Throws PermanentError: `data-dir` (not usable), `data-dir-in-use`, `data-format` (written by a newer version), `store-damaged`. */
export async function openStore(dataDir: string, settings: StoreSettings = {}): Promise<Store> {
  const folder = join(resolve(dataDir), 'store');
  await prepareFolder(dataDir, folder);
  if (settings.owner !== false) await refuseIfInUse(folder, dataDir);
  const before = await lookBeforeMapping(dataDir, folder);
  const { isNew, marks } = before;
  const durable = settings.durable !== false;
  const root = openEnvironment(folder, dataDir, durable);
  let ownership: Ownership | undefined;
  try {
    const meta = root.openDB({ name: META, useVersions: true });
    checkFormat(meta, isNew, dataDir);
    if (settings.owner === false) return new LmdbStore({ root, dataDir: resolve(dataDir), meta });
    ownership = await takeOwnership(root, meta, folder, dataDir);
    const isOlderFormat = !isNew && meta.get(FORMAT_KEY) !== FORMAT;
    const identity = takeUp(root, meta, isNew, dataDir);
    if (marks && marks.identity !== identity) throw damaged(`tree and journal in ${folder} belong to different stores`);
    const highWater = new HighWater(folder, { identity, transaction: transactionOf(root), sequence: marks?.sequence ?? 0 });
    const preallocates = durable && process.platform !== 'win32';
    const preallocation = preallocates ? new Preallocation(root, join(folder, DATA_FILE)) : undefined;
    const journal = await Journal.open(folder, { epoch: ownership.epoch, identity, durable, highWater, known: marks?.sequence });
    // What a command line tool has made before the first start has no marks yet.
    const isFirst = ownership.epoch === 1;
    const doubt =
      isOlderFormat || isFirst
        ? undefined
        : doubtAbout(before, Math.max(journal.newestLeft, aboutLog(root).get(APPLIED) ?? 0), join(folder, HIGH_WATER_FILE));
    return new LmdbStore({ root, dataDir: resolve(dataDir), meta, ownership, journal, preallocation, highWater, doubt });
  } catch (error) {
    await root.close();
    await ownership?.release();
    throw error instanceof PermanentError ? error : damaged(`the store in ${dataDir} cannot be read`, error);
  }
}

interface StoreParts {
  readonly root: RootDatabase;
  readonly dataDir: string;
  readonly meta: Database;
  readonly ownership?: Ownership;
  readonly journal?: Journal;
  readonly preallocation?: Preallocation | undefined;
  readonly highWater?: HighWater;
  readonly doubt?: string | undefined;
}

class LmdbStore implements Store {
  readonly root: RootDatabase;
  readonly dataDir: string;
  readonly #meta: Database;
  #handle: number | undefined;
  readonly #place: FileInPlace;
  readonly #ownership: Ownership | undefined;
  readonly journal: Journal | undefined;
  readonly #preallocation: Preallocation | undefined;
  readonly #highWater: HighWater | undefined;
  readonly #deadReaders: NodeJS.Timeout | undefined;
  readonly doubt: string | undefined;

  constructor({ root, dataDir, meta, ownership, journal, preallocation, highWater, doubt }: StoreParts) {
    this.root = root;
    this.dataDir = dataDir;
    this.#meta = meta;
    const tree = join(dataDir, 'store', DATA_FILE);
    const handle = openSync(tree, 'r');
    this.#handle = handle;
    this.#place = new FileInPlace(tree, handle);
    this.#ownership = ownership;
    this.journal = journal;
    this.#preallocation = preallocation;
    this.#highWater = highWater;
    this.doubt = doubt;
    if (ownership) this.#deadReaders = setInterval(() => root.readerCheck(), DEAD_READERS_EVERY_MS).unref();
  }

  async write(action: () => void, bytes = 0, reserve?: number): Promise<void> {
    checkFreeSpace(this.dataDir, bytes, reserve);
    if (!this.#place.isThere) throw gone();
    let written: boolean;
    try {
      // Checked inside the transaction, so that a process that lost the store while it was stopped writes nothing.
      written = await (this.#ownership ? this.#meta.ifVersion(OWNER_KEY, this.#ownership.epoch, action) : this.root.batch(action));
    } catch (error) {
      throw await commitFault(error);
    }
    if (!written) throw fenced();
    this.#highWater?.tree(transactionOf(this.root));
  }

  isOwned(): boolean {
    // Otherwise reads may still see the state before the write.
    this.root.resetReadTxn();
    return this.#ownership === undefined || this.#meta.doesExist(OWNER_KEY, this.#ownership.epoch);
  }

  async close(): Promise<void> {
    clearInterval(this.#deadReaders);
    await this.journal?.close();
    await this.#preallocation?.stop();
    await this.root.close();
    // Its number may be another file's by the time of a second call.
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
    this.#highWater?.close();
    await this.#ownership?.release();
  }
}

/** Several files of an older copy may agree with each other; then only these marks can show it. */
function doubtAbout({ isNew, marks, transaction }: Before, newestEntry: number, path: string): string | undefined {
  const otherwise = 'otherwise a file beside it may be an older copy, without what was received later';
  if (isNew || transaction === undefined) return undefined;
  if (!marks) return `${path} is missing or damaged: if only that file was lost, nothing else is wrong; ${otherwise}`;
  // One more of each than the marks say: written, and not yet noted when the process ended.
  if (transaction - marks.transaction <= 1 && newestEntry - marks.sequence <= 1) return undefined;
  return `${path} is behind the files beside it: after a power cut, or where the process was killed during an import or its first start, that is normal; ${otherwise}`;
}

/** Number of the newest transaction. */
export function transactionOf(root: RootDatabase): number {
  const { lastTxnId } = root.getStats() as { readonly lastTxnId: number };
  return lastTxnId;
}

async function prepareFolder(dataDir: string, folder: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    await chmod(folder, 0o700);
    // Versions before made them with what the umask left.
    for (const path of [DATA_FILE, LOCK_FILE].map((name) => join(folder, name))) if (existsSync(path)) await chmod(path, 0o600);
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

export function openEnvironment(folder: string, dataDir: string, durable: boolean): RootDatabase {
  try {
    const options: RootDatabaseOptionsWithPath & { batchStartThreshold: number; permissionsMode: number } = {
      path: folder,
      maxDbs: MAX_DATABASES,
      // A commit resolves only once it is on disk, is not visible before, and is rejected if the sync fails.
      overlappingSync: false,
      noSync: !durable,
      // Address space, not memory: lmdb keeps every map it has outgrown, with all pages read through it. The map still grows if necessary.
      ...(process.platform === 'win32' ? {} : { mapSize: MAP_BYTES }),
      // Otherwise lmdb creates a promise per turn of the event loop, whose rejection nobody can catch when the disk is full.
      eventTurnBatching: false,
      // A batch is handed to lmdb as a whole.
      batchStartThreshold: Number.MAX_SAFE_INTEGER,
      // Missing from lmdb's types.
      permissionsMode: 0o600,
    };
    return open(options);
  } catch (error) {
    throw new PermanentError('data-dir', `the store in ${dataDir} cannot be opened: ${reasonOf(error)}`, { cause: error });
  }
}
