/** Runs commands for the tests of deployment. */
import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

export interface Outcome {
  readonly code: number;
  /** Both streams, as they came. */
  readonly output: string;
  readonly stdout: string;
}

const PATIENCE_MS = 600_000;

/** Resolves whatever the exit code is; 127 if the command can't be started. */
export function attempt(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { cwd, environment = {}, timeoutMs = PATIENCE_MS } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...environment },
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, stdout] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 127, output: error.message, stdout: '' }));
    child.once('close', (code) => resolve({ code: code ?? 137, output, stdout }));
  });
}

/** Resolves with standard output; rejects with the end of what was printed if the command fails. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, output, stdout } = await attempt(command, args, options);
  if (code !== 0) throw new Error(`${command} ${args.join(' ').slice(0, 200)} ended with ${code}:\n${output.trim().slice(-3_000)}`);
  return stdout;
}
