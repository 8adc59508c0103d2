/** Puts a backup into an empty data folder: everything is prepared in `restore.part` there, and the store gets its place last. */
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RESTORING } from '../../message-log/embedded/before-mapping.ts';
import { freeBytes, RESERVE_BYTES } from '../../message-log/embedded/free-space.ts';
import { rebuildStore } from '../../message-log/embedded/repair.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import { DATA_FILE, MAIL_FILE, type Manifest, problemsOfFiles } from '../backup/manifest.ts';
import { inMib } from '../backup/pace.ts';

/** What file managers and disks have put into a folder that nobody has used. */
const NOTHING = new Set(['lost+found', '.DS_Store']);

/**
 * `prepared` is called with the folder of the store before it gets its place; if it rejects, nothing is restored. Resolves with what was damaged in the store already when
 * it was copied, and is left out. Rejects with PermanentError `backup` or `data-dir`, TransientError `disk-full`, as `prepared` does, and with the file system's errors.
 */
export async function restoreBackup(
  folder: string,
  manifest: Manifest,
  into: string,
  prepared: (dataDir: string) => Promise<void>,
): Promise<readonly string[]> {
  const dataDir = resolve(into);
  const aside = join(dataDir, RESTORING);
  checkEmpty(dataDir);
  const problems = problemsOfFiles(folder, manifest);
  if (problems.length > 0) throw new PermanentError('backup', `${problems.join('\n')}\nNothing was restored: use another backup`);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  checkRoom(manifest, dataDir);
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { mode: 0o700 });
  try {
    const damage = await rebuildStore(join(folder, 'data/store'), join(aside, 'store'));
    for (const { path } of manifest.files) {
      if (!MAIL_FILE.test(path) && !DATA_FILE.test(path)) continue;
      const to = join(aside, path.replace(/^data\//, ''));
      await mkdir(dirname(to), { recursive: true, mode: 0o700 });
      await copyFile(join(folder, path), to);
    }
    await prepared(aside);
    for (const name of readdirSync(aside).sort((a, b) => Number(a === 'store') - Number(b === 'store'))) {
      // Left by a restore that was interrupted here.
      await rm(join(dataDir, name), { recursive: true, force: true });
      await rename(join(aside, name), join(dataDir, name));
    }
    return damage;
  } catch (error) {
    throw error instanceof Error && 'syscall' in error
      ? new TransientError('restore', `${dataDir} cannot be written: ${reasonOf(error)}`, { cause: error })
      : error;
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function checkEmpty(dataDir: string): void {
  if (!existsSync(dataDir)) return;
  const names = readdirSync(dataDir).filter((name) => !NOTHING.has(name));
  const refused = (why: string): PermanentError =>
    new PermanentError(
      'data-dir',
      `${why}: a backup is only restored into an empty folder. Stop Tocsin, move what is there to another place and keep it, or set TOCSIN_DATA_DIR to a new folder`,
    );
  // A start that was refused leaves an empty folder.
  if (existsSync(join(dataDir, 'store')) && readdirSync(join(dataDir, 'store')).length > 0)
    throw refused(`${dataDir} is in use, or was: it holds a store`);
  // An interrupted restore left its own files; the store comes last.
  const others = names.includes(RESTORING)
    ? names.filter((name) => name !== RESTORING && name !== 'store' && name !== 'outbox' && !DATA_FILE.test(`data/${name}`))
    : names;
  if (others.length > 0)
    throw refused(
      `${dataDir} is not empty: it holds ${others
        .slice(0, 5)
        .map((name) => basename(name))
        .join(', ')}${others.length > 5 ? ' and more' : ''}`,
    );
}

function checkRoom({ files }: Manifest, dataDir: string): void {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0) + RESERVE_BYTES;
  const free = freeBytes(dataDir);
  if (free < bytes)
    throw new TransientError(
      'disk-full',
      `the backup does not fit into ${dataDir}: ${inMib(bytes)} are needed, and ${inMib(free)} are free`,
    );
}
