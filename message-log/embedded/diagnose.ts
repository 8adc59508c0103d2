import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type Finding, fine, wrong } from '../../runtime/diagnosis.ts';
import { OwnError, reasonOf } from '../../runtime/errors.ts';
import { REMOVAL_CLOCK_FILE, remembered, spanOf } from '../../runtime/removal-clock.ts';
import { listenerIn } from './owner-lock.ts';

/** Free bytes below which sensors will soon be refused. */
const FREE_MIN_BYTES = 1024 ** 3;
const OTHERS = 0o077;
const CLOCK_BEHIND_MS = 60_000;

/** Checks that the data folder can be written, has room, and cannot be read by other users. Creates nothing. */
export async function diagnoseFolder(dataDir: string): Promise<readonly Finding[]> {
  const folder = resolve(dataDir);
  const check = `data folder ${dataDir}`;
  const there = await stat(folder).catch(() => undefined);
  const existing = there ? folder : await nearestThere(dirname(folder));
  try {
    if (there && !there.isDirectory()) throw new OwnError('is not a folder');
    await access(existing, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    return [wrong(check, `cannot be used: ${reasonOf(error)}`, 'set TOCSIN_DATA_DIR to a folder that this user can write')];
  }
  const user = there ? await listenerIn(join(folder, 'store')).catch(() => undefined) : undefined;
  const found = there
    ? user === undefined
      ? 'can be written'
      : `can be written; ${user} is using it`
    : 'will be created at the first start';
  return [fine(check, found), ...(await privacyOf(folder)), await roomOn(existing), ...clockOf(folder)];
}

/** If the clock once showed a later time than now, it is wrong now or was wrong then. */
function clockOf(folder: string): Finding[] {
  const behindMs = (remembered(join(folder, REMOVAL_CLOCK_FILE)) ?? 0) - Date.now();
  if (behindMs < CLOCK_BEHIND_MS) return [];
  const found = `this machine's clock is ${spanOf(behindMs)} behind what it was when the system last ran`;
  return [wrong('clock', found, 'set it right (NTP); docs/operation.md, Clocks, says what happens until then')];
}

async function privacyOf(folder: string): Promise<Finding[]> {
  const store = join(folder, 'store');
  const found = await stat(store).catch(() => undefined);
  if (!found || process.platform === 'win32') return [];
  if ((found.mode & OTHERS) !== 0)
    return [wrong(`data folder ${folder}`, 'others can read clients and alarms in it', `chmod -R go= ${folder}`)];
  const open = await openFilesIn(store);
  if (open.length === 0) return [];
  const only = `only the mode of ${store} keeps others from reading ${open.sort().join(', ')} in it`;
  return [wrong(`data folder ${folder}`, only, `chmod -R go= ${store}`)];
}

/** Files that other users could read if they could reach them, such as those of a folder that was copied. */
async function openFilesIn(store: string): Promise<string[]> {
  const names = await readdir(store).catch(() => []);
  const modes = await Promise.all(names.map((name) => stat(join(store, name)).catch(() => undefined)));
  return names.filter((_, i) => modes[i]?.isFile() === true && (modes[i].mode & OTHERS) !== 0);
}

async function roomOn(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const found = `${(free / 1024 ** 3).toFixed(1)} GiB are free`;
  return free >= FREE_MIN_BYTES
    ? fine('disk', found)
    : wrong('disk', found, 'make room, or lower TOCSIN_LOG_SIZE and TOCSIN_LOG_RETENTION: when the disk is full, sensors are refused');
}

async function nearestThere(folder: string): Promise<string> {
  const there = await stat(folder).catch(() => undefined);
  return there || folder === dirname(folder) ? folder : nearestThere(dirname(folder));
}
