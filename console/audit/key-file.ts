/** The key of the audit trail where no secret is set: made once, beside the store and not in it. */
import { createHash, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OwnError } from '../../runtime/errors.ts';
import { AuditKey } from './key.ts';

const BYTES = 32;

export const auditKeyFile = (dataDir: string): string => join(dataDir, 'audit-key');

/** Undefined if there is none. Rejects if it can't be read, or is damaged; the message has nothing of the key. */
export async function readKeyFile(path: string): Promise<AuditKey | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const [, secret = '', sum] = /^([\w-]{43}) ([\w-]{8})\n$/.exec(text) ?? [];
  if (sum === undefined || sum !== sumOf(secret)) throw new OwnError('it is damaged');
  return new AuditKey(secret);
}

/** The key in the file, which is made if there is none. Rejects as `readKeyFile` and the file system do. */
export async function keyInFile(path: string): Promise<AuditKey> {
  const known = await readKeyFile(path);
  if (known) return known;
  // Where everything else is on servers, nobody has made the folder yet.
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const secret = randomBytes(BYTES).toString('base64url');
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`;
  await writeFile(aside, `${secret} ${sumOf(secret)}\n`, { mode: 0o600, flush: true });
  try {
    // Whole or not at all, and never in the place of one that another console on the same data folder has made.
    await link(aside, path);
    return new AuditKey(secret);
  } catch (error) {
    const other = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await readKeyFile(path) : undefined;
    if (!other) throw error;
    return other;
  } finally {
    await rm(aside, { force: true });
  }
}

/** So that a flipped bit is found, and isn't taken for another key. */
const sumOf = (secret: string): string => createHash('sha256').update(`key ${secret}`).digest('base64url').slice(0, 8);
