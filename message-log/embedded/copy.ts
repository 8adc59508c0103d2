/**
 * Copies a store while its owner works on it. The copy is what kill -9 would have left on disk at one moment, so the next start takes it up as it takes
 * up after a crash. That moment is found without asking the owner: a head of the tree and the journal belong together if no transaction of the tree
 * came in between. From then on a read transaction keeps every page that this head needs; pages that are free in it may hold anything.
 */
import { closeSync, constants, existsSync, fdatasyncSync, fsyncSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RootDatabase } from 'lmdb';
import { PermanentError, TransientError } from '../../runtime/errors.ts';
import { DATA_FILE } from './before-mapping.ts';
import { META } from './database-names.ts';
import { aboutLog, APPLIED, APPLIED_BY, IDENTITY } from './databases.ts';
import { FORMAT, FORMAT_KEY } from './format.ts';
import { HighWater } from './high-water.ts';
import { type Entry, inOrder, type JournalFile, journalFilesIn, readLeft, withOnly } from './journal.ts';
import { isInUse } from './owner-lock.ts';
import { openStore } from './store.ts';
import { type Head, headOf, TreeFile } from './tree-file.ts';

/** Sets the pace, and says when to stop. */
export interface Pace {
  /** Call after each piece of `bytes` bytes, before it is written. Rejects when the copying must end. */
  next(bytes: number): Promise<void>;
}

export interface CopiedStore {
  /** Of this moment the copy is, epoch ms. */
  readonly at: number;
  /** Number of the tree's newest transaction, and of the journal's newest entry, in the copy. */
  readonly transaction: number;
  readonly sequence: number;
  /** Identity of the store; undefined: no log was ever in it. */
  readonly identity: number | undefined;
}

interface Cut {
  readonly at: number;
  readonly head: Head;
  /** Both heads of the tree, as stored: its first two pages. */
  readonly heads: Buffer;
  readonly identity: number | undefined;
  readonly sequence: number;
  readonly journals: readonly { readonly name: string; readonly bytes: Buffer }[];
}

const PIECE_BYTES = 1024 ** 2;
/** Written data is synced this often: a sync of a lot at once would hold up the owner's own. */
const SYNC_BYTES = 4 * 1024 ** 2;
const ATTEMPTS = 400;
const ATTEMPT_EVERY_MS = 25;

/**
 * Copies `store/` of the data folder into the new folder `to`, which must exist and be empty; all of it is on disk once this resolves. `onCut` is called as
 * soon as the moment is fixed of which the copy will be. Rejects with PermanentError `store-damaged` or `data-format`, with TransientError `store-busy`, as
 * `pace` does, and with the file system's errors.
 */
export async function copyStore(dataDir: string, to: string, pace: Pace, onCut: (bytes: number) => void): Promise<CopiedStore> {
  const folder = join(resolve(dataDir), 'store');
  const store = await openStore(dataDir, { owner: false });
  const snapshot = store.root.useReadTransaction();
  const file = new TreeFile(join(folder, DATA_FILE));
  try {
    checkFormat(store.root, dataDir);
    const cut = await cutOf(store.root, folder, file);
    const { at, head, identity, sequence } = cut;
    onCut(Math.min((head.lastPage + 1) * head.pageBytes, file.bytes));
    for (const { name, bytes } of cut.journals) writeWhole(join(to, name), bytes);
    await copyTree(file, cut, join(to, DATA_FILE), pace);
    if (identity !== undefined) new HighWater(to, { identity, transaction: head.transaction, sequence }).close();
    syncFolder(to);
    return { at, transaction: head.transaction, sequence, identity };
  } finally {
    file.close();
    snapshot.done();
    await store.close();
  }
}

/** Whether the data folder holds a store at all. */
export function hasStore(dataDir: string): boolean {
  return existsSync(join(dataDir, 'store', DATA_FILE));
}

function checkFormat(root: RootDatabase, dataDir: string): void {
  const format: unknown = root.openDB({ name: META, useVersions: true }).get(FORMAT_KEY);
  if (format === FORMAT) return;
  throw new PermanentError(
    'data-format',
    `${dataDir} was written by an earlier version of Tocsin, in format ${String(format)}: start this version on it once, or copy the folder while nothing runs on it`,
  );
}

async function cutOf(root: RootDatabase, folder: string, file: TreeFile): Promise<Cut> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const inUse = await isInUse(folder);
    const before = headsIn(file);
    const head = headOf(file);
    root.resetReadTxn();
    const numbers = aboutLog(root);
    const [identity, applied, since] = [numbers.get(IDENTITY), numbers.get(APPLIED) ?? 0, numbers.get(APPLIED_BY) ?? 0];
    const journals = journalFilesIn(folder);
    const at = Date.now();
    if (typeof head !== 'string' && before?.equals(headsIn(file) ?? Buffer.alloc(0))) {
      const entries = entriesOf(journals, { identity, applied, since });
      // Behind a gap an entry was still being written, or the area was used again meanwhile. Without an owner, a gap is damage, and stays in the copy.
      if (!inUse || entries.every(({ sequence }, i) => sequence === applied + 1 + i))
        return { at, head, heads: before, identity, sequence: entries.at(-1)?.sequence ?? applied, journals: copiesOf(journals, entries) };
    }
    await sleep(ATTEMPT_EVERY_MS);
  }
  throw new TransientError('store-busy', 'the store changes too fast to be copied: try again when less is being imported or sent');
}

/** Both heads, as stored; undefined if they cannot be read. */
function headsIn(file: TreeFile): Buffer | undefined {
  const head = headOf(file);
  return typeof head === 'string' ? undefined : file.read(0, 2 * head.pageBytes);
}

function copiesOf(journals: readonly JournalFile[], entries: readonly Entry[]): Cut['journals'] {
  return journals.map((journal) => {
    const own = entries.filter(({ epoch }) => epoch === journal.epoch);
    return { name: basename(journal.path), bytes: withOnly(own, journal) };
  });
}

interface Own {
  readonly identity: number | undefined;
  readonly applied: number;
  readonly since: number;
}

/** The acknowledged entries that are not in the tree, as the next start would find them. */
function entriesOf(journals: readonly JournalFile[], { identity, applied, since }: Own): Entry[] {
  if (identity === undefined) return [];
  const left = journals.map(({ path, epoch, bytes }) => readLeft(path, epoch, bytes));
  const own = left.filter((file) => file.epoch >= since && file.identity === identity);
  return inOrder(own.flatMap(({ entries }) => entries).filter(({ sequence }) => sequence > applied));
}

async function copyTree(file: TreeFile, { head, heads }: Cut, path: string, pace: Pace): Promise<void> {
  const to = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    writeAll(to, heads, 0);
    const end = (head.lastPage + 1) * head.pageBytes;
    let unsynced = 0;
    for (let at = heads.length; at < end; ) {
      const piece = file.read(at, Math.min(PIECE_BYTES, end - at));
      // Free pages behind the end of the file were never written.
      if (piece.length === 0) break;
      await pace.next(piece.length);
      writeAll(to, piece, at);
      at += piece.length;
      unsynced += piece.length;
      if (unsynced >= SYNC_BYTES) {
        fdatasyncSync(to);
        unsynced = 0;
      }
    }
    fsyncSync(to);
  } finally {
    closeSync(to);
  }
}

function writeAll(file: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done);
}

function writeWhole(path: string, bytes: Buffer): void {
  writeFileSync(path, bytes, { flag: 'wx', mode: 0o600, flush: true });
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
