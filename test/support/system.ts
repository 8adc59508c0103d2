/** The whole system as a process of its own, or some of its roles, to be killed, stopped and started again; and the simulator beside it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_FLAGS, SYSTEM_FLAGS } from '../../runtime/node-flags.ts';
import type { Report } from '../../simulator/report.ts';
import { freePorts } from './servers/ports.ts';

export const API_TOKEN = 'a-token-of-the-tests-0123456789abcdef';

export interface SystemOptions {
  readonly dataDir: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** The folder of the checkout to run; default: this one. */
  readonly checkout?: string;
  /** Default: all roles. */
  readonly roles?: readonly string[];
  /** A command prefix that runs it, such as `nsenter --net=…`; it must become the process, not start it. */
  readonly within?: readonly string[];
}

/** A start takes a second or two, on a busy machine ten times that. */
const START_DEADLINE_MS = 90_000;

/** Processes to kill when this process ends, so that nothing outlives the test that started it. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Ready {
  readonly ingestPort: number;
  readonly consoleUrl: string;
  readonly signInUrl: string;
  readonly outbox: string | undefined;
}

/** A system on its own ports, which stay the same when it is started again. */
export class SystemProcess {
  readonly ingestUrl: string;
  readonly consoleUrl: string;
  /** For /healthz, /readyz and /metrics. */
  readonly operationsUrl: string;
  readonly dataDir: string;
  readonly #command: readonly [string, ...string[]];
  readonly #checkout: string;
  #environment: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(ports: readonly number[], { dataDir, environment, checkout = '.', roles = [], within = [] }: SystemOptions) {
    const [ingest, console, operations] = ports.map((port) => `http://127.0.0.1:${port}`) as [string, string, string];
    this.ingestUrl = ingest;
    this.consoleUrl = console;
    const ofHttpRoles = roles.includes('console') ? console : operations;
    this.operationsUrl = roles.length === 0 || roles.includes('proxy') ? ingest : ofHttpRoles;
    this.#command = [...within, process.execPath, ...SYSTEM_FLAGS, 'main.ts', ...roles] as [string, ...string[]];
    this.dataDir = dataDir;
    this.#checkout = checkout;
    this.#environment = {
      ...process.env,
      TOCSIN_INGEST_PORT: String(ports[0]),
      TOCSIN_CONSOLE_PORT: String(ports[1]),
      TOCSIN_OPERATIONS_PORT: String(ports[2]),
      TOCSIN_DATA_DIR: dataDir,
      TOCSIN_API_TOKEN: API_TOKEN,
      TOCSIN_LOG_LEVEL: 'info',
      TOCSIN_LOG_FORMAT: 'json',
      ...environment,
    };
  }

  static async create(options: SystemOptions): Promise<SystemProcess> {
    return new SystemProcess(await freePorts(3), options);
  }

  get outbox(): string {
    return join(this.dataDir, 'outbox');
  }

  /** Settings from the next start on. */
  set(environment: NodeJS.ProcessEnv): void {
    this.#environment = { ...this.#environment, ...environment };
  }

  /** Its output since its last start. */
  get output(): string {
    return this.#output;
  }

  /** Whether it has ended since its last start, by itself or not. */
  get hasEnded(): boolean {
    return this.#child !== undefined && (this.#child.exitCode !== null || this.#child.signalCode !== null);
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Resolves once it accepts statuses. Rejects with its output if it ends before. */
  async start(): Promise<Ready> {
    this.#output = '';
    const [command, ...args] = this.#command;
    const child = spawn(command, args, {
      cwd: this.#checkout,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE_MS);
      child.once('message', (message) => {
        clearTimeout(tooLate);
        resolve(message as Ready);
      });
      child.once('exit', (code, signal) => {
        clearTimeout(tooLate);
        reject(new Error(`the system ended with ${code ?? signal} before it was ready, or was not ready in time:\n${this.#output}`));
      });
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
  /** Undefined if it could not write one. */
  readonly report: Report | undefined;
}

/** Where the simulator finds a system, in one process or in many. */
export type Places = Pick<SystemProcess, 'ingestUrl' | 'consoleUrl' | 'outbox'>;

/**
 * Runs the simulator against a system until it has compared the results; `reportFile` gets its figures. `enough` ends the sending early, as Ctrl-C does:
 * what was sent is still compared, and the exit code is 130.
 */
export async function simulate(system: Places, reportFile: string, args: readonly string[], enough?: AbortSignal): Promise<Simulation> {
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
    // A busy machine is late with its answers, not wrong.
    '--drain',
    '60',
  ];
  await answering(system);
  const child = spawn(process.execPath, [...NODE_FLAGS, 'main/simulate/main.ts', ...where, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  enough?.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
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

/** The simulator begins only with a system that answers, and a console that was just started says 503 until it knows the open alarms. */
async function answering({ ingestUrl, consoleUrl }: Places): Promise<void> {
  const headers = { authorization: `Bearer ${API_TOKEN}` };
  const asked = [() => fetch(`${ingestUrl}/healthz`), () => fetch(`${consoleUrl}/api/alarms?state=active&limit=1`, { headers })];
  for (const until = Date.now() + START_DEADLINE_MS; Date.now() < until; await sleep(100)) {
    const answers = await Promise.all(asked.map((ask) => ask().catch(() => undefined)));
    if (answers.every((answer) => answer?.ok)) return;
  }
}
