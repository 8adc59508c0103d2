/** Apache Cassandra as it comes from Maven Central, on addresses of loopback: each node has one of its own, as in a real cluster. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'cassandra-driver';
import { classpathOf } from './maven.ts';
import { freePorts } from './ports.ts';
import { type ServerProcess, startProcess, untilReady } from './server-process.ts';

export const CASSANDRA_VERSION = '5.0.9';
const READY_DEADLINE_MS = 180_000;

/** The modules that the distribution's options for Java 17 open. */
const EXPORTS = [
  'java.base/jdk.internal.misc',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.sql/java.sql',
  'java.base/java.lang.ref',
  'jdk.unsupported/sun.misc',
  'jdk.compiler/com.sun.tools.javac.file',
  'jdk.attach/sun.tools.attach',
];
const OPENS = [
  'java.base/java.lang.module',
  'java.base/jdk.internal.loader',
  'java.base/jdk.internal.ref',
  'java.base/jdk.internal.reflect',
  'java.base/jdk.internal.math',
  'java.base/jdk.internal.module',
  'java.base/jdk.internal.util.jar',
  'jdk.management/com.sun.management.internal',
  'java.base/sun.nio.ch',
  'java.base/java.io',
  'java.base/java.lang.reflect',
  'jdk.compiler/com.sun.tools.javac',
  'java.base/java.lang',
  'java.base/java.util',
];
export const MODULE_FLAGS = [
  ...EXPORTS.map((name) => `--add-exports=${name}=ALL-UNNAMED`),
  ...OPENS.map((name) => `--add-opens=${name}=ALL-UNNAMED`),
] as const;

const LOGBACK = `<configuration><appender name="out" class="ch.qos.logback.core.ConsoleAppender">
<encoder><pattern>%date{ISO8601} %-5level [%thread] %F:%L - %msg%n</pattern></encoder></appender>
<root level="INFO"><appender-ref ref="out"/></root></configuration>
`;

export interface CassandraOptions {
  readonly nodes?: number;
  /** Writes are on disk before they are acknowledged; otherwise a node that is killed loses those of its last second. */
  readonly durable?: boolean;
  /** Lines of cassandra.yaml beyond what a node needs. */
  readonly yaml?: string;
}

/** Nodes are numbered from 0. */
export interface CassandraServer {
  /** `host:port` of each node. */
  readonly contactPoints: readonly string[];
  /** Ends a node with SIGKILL; its data stay. */
  kill(node?: number): Promise<void>;
  /** Connections stay open, but nothing is answered. */
  freeze(node?: number): Promise<void>;
  continue(node?: number): void;
  /** Starts a node that was killed, and resolves once it accepts requests. */
  restart(node?: number): Promise<void>;
  destroy(): Promise<void>;
}

/** Cassandra and everything that it needs to run. */
export const cassandraClasspath = (): Promise<string> =>
  classpathOf(`cassandra-${CASSANDRA_VERSION}`, [`org.apache.cassandra:cassandra-all:${CASSANDRA_VERSION}`]);

export async function startCassandra(options: CassandraOptions = {}): Promise<CassandraServer> {
  const classpath = await cassandraClasspath();
  const classArchive = join(dirname(dirname(classpath)), 'classes.jsa');
  if (!existsSync(classArchive)) await archiveClasses(classpath, classArchive);
  return (await startNodes(classpath, [`-XX:SharedArchiveFile=${classArchive}`], options)).server;
}

/** Starts and stops a node once, so that the JVM archives the classes it has loaded: that saves a third of the CPU of every later start. */
async function archiveClasses(classpath: string, classArchive: string): Promise<void> {
  const aside = `${classArchive}.${process.pid}`;
  const { server, nodes } = await startNodes(classpath, [`-XX:ArchiveClassesAtExit=${aside}`], {});
  try {
    await Promise.all(nodes.map((node) => node.end('SIGTERM')));
    await rename(aside, classArchive);
  } finally {
    await server.destroy();
  }
}

interface Started {
  readonly server: CassandraServer;
  readonly nodes: readonly Node[];
}

async function startNodes(
  classpath: string,
  java: readonly string[],
  { nodes: count = 1, durable = false, yaml = '' }: CassandraOptions,
): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-cassandra-'));
  const [port = 0, storagePort = 0, ...jmxPorts] = await freePorts(2 + count);
  const hosts = await freeAddresses(count, [port, storagePort]);
  const seeds = hosts.map((host) => `${host}:${storagePort}`).join(',');
  const nodes = hosts.map(
    (host, i) => new Node({ folder: join(folder, `node${i}`), classpath, java, host, port, jmxPort: jmxPorts[i] ?? 0 }),
  );
  const server: CassandraServer = {
    contactPoints: hosts.map((host) => `${host}:${port}`),
    kill: (node = 0) => nodeOf(nodes, node).end(),
    freeze: async (node = 0) => nodeOf(nodes, node).process?.freeze(),
    continue: (node = 0) => nodeOf(nodes, node).process?.signal('SIGCONT'),
    restart: (node = 0) => nodeOf(nodes, node).start(),
    destroy: async () => {
      await Promise.all(nodes.map((node) => node.end()));
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    for (const [i, node] of nodes.entries())
      await node.configure(configurationOf({ i, count, host: node.host, port, storagePort, seeds, durable, yaml }));
    await Promise.all(nodes.map((node) => node.start()));
    if (count > 1) await Promise.all(server.contactPoints.map((contactPoint) => acquainted(contactPoint, count)));
  } catch (error) {
    await server.destroy();
    throw error;
  }
  return { server, nodes };
}

/** Resolves once a node that accepts requests knows the others too. */
async function acquainted(contactPoint: string, count: number): Promise<void> {
  const end = Date.now() + READY_DEADLINE_MS;
  const client = new Client({ contactPoints: [contactPoint], localDataCenter: 'datacenter1' });
  try {
    while ((await client.execute('SELECT peer FROM system.peers')).rowLength < count - 1) {
      if (Date.now() > end) throw new Error(`Cassandra on ${contactPoint} does not know the other nodes`);
      await delay(100);
    }
  } finally {
    await client.shutdown();
  }
}

function nodeOf(nodes: readonly Node[], i: number): Node {
  const node = nodes[i];
  if (!node) throw new Error(`there is no node ${i}`);
  return node;
}

interface NodeOptions {
  readonly folder: string;
  readonly classpath: string;
  readonly java: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly jmxPort: number;
}

class Node {
  readonly host: string;
  readonly #options: NodeOptions;
  process: ServerProcess | undefined;

  constructor(options: NodeOptions) {
    this.host = options.host;
    this.#options = options;
  }

  async configure(yaml: string): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'cassandra.yaml'), yaml);
    await writeFile(join(folder, 'logback.xml'), LOGBACK);
  }

  async start(): Promise<void> {
    if (this.process?.alive) return;
    const { folder, host, port } = this.#options;
    const logFile = join(folder, 'log');
    await writeFile(logFile, '');
    const process = startProcess({ command: 'java', args: this.#flags(), folder, logFile });
    this.process = process;
    await untilReady(process, { name: `Cassandra on ${host}:${port}`, logFile, deadlineMs: READY_DEADLINE_MS }, async () => {
      const log = await readFile(logFile, 'utf8');
      return log.includes('Startup complete') && log.includes('Starting listening for CQL clients');
    });
  }

  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.process?.alive) await this.process.end(signal);
  }

  #flags(): string[] {
    const { folder, classpath, java, jmxPort } = this.#options;
    const system = {
      'jdk.attach.allowAttachSelf': 'true',
      'io.netty.tryReflectionSetAccessible': 'true',
      'logback.configurationFile': join(folder, 'logback.xml'),
      'cassandra.config': `file://${join(folder, 'cassandra.yaml')}`,
      'cassandra.storagedir': folder,
      'cassandra.logdir': folder,
      'cassandra-foreground': 'yes',
      'cassandra.jmx.local.port': String(jmxPort),
      // With fixed tokens the nodes of a test can start at the same time without waiting for each other.
      'cassandra.skip_wait_for_gossip_to_settle': '0',
      'cassandra.ring_delay_ms': '1000',
      'cassandra.superuser_setup_delay_ms': '0',
    };
    const properties = Object.entries(system).map(([name, value]) => `-D${name}=${value}`);
    // Only C1 and the serial collector: a start takes half the CPU.
    const small = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xms256m', '-Xmx256m', '-Xss512k'];
    return [...MODULE_FLAGS, ...small, ...java, ...properties, '-cp', classpath, 'org.apache.cassandra.service.CassandraDaemon'];
  }
}

interface Configuration {
  readonly i: number;
  readonly count: number;
  readonly host: string;
  readonly port: number;
  readonly storagePort: number;
  readonly seeds: string;
  readonly durable: boolean;
  readonly yaml: string;
}

/** Tokens by which every node owns the same share of the ring from the start. */
function configurationOf({ i, count, host, port, storagePort, seeds, durable, yaml }: Configuration): string {
  const token = -(2n ** 63n) + BigInt(i) * (2n ** 64n / BigInt(count));
  return `cluster_name: test
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
num_tokens: 1
initial_token: ${token}
auto_bootstrap: false
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{seeds: "${seeds}"}]
listen_address: ${host}
rpc_address: ${host}
storage_port: ${storagePort}
native_transport_port: ${port}
auto_snapshot: false
${durable ? 'commitlog_sync: batch' : 'commitlog_sync: periodic\ncommitlog_sync_period: 1000ms'}
${yaml}
`;
}

/** Addresses of 127.0.0.0/8 on which nobody listens at these ports. */
async function freeAddresses(count: number, ports: readonly number[]): Promise<string[]> {
  const found: string[] = [];
  for (let tries = 0; found.length < count && tries < 100; tries += 1) {
    const host = count === 1 ? '127.0.0.1' : `127.0.${1 + Math.floor(Math.random() * 200)}.${1 + Math.floor(Math.random() * 200)}`;
    if (!found.includes(host) && (await Promise.all(ports.map((port) => isFree(host, port)))).every(Boolean)) found.push(host);
  }
  if (found.length < count) throw new Error(`no ${count} free addresses of loopback for Cassandra`);
  return found;
}

function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
