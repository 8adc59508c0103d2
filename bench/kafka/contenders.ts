import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_FLAGS } from '../../runtime/node-flags.ts';
import { maven } from '../../test/support/servers/maven.ts';
import { settingsFor } from './broker.ts';

const PEER = 'bench/peers/kafka-streams';

export interface Contender {
  readonly name: 'ours' | 'peer';
  /** Starts a process on these brokers, with a folder of its own. With the same folder it is the same member again. */
  start(brokers: readonly string[], folder: string): ChildProcess;
}

export interface ProcessorOptions {
  /** The Node binary. */
  readonly node?: string | undefined;
  /** For static membership: the member is recognized after a restart. */
  readonly instanceId?: string;
}

/** Our processor. */
export function processor({ node = process.execPath, instanceId }: ProcessorOptions = {}): Contender {
  return {
    name: 'ours',
    start: (brokers, folder) =>
      spawn(node, [...SYSTEM_FLAGS, 'main.ts', 'processor'], {
        env: {
          ...process.env,
          ...settingsFor(brokers),
          ...(instanceId ? { TOCSIN_KAFKA_INSTANCE_ID: instanceId } : {}),
          TOCSIN_DATA_DIR: folder,
          TOCSIN_OPERATIONS_PORT: '0',
          TOCSIN_LOG_LEVEL: 'error',
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      }),
  };
}

export interface StreamsOptions {
  /** Effects are visible only after a commit, and frequent commits cost more. */
  readonly commitMs: number;
  /** For static membership: the member is recognized after a restart. */
  readonly instanceId?: string;
  readonly heap?: readonly string[];
}

/** Kafka Streams with exactly-once processing, and the garbage collector with the least overhead. It is built first. */
export async function kafkaStreams({ commitMs, instanceId, heap = ['-Xms1g', '-Xmx1g'] }: StreamsOptions): Promise<Contender> {
  await maven(['-f', `${PEER}/pom.xml`, 'package']);
  const classpath = [join(PEER, 'target/classes'), join(PEER, 'target/lib/*')].join(':');
  return {
    name: 'peer',
    start: (brokers, folder) => {
      const settings = {
        brokers: brokers.join(','),
        // A new folder gives a new name, so that it begins at the earliest records with an empty state.
        application: `peer${folder.replaceAll('/', '-')}`,
        folder,
        commitMs: String(commitMs),
        threads: '2',
        ...(instanceId ? { instance: instanceId } : {}),
      };
      const properties = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
      const flags = ['-XX:+UseParallelGC', ...heap, ...properties, '-cp', classpath];
      return spawn('java', [...flags, 'tocsin.peer.Peer'], { stdio: ['ignore', 'inherit', 'inherit'] });
    },
  };
}

/** One process of a contender. */
export class Running {
  readonly pid: number;
  /** Rejects if the process ends without `end` being called. */
  readonly failed: Promise<never>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #wanted = false;

  constructor({ name, start }: Contender, brokers: readonly string[], folder: string) {
    this.#child = start(brokers, folder);
    this.pid = this.#child.pid ?? 0;
    this.#exited = new Promise<string>((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(`${name} ended with ${code ?? signal}`));
      this.#child.once('error', (error) => resolve(error.message));
    });
    this.failed = this.#exited.then((reason) => (this.#wanted ? new Promise<never>(() => undefined) : Promise.reject(new Error(reason))));
    this.failed.catch(() => undefined);
  }

  /** Resolves once the process has ended; kills it if it doesn't end in time. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#wanted = true;
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** Does `work` while the contender runs; rejects if that ends early. Ends it afterwards and removes its folder. */
export async function whileRunning<T>(contender: Contender, brokers: readonly string[], work: (pid: number) => Promise<T>): Promise<T> {
  return await withFolder(async (folder) => {
    const running = new Running(contender, brokers, folder);
    try {
      return await Promise.race([work(running.pid), running.failed]);
    } finally {
      await running.end();
    }
  });
}

export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
