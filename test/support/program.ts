/** Runs a program of this repository to its end, as npm does. */
import { execFile } from 'node:child_process';
import { NODE_FLAGS } from '../../runtime/node-flags.ts';

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEADLINE_MS = 60_000;

/** `program`: its path from the root of the repository. If it misses its deadline it is killed, with code -1. It gets only the given settings, none of this process's. */
export function runProgram(
  program: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  deadlineMs = DEADLINE_MS,
): Promise<ProgramResult> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TOCSIN_'));
  const env = { ...Object.fromEntries(inherited), ...settings };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...NODE_FLAGS, program, ...args],
      { env, timeout: deadlineMs, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr }),
    );
  });
}
