/**
 * Who may write. The owner listens on a socket for as long as it lives, so the kernel says whether it is alive: after kill -9 nothing is left to
 * clean up, a stopped process (SIGSTOP) stays the owner, and it holds across containers that share the folder.
 * Who it is it says itself over the socket: a number of a process that was written down may be another's by now, or of another container.
 * Its record, with an epoch that every commit checks, lies in the store itself: taking over is a compare-and-set in one lmdb transaction.
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

/** What an owner says of itself; `place`: where its process has that number. */
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
/** Says where the owner listens, where that isn't in the folder: for those who ask before they open the store. */
const ELSEWHERE_FILE = 'owner';
/** The shortest limit of the systems we run on (macOS) is 104 bytes with the final zero. */
const MAX_SOCKET_PATH = 100;
/** A process that was stopped or has no time never answers, and is the owner all the same. */
const ANSWER_MS = 2_000;
const ANSWER_BYTES_MAX = 1_024;

/**
 * Throws PermanentError `data-dir-in-use` where one listens in the folder. To be asked before the store is opened: a process that was stopped while it wrote
 * would let us wait for its lock for ever.
 */
export async function refuseIfInUse(folder: string, dataDir: string): Promise<void> {
  for (const socket of await socketsOf(folder)) await refuseIfAlive(socket, dataDir);
}

/** Whether one listens. */
export async function isInUse(folder: string): Promise<boolean> {
  return (await listenerIn(folder)) !== undefined;
}

/** Who listens, in words: `another Tocsin (pid 17)`. Undefined: nobody does. */
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

/** Takes the store or throws PermanentError `data-dir-in-use`. `meta` keeps versions. */
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

/** Where the numbers of processes are ours: containers count their own. */
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

/** Who listens, `unknown` where it doesn't say. Undefined: nobody, which only a refusal or a missing socket proves. */
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

/** Earlier versions say nothing. */
function introductionIn(text: string): Introduction | 'unknown' {
  try {
    const { pid, host, place } = JSON.parse(text) as Partial<Introduction>;
    return typeof pid === 'number' && typeof host === 'string' && typeof place === 'string' ? { pid, host, place } : 'unknown';
  } catch {
    return 'unknown';
  }
}
