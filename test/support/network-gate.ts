/**
 * A network of its own for a process, in which only the brokers' ports lead anywhere, and they lead through here, so that the process can be cut off
 * from them. Needs root, unshare and nsenter (util-linux), and ip (iproute2).
 */
import { mkdirSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { NODE_FLAGS } from '../../runtime/node-flags.ts';
import { startProcess, untilReady } from './servers/server-process.ts';

const READY_DEADLINE_MS = 20_000;
/** Brings the loopback up, then becomes the command that follows. */
const LOOPBACK_UP = 'ip link set lo up && exec "$0" "$@"';

interface Line {
  readonly inside: Socket;
  outside: Socket | undefined;
  readonly port: number;
}

/** At first, connections pass through. */
export class NetworkGate {
  /** A command prefix that runs a command in that network. */
  readonly within: readonly string[];
  readonly #end: () => Promise<void>;
  readonly #servers: readonly Server[];
  readonly #lines = new Set<Line>();
  #state: 'open' | 'silent' | 'severed' = 'open';

  private constructor(pid: number, end: () => Promise<void>, servers: readonly Server[]) {
    this.within = ['nsenter', `--net=/proc/${pid}/ns/net`, '--'];
    this.#end = end;
    this.#servers = servers;
  }

  /** `ports` of loopback are the same inside and outside; `folder` gets the sockets that connect them. */
  static async open(folder: string, ports: readonly number[]): Promise<NetworkGate> {
    mkdirSync(folder, { recursive: true });
    let gate: NetworkGate | undefined;
    const socketOf = (port: number): string => join(folder, `${port}.sock`);
    const servers = ports.map((port) =>
      createServer({ allowHalfOpen: true }, (inside) => (gate ? gate.take(inside, port) : inside.destroy())),
    );
    await Promise.all(servers.map((server, i) => new Promise<void>((done) => server.listen(socketOf(ports[i] ?? 0), done))));
    const lines = ports.map((port) => `${port}=${socketOf(port)}`);
    const node = [process.execPath, ...NODE_FLAGS, 'test/support/network-inside.ts', ...lines];
    const logFile = join(folder, 'log');
    const args = ['--net', '--', 'sh', '-c', LOOPBACK_UP, ...node];
    const inside = startProcess({ command: 'unshare', args, folder: process.cwd(), logFile });
    let answered = false;
    for (const server of servers)
      server.once('connection', () => {
        answered = true;
      });
    await untilReady(inside, { name: 'the network of its own', logFile, deadlineMs: READY_DEADLINE_MS }, async () => answered);
    gate = new NetworkGate(inside.pid, () => inside.end('SIGKILL'), servers);
    return gate;
  }

  /** Nothing comes through, without any error; data that was under way arrives after `heal`, as with TCP. */
  silence(): void {
    this.#state = 'silent';
    for (const { inside, outside } of this.#lines) for (const socket of [inside, outside]) socket?.unpipe().pause();
  }

  /** Breaks connections, and every new one too. */
  sever(): void {
    this.#state = 'severed';
    for (const line of this.#lines) this.#drop(line);
  }

  heal(): void {
    this.#state = 'open';
    for (const line of this.#lines) this.#pass(line);
  }

  async close(): Promise<void> {
    this.sever();
    for (const server of this.#servers) server.close();
    await this.#end();
  }

  take(inside: Socket, port: number): void {
    const line: Line = { inside, port, outside: undefined };
    this.#lines.add(line);
    inside.on('error', () => this.#drop(line)).once('close', () => this.#drop(line));
    inside.pause();
    if (this.#state === 'severed') this.#drop(line);
    else if (this.#state === 'open') this.#pass(line);
  }

  #pass(line: Line): void {
    const { inside, port } = line;
    line.outside ??= connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      .on('error', () => this.#drop(line))
      .once('close', () => this.#drop(line));
    inside.pipe(line.outside);
    line.outside.pipe(inside);
  }

  #drop(line: Line): void {
    this.#lines.delete(line);
    line.inside.destroy();
    line.outside?.destroy();
  }
}
