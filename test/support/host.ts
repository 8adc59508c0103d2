/** A host of its own on this machine: a network namespace, reached over a cable that can be pulled. Needs root, iproute2 and util-linux. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startProcess, type ServerProcess, untilReady } from './servers/server-process.ts';

const READY_DEADLINE_MS = 20_000;

export class Host {
  /** The addresses at the two ends of the cable. */
  readonly here: string;
  readonly there: string;
  /** A command prefix that runs a command there. */
  readonly within: readonly string[];
  readonly #cable: string;
  readonly #process: ServerProcess;

  private constructor(process: ServerProcess) {
    const [high, low] = [(process.pid >> 6) & 255, (process.pid & 63) * 4];
    this.#process = process;
    this.#cable = `tocsin${process.pid}`;
    this.here = `10.${200 + (process.pid % 50)}.${high}.${low + 1}`;
    this.there = `10.${200 + (process.pid % 50)}.${high}.${low + 2}`;
    this.within = ['nsenter', `--net=/proc/${process.pid}/ns/net`, '--'];
  }

  /** `folder` gets its log. */
  static async start(folder: string): Promise<Host> {
    const logFile = join(folder, 'host.log');
    const args = ['--net', '--', 'sh', '-c', 'ip link set lo up && echo up && exec sleep infinity'];
    const process = startProcess({ command: 'unshare', args, folder, logFile });
    const isUp = async (): Promise<boolean> => (await readFile(logFile, 'utf8')).includes('up');
    await untilReady(process, { name: 'a host of its own', logFile, deadlineMs: READY_DEADLINE_MS }, isUp);
    const host = new Host(process);
    const [cable, other] = [host.#cable, `${host.#cable}t`];
    run('ip', ['link', 'add', cable, 'type', 'veth', 'peer', 'name', other, 'netns', String(process.pid)]);
    run('ip', ['address', 'add', `${host.here}/30`, 'dev', cable]);
    run('ip', ['link', 'set', cable, 'up']);
    host.#there(['address', 'add', `${host.there}/30`, 'dev', other]);
    host.#there(['link', 'set', other, 'up']);
    return host;
  }

  /** Nothing gets through any more, without any error. */
  cutOff(): void {
    this.#there(['link', 'set', `${this.#cable}t`, 'down']);
  }

  join(): void {
    this.#there(['link', 'set', `${this.#cable}t`, 'up']);
  }

  /** Ends it once nothing runs there. */
  async end(): Promise<void> {
    await this.#process.end('SIGKILL');
  }

  #there(args: readonly string[]): void {
    const [command = '', ...before] = this.within;
    run(command, [...before, 'ip', ...args]);
  }
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
