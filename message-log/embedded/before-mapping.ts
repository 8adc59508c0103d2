/** Checks the store's folder before lmdb maps its file: lmdb trusts the file's contents, so damage would crash the process with a signal. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { damaged } from './faults.ts';
import { HIGH_WATER_FILE, type Marks, readMarks } from './high-water.ts';
import { isInUse } from './owner-lock.ts';
import { type Head, headOf, TreeFile } from './tree-file.ts';
import { visitPages } from './tree-pages.ts';

export const DATA_FILE = 'data.mdb';
const LEFT_BY_LOG = /^journal-\d+$/;
const MAIL = /\.eml$/;
/** Name prefix of a damaged store that a repair has replaced. */
export const KEPT = 'store.damaged-';
/** Folder in which a backup is prepared while it is being restored. */
export const RESTORING = 'restore.part';
/** How many times the pages are checked again because a command line tool wrote meanwhile, as it may. */
const ATTEMPTS = 3;

export interface Before {
  /** The tree has never held anything. */
  readonly isNew: boolean;
  /** How far tree and journal are known to have been written; undefined if unknown. */
  readonly marks: Marks | undefined;
  /** Number of the tree's newest transaction; undefined if it is new, or in use. */
  readonly transaction: number | undefined;
}

/**
 * Throws PermanentError `store-damaged` if the tree cannot be trusted, or is missing while other files of the store are there.
 */
export async function lookBeforeMapping(dataDir: string, folder: string): Promise<Before> {
  const path = join(folder, DATA_FILE);
  const marks = readMarks(folder);
  const size = await stat(path).then(
    (found) => found.size,
    () => undefined,
  );
  if (!size) {
    await checkNothingElse(dataDir, folder, size);
    return { isNew: true, marks, transaction: undefined };
  }
  // A running process changes the file while it is being read.
  if (await isInUse(folder)) return { isNew: false, marks, transaction: undefined };
  const head = checkPages(path);
  if (marks && head.transaction < marks.transaction)
    throw damaged(`${path} is an older copy: it ends with transaction ${head.transaction}, but ${marks.transaction} was written`);
  return { isNew: head.main.entries === 0, marks, transaction: head.transaction };
}

async function checkNothingElse(dataDir: string, folder: string, size: number | undefined): Promise<void> {
  const others = await otherTraces(dataDir, folder);
  if (others.length === 0) return;
  const what = size === 0 ? 'is empty' : 'is missing';
  throw damaged(
    `${join(folder, DATA_FILE)}, which holds clients, alarms and everything received, ${what}, although ${others.join(', ')} exist`,
  );
}

/** Evidence, other than the tree, that there has been a store: names for people. */
export async function otherTraces(dataDir: string, folder: string): Promise<readonly string[]> {
  const left = (await readdir(folder).catch(() => [])).filter((name) => name === HIGH_WATER_FILE || LEFT_BY_LOG.test(name));
  const mails = (await readdir(join(dataDir, 'outbox')).catch(() => [])).filter((name) => MAIL.test(name));
  const kept = (await readdir(dataDir).catch(() => [])).filter((name) => name.startsWith(KEPT) || name === RESTORING);
  return [...left.map((name) => `store/${name}`), ...kept, ...(mails.length > 0 ? ['mails in outbox'] : [])];
}

/** The newest head, provided all pages are intact. */
function checkPages(path: string): Head {
  for (let attempt = 1; ; attempt += 1) {
    const file = new TreeFile(path);
    try {
      const head = headOf(file);
      let first = typeof head === 'string' ? head : undefined;
      if (typeof head !== 'string') {
        const visitor = {
          damaged: (what: string): void => {
            first ??= `${what} is damaged`;
          },
        };
        for (const _ of visitPages(file, head, visitor)) if (first !== undefined) break;
        if (first === undefined) return head;
        const now = headOf(file);
        if (attempt <= ATTEMPTS && typeof now !== 'string' && now.transaction !== head.transaction) continue;
      }
      throw damaged(`${path}, which holds clients, alarms and everything received, is damaged: ${first}`);
    } finally {
      file.close();
    }
  }
}
