import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { SYSTEM_FLAGS } from '../runtime/node-flags.ts';

/** A process under measurement; the load runs on the second core. */
export interface Server {
  readonly pid: number;
  readonly ready: Ready;
  /** Milliseconds from its start until it reported that it is ready. */
  readonly startMs: number;
  readonly child: ChildProcess;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface Ready {
  readonly ingestPort: number;
  readonly consoleUrl?: string;
  readonly signInUrl?: string;
}

const PINS = existsSync('/usr/bin/taskset');

/** A command line that runs on one core, if the system can pin processes. */
export function pinned(core: 0 | 1, command: string, args: readonly string[]): [string, string[]] {
  return PINS ? ['/usr/bin/taskset', ['-c', String(core), command, ...args]] : [command, [...args]];
}

export const API_TOKEN = 'bench-token-that-is-long-enough-0123456789';

/**
 * Starts a program of this repository, perhaps with arguments, and waits for its `ready` message. `pinned`: on the first core only, for benches that
 * measure CPU; `free`: the system places its threads, as in real use, for benches whose load needs little of the second core. `onSpawned` is called at
 * once, for who looks at the process before it is ready.
 */
export async function startServer(
  program: string | readonly string[],
  environment: NodeJS.ProcessEnv = {},
  where: 'pinned' | 'free' = 'pinned',
  onSpawned: (pid: number) => void = () => undefined,
): Promise<Server> {
  const began = performance.now();
  const commandLine = [...SYSTEM_FLAGS, ...[program].flat()];
  const [command, commandArgs] = where === 'free' ? [process.execPath, commandLine] : pinned(0, process.execPath, commandLine);
  const child = spawn(command, commandArgs, {
    env: {
      ...process.env,
      TOCSIN_LOG_LEVEL: 'warn',
      TOCSIN_INGEST_PORT: '0',
      TOCSIN_CONSOLE_PORT: '0',
      TOCSIN_API_TOKEN: API_TOKEN,
      ...environment,
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  onSpawned(child.pid ?? 0);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Ready));
    child.once('exit', (code) => reject(new Error(`${[program].flat().join(' ')} ended with ${code} before it was ready`)));
  });
  return {
    pid: child.pid ?? 0,
    ready,
    startMs: performance.now() - began,
    child,
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await exited;
    },
  };
}

/** Resident memory of a process in bytes: now, the peak so far, and the present amount split into anonymous memory and pages of mapped files. */
export async function memoryOf(pid: number): Promise<{ rss: number; peak: number; anonymous: number; file: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { rss: kib('VmRSS'), peak: kib('VmHWM'), anonymous: kib('RssAnon'), file: kib('RssFile') };
}

/** CPU seconds that all threads of a process have used so far. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
