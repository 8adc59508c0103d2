/** The whole system as a process of its own, to be killed, stopped and started again; and the simulator beside it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { NODE_FLAGS, SYSTEM_FLAGS } from '../../runtime/node-flags.ts';
import type { Report } from '../../simulator/report.ts';

export const API_TOKEN = 'a-token-of-the-tests-0123456789abcdef';

export interface SystemOptions {
  readonly dataDir: string;
  readonly environment?: NodeJS.ProcessEnv;
}

export interface Ready {
  readonly ingestPort: number;
  readonly consoleUrl: string;
  readonly signInUrl: string;
  readonly outbox: string | undefined;
}

/** A system on ports of its own, which stay the same when it is started again. */
export class SystemProcess {
  readonly ingestUrl: string;
  readonly consoleUrl: string;
  readonly dataDir: string;
  readonly #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(ports: readonly [number, number], { dataDir, environment }: SystemOptions) {
    this.ingestUrl = `http://127.0.0.1:${ports[0]}`;
    this.consoleUrl = `http://127.0.0.1:${ports[1]}`;
    this.dataDir = dataDir;
    this.#environment = {
      ...process.env,
      TOCSIN_INGEST_PORT: String(ports[0]),
      TOCSIN_CONSOLE_PORT: String(ports[1]),
      TOCSIN_DATA_DIR: dataDir,
      TOCSIN_API_TOKEN: API_TOKEN,
      TOCSIN_LOG_LEVEL: 'info',
      TOCSIN_LOG_FORMAT: 'json',
      ...environment,
    };
  }

  static async create(options: SystemOptions): Promise<SystemProcess> {
    return new SystemProcess([await freePort(), await freePort()], options);
  }

  get outbox(): string {
    return join(this.dataDir, 'outbox');
  }

  /** All that it printed since its last start. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves once it takes statuses. Rejects with what it printed when it ends before. */
  async start(): Promise<Ready> {
    this.#output = '';
    const child = spawn(process.execPath, [...SYSTEM_FLAGS, 'main.ts'], {
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    return new Promise((resolve, reject) => {
      child.once('message', (message) => resolve(message as Ready));
      child.once('exit', (code, signal) =>
        reject(new Error(`the system ended with ${code ?? signal} before it was ready:\n${this.#output}`)),
      );
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Resolves with its exit code, or the signal that ended it. */
  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? child?.signalCode ?? null;
    const exited = new Promise<number | NodeJS.Signals | null>((resolve) => child.once('exit', (code, by) => resolve(code ?? by)));
    child.kill(signal);
    return exited;
  }
}

export interface Simulation {
  readonly exitCode: number | null;
  readonly output: string;
  /** Undefined when it could not write one. */
  readonly report: Report | undefined;
}

/** Runs the simulator against a system until it has compared; `reportFile` is where it leaves its figures. */
export async function simulate(system: SystemProcess, reportFile: string, args: readonly string[]): Promise<Simulation> {
  const where = [
    '--url',
    system.ingestUrl,
    '--console',
    system.consoleUrl,
    '--token',
    API_TOKEN,
    '--outbox',
    system.outbox,
    '--json',
    reportFile,
  ];
  const child = spawn(process.execPath, [...NODE_FLAGS, 'simulator/main.ts', ...where, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const exitCode = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  const report = await readFile(reportFile, 'utf8').then(
    (text) => JSON.parse(text) as Report,
    () => undefined,
  );
  return { exitCode, output, report };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
