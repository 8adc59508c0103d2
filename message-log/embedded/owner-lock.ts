/**
 * Decides who may write. The owner listens on a socket for as long as it lives, so the kernel knows whether it is alive: after kill -9 there is nothing
 * to clean up, a stopped process (SIGSTOP) stays the owner, and this works across containers that share the folder.
 * The owner identifies itself over the socket: a pid from a file may by now be another process's, or belong to another container.
 * Its record is in the store itself, with an epoch that every commit checks: taking over is a compare-and-set in one lmdb transaction.
 */
import { randomBytes } from 'node:crypto';
import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer, connect, type Server } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Database, RootDatabase } from 'lmdb';
import { PermanentError } from '../../runtime/errors.ts';

interface OwnerRecord {
  readonly pid: number;
  readonly socket: string;
}

/** How an owner identifies itself; `place`: the host or container in which `pid` is its process. */
interface Introduction {
  readonly pid: number;
  readonly host: string;
  readonly place: string;
}

export interface Ownership {
  readonly epoch: number;
  release(): Promise<void>;
}

export const OWNER_KEY = 'owner';
/** Holds the path of the owner's socket if that is outside the folder, for processes that check before they open the store. */
const ELSEWHERE_FILE = 'owner';
/** The lowest limit of the supported systems (macOS) is 104 bytes including the final zero. */
const MAX_SOCKET_PATH = 100;
/** How long to wait for the owner to identify itself. A stopped or busy process doesn't answer, and is the owner nevertheless. */
const ANSWER_MS = 2_000;
const ANSWER_BYTES_MAX = 1_024;

/**
 * Throws PermanentError `data-dir-in-use` if an owner is listening. Call before opening the store: if the owner was stopped during a write, opening would
 * wait for its lock for ever.
 */
export async function refuseIfInUse(folder: string, dataDir: string): Promise<void> {
  for (const socket of await socketsOf(folder)) await refuseIfAlive(socket, dataDir);
}

/** Whether an owner is listening. */
export async function isInUse(folder: string): Promise<boolean> {
  return (await listenerIn(folder)) !== undefined;
}

/** The listening owner, for people: `another Tocsin (pid 17)`. Undefined: there is none. */
export async function listenerIn(folder: string): Promise<string | undefined> {
  for (const socket of await socketsOf(folder)) {
    const listener = await listenerAt(socket);
    if (listener !== undefined) return listener;
  }
  return undefined;
}

async function socketsOf(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  const elsewhere = await readFile(join(folder, ELSEWHERE_FILE), 'utf8').catch(() => '');
  const near = names.filter((name) => /^tocsin-.*\.sock$/.test(name)).map((name) => join(folder, name));
  return elsewhere === '' ? near : [...near, elsewhere];
}

/** Takes ownership of the store, or throws PermanentError `data-dir-in-use`. `meta` must be opened with versions. */
export async function takeOwnership(root: RootDatabase, meta: Database, folder: string, dataDir: string): Promise<Ownership> {
  const { server, path } = await listenNear(folder);
  const release = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve));
    if (process.platform !== 'win32') await rm(path, { force: true });
  };
  const leave = async (): Promise<void> => {
    await rm(join(folder, ELSEWHERE_FILE), { force: true });
    await release();
  };
  for (;;) {
    const before = meta.getEntry(OWNER_KEY) as { value: OwnerRecord; version: number } | undefined;
    if (before)
      await refuseIfAlive(before.value.socket, dataDir).catch(async (error: unknown) => {
        await release();
        throw error;
      });
    const epoch = (before?.version ?? 0) + 1;
    const won = root.transactionSync(() => {
      if (meta.getEntry(OWNER_KEY)?.version !== before?.version) return false;
      void meta.put(OWNER_KEY, { pid: process.pid, socket: path } satisfies OwnerRecord, epoch);
      return true;
    });
    if (!won) continue;
    if (before && process.platform !== 'win32') await rm(before.value.socket, { force: true });
    await rm(join(folder, ELSEWHERE_FILE), { force: true });
    if (dirname(path) !== folder) await writeFile(join(folder, ELSEWHERE_FILE), path, { mode: 0o600 });
    return { epoch, release: leave };
  }
}

/** A socket in the folder, or in the system's temporary folder if the file system supports none or the path is too long. */
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

async function listen(path: string): Promise<Server> {
  const introduction = JSON.stringify({ pid: process.pid, host: hostname(), place: await placeOfNumbers() } satisfies Introduction);
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(introduction);
    });
    server.once('error', reject);
    server.listen(path, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** Identifies the pid namespace of this process: each container numbers its own processes. */
async function placeOfNumbers(): Promise<string> {
  const namespace = await readlink('/proc/self/ns/pid').catch(() => '');
  return `${hostname()} ${namespace}`;
}

async function refuseIfAlive(socket: string, dataDir: string): Promise<void> {
  const listener = await listenerAt(socket);
  if (listener === undefined) return;
  throw new PermanentError('data-dir-in-use', `${listener} is using ${dataDir}; stop it or set TOCSIN_DATA_DIR to another folder`);
}

async function listenerAt(socket: string): Promise<string | undefined> {
  const [owner, here] = await Promise.all([ownerAt(socket), placeOfNumbers()]);
  if (owner === undefined) return undefined;
  if (owner === 'unknown') return 'another Tocsin';
  return owner.place === here ? `another Tocsin (pid ${owner.pid})` : `another Tocsin (on ${owner.host})`;
}

/** The listening owner, `unknown` if it doesn't identify itself. Undefined: none, which only a refused connection or a missing socket proves. */
function ownerAt(path: string): Promise<Introduction | 'unknown' | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(path);
    const done = (owner: Introduction | 'unknown' | undefined): void => {
      clearTimeout(timeout);
      socket.destroy();
      resolve(owner);
    };
    const timeout = setTimeout(() => done('unknown'), ANSWER_MS);
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.length > ANSWER_BYTES_MAX) done('unknown');
    });
    socket.once('end', () => done(introductionIn(answer)));
    socket.on('error', ({ code }: NodeJS.ErrnoException) => done(code === 'ECONNREFUSED' || code === 'ENOENT' ? undefined : 'unknown'));
  });
}

/** Earlier versions don't identify themselves. */
function introductionIn(text: string): Introduction | 'unknown' {
  try {
    const { pid, host, place } = JSON.parse(text) as Partial<Introduction>;
    return typeof pid === 'number' && typeof host === 'string' && typeof place === 'string' ? { pid, host, place } : 'unknown';
  } catch {
    return 'unknown';
  }
}
