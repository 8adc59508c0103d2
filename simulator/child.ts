import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PermanentError } from '../runtime/errors.ts';
import { NODE_FLAGS, SYSTEM_FLAGS } from '../runtime/node-flags.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A program of this repository in a process of its own. */
function start(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  stdio: 'pipe' | 'inherit',
  own: boolean,
): ChildProcess {
  return spawn(process.execPath, [...(program === 'main.ts' ? SYSTEM_FLAGS : NODE_FLAGS), `${ROOT}${program}`, ...args], {
    // The launcher is found from here; TOCSIN_DATA_DIR is absolute.
    cwd: ROOT,
    env: environment,
    stdio: own ? ['ignore', stdio, 'inherit', 'ipc'] : ['ignore', stdio, 'inherit'],
    // Ctrl-C at the terminal is for us alone: the system must still answer when we compare.
    detached: own,
  });
}

/** Runs a program to its end; resolves with what it prints. Rejects unless it ends with 0. */
export async function outputOf(program: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const child = start(program, args, environment, 'pipe', false);
  let text = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new PermanentError('child-failed', `${program} ${args.join(' ')} ended with ${code}`);
  return text;
}

/** What the system says once it can do its work. */
export interface Ready {
  readonly ingestPort: number;
  readonly consoleUrl: string;
  readonly signInUrl: string;
  /** undefined: mails go to a server. */
  readonly outbox: string | undefined;
}

/** The whole system in a process of its own. */
export class SystemProcess {
  readonly ready: Promise<Ready>;
  /** Aborted when the process has ended. */
  readonly ended: AbortSignal;
  readonly #child: ChildProcess;
  readonly #ended = new AbortController();

  constructor(environment: NodeJS.ProcessEnv, timeoutMs: number) {
    this.#child = start('main.ts', [], environment, 'inherit', true);
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

  /** Lets it finish what is in hand. */
  async stop(): Promise<void> {
    if (this.ended.aborted) return;
    this.#child.kill('SIGTERM');
    await once(this.ended, 'abort');
  }
}
