import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Hands each line on to systemd. Node has no datagram sockets for paths, systemd-notify has. One shell starts it each time, since Node itself pauses for
 * milliseconds while it starts a process.
 */
const SCRIPT = 'while read -r state; do systemd-notify "$state"; done';
/** Of the time within which systemd wants to hear from us. */
const ALIVE_SHARE = 3;
const AGAIN_MS = 1_000;
/** Lines that wait, bytes: beyond that nobody reads them, and they would only pile up. */
const WAITING_MAX = 1_024;

/** What the service manager is told, systemd with Type=notify; where there is none, nothing happens. */
export class ServiceManager {
  /** No more than it needs: the environment of the process may hold secrets. */
  readonly #environment: NodeJS.ProcessEnv;
  #speaker: ChildProcess | undefined;
  #alive: NodeJS.Timeout | undefined;
  #isReady = false;

  /** From now on it hears that the process is alive, if it wants to: it ends one whose event loop stands still. */
  constructor(environment: NodeJS.ProcessEnv, pid: number = process.pid) {
    this.#environment = { PATH: environment.PATH, NOTIFY_SOCKET: environment.NOTIFY_SOCKET };
    if (!environment.NOTIFY_SOCKET) return;
    this.#speak();
    const withinMs = Number(environment.WATCHDOG_USEC ?? 0) / 1_000;
    if (withinMs > 0 && (environment.WATCHDOG_PID ?? String(pid)) === String(pid))
      this.#alive = setInterval(() => this.#say('WATCHDOG=1'), withinMs / ALIVE_SHARE).unref();
  }

  /** The process can do its work. */
  ready(): void {
    this.#isReady = true;
    this.#say('READY=1');
  }

  /** The process finishes what is in hand, and ends. */
  stopping(): void {
    this.#say('STOPPING=1');
  }

  /** For tests: the process goes on. */
  close(): void {
    clearInterval(this.#alive);
    const speaker = this.#speaker;
    this.#speaker = undefined;
    speaker?.stdin?.end();
  }

  #say(state: string): void {
    const input = this.#speaker?.stdin;
    if (input && input.writableLength < WAITING_MAX) input.write(`${state}\n`);
  }

  #speak(): void {
    const speaker = spawn('/bin/sh', ['-c', SCRIPT], { env: this.#environment, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#speaker = speaker;
    speaker.unref();
    speaker.stdin.on('error', () => undefined);
    const again = (): void => {
      if (this.#speaker !== speaker) return;
      // Whoever ended it must not thereby end us.
      setTimeout(() => {
        if (this.#speaker !== speaker) return;
        this.#speak();
        if (this.#isReady) this.#say('READY=1');
      }, AGAIN_MS).unref();
    };
    speaker.once('error', again).once('exit', again);
  }
}
