import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { PermanentError } from '../../runtime/errors.ts';
import { NODE_FLAGS, SYSTEM_FLAGS } from '../../runtime/node-flags.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The `nice` value of a program that is in no hurry. */
const STANDS_BACK = 10;

export interface ProgramOptions {
  readonly environment: NodeJS.ProcessEnv;
  /** Ends the program when aborted. */
  readonly stop: AbortSignal;
  /** Runs at low priority. */
  readonly standsBack?: boolean;
}

/** Runs a program of this repository to its end; resolves with its output. Unless it ends with 0, rejects with its error output. */
export async function outputOf(
  program: string,
  args: readonly string[],
  { environment, stop, standsBack = false }: ProgramOptions,
): Promise<string> {
  const child = spawn(process.execPath, [...NODE_FLAGS, `${ROOT}${program}`, ...args], {
    cwd: ROOT,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: stop,
  });
  if (standsBack && child.pid !== undefined) setPriority(child.pid, STANDS_BACK);
  const printed = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.err += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new PermanentError('child-failed', `${program} ${args.join(' ')} ended with ${code}: ${printed.err.trim()}`);
  return printed.out;
}

/** What the system reports once it is ready. */
export interface Ready {
  readonly ingestPort: number;
  readonly consoleUrl: string;
  readonly signInUrl: string;
  /** undefined: mails go to a server. */
  readonly outbox: string | undefined;
}

/** The whole system, in a process of its own. */
export class SystemProcess {
  readonly ready: Promise<Ready>;
  /** Aborted when the process has ended. */
  readonly ended: AbortSignal;
  readonly #child: ChildProcess;
  readonly #ended = new AbortController();

  constructor(environment: NodeJS.ProcessEnv, timeoutMs: number) {
    this.#child = spawn(process.execPath, [...SYSTEM_FLAGS, `${ROOT}main.ts`], {
      // The launcher is found from this folder; TOCSIN_DATA_DIR is absolute.
      cwd: ROOT,
      env: environment,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // Ctrl-C at the terminal must reach only this process: the system must still answer during the comparison.
      detached: true,
    });
    this.ended = this.#ended.signal;
    this.#child.once('close', () => this.#ended.abort());
    this.ready = new Promise((resolve, reject) => {
      const failed = (what: string) => reject(new PermanentError('child-failed', `the system ${what}`));
      const timer = setTimeout(() => failed(`isn't ready after ${timeoutMs / 1_000} s`), timeoutMs);
      this.#child.once('close', (code) => {
        clearTimeout(timer);
        failed(`ended with ${code} before it was ready`);
      });
      this.#child.on('message', (message: { type?: string } & Ready) => {
        if (message.type !== 'ready') return;
        clearTimeout(timer);
        resolve(message);
      });
    });
    process.once('exit', () => this.#child.kill('SIGKILL'));
  }

  /** Stops it after it has finished work in hand. */
  async stop(): Promise<void> {
    if (this.ended.aborted) return;
    this.#child.kill('SIGTERM');
    await once(this.ended, 'abort');
  }
}
