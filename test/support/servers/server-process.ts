/** A real server as a process that never outlives the test that started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { freeze } from '../freeze.ts';

/** Kills the server when this process dies, however it dies (util-linux). */
const SETPRIV = '/usr/bin/setpriv';

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ServerProcess {
  readonly pid: number;
  readonly alive: boolean;
  signal(signal: NodeJS.Signals): void;
  /** Resolves once it has halted: connections are accepted, but nothing is answered. SIGCONT continues it. */
  freeze(): Promise<void>;
  /** Sends the signal and resolves once the process is gone. */
  end(signal: NodeJS.Signals): Promise<void>;
}

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** Gets its output. */
  readonly logFile: string;
  readonly environment?: NodeJS.ProcessEnv;
}

export function startProcess({ command, args, folder, logFile, environment }: ServerCommand): ServerProcess {
  const log = openSync(logFile, 'a');
  const tied = existsSync(SETPRIV);
  const child = spawn(tied ? SETPRIV : command, tied ? ['--pdeathsig', 'KILL', command, ...args] : args, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  running.add(child);
  const exited = new Promise<void>((resolve) => {
    const gone = (): void => {
      running.delete(child);
      resolve();
    };
    child.once('exit', gone);
    child.once('error', gone);
  });
  return {
    pid: child.pid ?? 0,
    get alive() {
      return running.has(child);
    },
    signal: (signal) => {
      child.kill(signal);
    },
    freeze: () => freeze(child.pid ?? 0),
    end: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

export interface Readiness {
  /** Its name in the error message: `kafka node 2`. */
  readonly name: string;
  readonly logFile: string;
  readonly deadlineMs: number;
}

/** Resolves once `ready` resolves with true. Rejects with the end of the log if the process ends or the deadline passes before. */
export async function untilReady(
  process: ServerProcess,
  { name, logFile, deadlineMs }: Readiness,
  ready: () => Promise<boolean>,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await ready())) {
    const problem = process.alive ? Date.now() > end && 'was not ready in time' : 'ended before it was ready';
    if (problem) throw new Error(`${name} ${problem}:\n${readFileSync(logFile, 'utf8').slice(-4_000)}`);
    await delay(50);
  }
}
