import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_FLAGS } from '../../runtime/node-flags.ts';
import { maven } from '../../test/support/servers/maven.ts';

const PEER = 'bench/peers/kafka-streams';
export const PARTITIONS = 8;

export interface Contender {
  readonly name: 'ours' | 'peer';
  /** Starts it on these brokers, with a folder of its own. */
  start(brokers: readonly string[], folder: string): ChildProcess;
}

/** A processor of ours, on the Node that is asked for. */
export function processor(node = process.execPath): Contender {
  return {
    name: 'ours',
    start: (brokers, folder) =>
      spawn(node, [...SYSTEM_FLAGS, 'main.ts', 'processor'], {
        env: {
          ...process.env,
          TOCSIN_KAFKA_BROKERS: brokers.join(','),
          TOCSIN_KAFKA_PARTITIONS: String(PARTITIONS),
          TOCSIN_KAFKA_REPLICATION: '1',
          TOCSIN_DATA_DIR: folder,
          TOCSIN_OPERATIONS_PORT: '0',
          TOCSIN_LOG_LEVEL: 'warn',
        },
        stdio: ['ignore', 'inherit', 'inherit'],
      }),
  };
}

/** Kafka Streams, tuned for a backlog: exactly once, commits every 100 ms (20 ms, as for latency, costs more), the collector with the least overhead. Built first. */
export async function kafkaStreams(): Promise<Contender> {
  await maven(['-f', `${PEER}/pom.xml`, 'package']);
  const classpath = [join(PEER, 'target/classes'), join(PEER, 'target/lib/*')].join(':');
  return {
    name: 'peer',
    start: (brokers, folder) => {
      // A name that wasn't there before: it begins at the earliest records, with an empty state.
      const application = `peer-${process.pid}-${Date.now()}`;
      const settings = { brokers: brokers.join(','), application, folder, commitMs: '100', threads: '2' };
      const properties = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
      const flags = ['-XX:+UseParallelGC', '-Xms1g', '-Xmx1g', ...properties, '-cp', classpath];
      return spawn('java', [...flags, 'tocsin.peer.Peer'], { stdio: ['ignore', 'inherit', 'inherit'] });
    },
  };
}

/** Does `work` while the contender runs; rejects when it ends before. It is gone afterwards, with its folder. */
export async function whileRunning<T>(contender: Contender, brokers: readonly string[], work: (pid: number) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const child = contender.start(brokers, folder);
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`${contender.name} ended with ${code ?? signal}`));
    child.once('error', (error) => resolve(error.message));
  });
  const failed = exited.then((reason) => Promise.reject(new Error(reason)));
  try {
    return await Promise.race([work(child.pid ?? 0), failed]);
  } finally {
    failed.catch(() => undefined);
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await exited;
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  }
}
