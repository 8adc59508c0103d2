/**
 * Who may write. The owner listens on a socket for as long as it lives, so the kernel says whether it is alive: after kill -9 nothing is left to
 * clean up, a stopped process (SIGSTOP) stays the owner, and it holds across containers that share the folder.
 * Its record, with an epoch that every commit checks, lies in the store itself: taking over is a compare-and-set in one lmdb transaction.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, connect, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { PermanentError } from '../../runtime/errors.ts';

interface OwnerRecord {
  readonly pid: number;
  readonly socket: string;
}

export interface Ownership {
  readonly epoch: number;
  release(): Promise<void>;
}

export const OWNER_KEY = 'owner';
/** The shortest limit of the systems we run on (macOS) is 104 bytes with the final zero. */
const MAX_SOCKET_PATH = 100;

/** Takes the store or throws PermanentError `data-dir-in-use`. `meta` keeps versions. */
export async function takeOwnership(root: RootDatabase, meta: Database, folder: string, dataDir: string): Promise<Ownership> {
  const { server, path } = await listenNear(folder);
  const release = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve));
    if (process.platform !== 'win32') await rm(path, { force: true });
  };
  for (;;) {
    const before = meta.getEntry(OWNER_KEY) as { value: OwnerRecord; version: number } | undefined;
    if (before && (await isAlive(before.value.socket))) {
      await release();
      throw new PermanentError(
        'data-dir-in-use',
        `another Tocsin (pid ${before.value.pid}) is using ${dataDir}; stop it or set TOCSIN_DATA_DIR to another folder`,
      );
    }
    const epoch = (before?.version ?? 0) + 1;
    const won = root.transactionSync(() => {
      if (meta.getEntry(OWNER_KEY)?.version !== before?.version) return false;
      void meta.put(OWNER_KEY, { pid: process.pid, socket: path } satisfies OwnerRecord, epoch);
      return true;
    });
    if (!won) continue;
    if (before && process.platform !== 'win32') await rm(before.value.socket, { force: true });
    return { epoch, release };
  }
}

/** A socket in the folder, or where its file system has none or the path is too long, in the system's temporary folder. */
async function listenNear(folder: string): Promise<{ server: Server; path: string }> {
  const name = `tocsin-${process.pid}-${randomBytes(6).toString('hex')}`;
  if (process.platform === 'win32') return { server: await listen(`\\\\.\\pipe\\${name}`), path: `\\\\.\\pipe\\${name}` };
  const near = join(folder, `${name}.sock`);
  const far = join(tmpdir(), `${name}.sock`);
  if (Buffer.byteLength(near) <= MAX_SOCKET_PATH) {
    try {
      return { server: await listen(near), path: near };
    } catch {
      // Some shared folders cannot hold sockets.
    }
  }
  return { server: await listen(far), path: far };
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Only a refusal or a missing socket proves that nobody listens; any other answer counts as alive. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}
