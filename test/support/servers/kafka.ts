/** Real Apache Kafka on loopback, one node or several. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type KafkaConfig } from 'kafkajs';
import { makeCertificates } from './certificates.ts';
import {
  type Distribution,
  FAST_START,
  kafkaDistribution,
  runTool,
  sharedClasses,
  type ToolName,
  type ToolResult,
} from './kafka-distribution.ts';
import { type Layout, propertiesOf } from './kafka-properties.ts';
import { freePorts } from './ports.ts';
import { type ServerProcess, startProcess, untilReady } from './server-process.ts';

export interface KafkaOptions {
  readonly nodes?: number;
  readonly version?: string;
  /** `scram`: clients use TLS and SCRAM-SHA-512, and Kafka's authorizer allows only what ACLs permit. */
  readonly security?: 'none' | 'scram';
  /** Passwords by name, with `scram`; the superuser `admin` always exists. */
  readonly users?: Readonly<Record<string, string>>;
  /** Further server.properties, for all nodes. */
  readonly settings?: Readonly<Record<string, string>>;
  /** JVM flags; the default starts fast and is not for measuring. */
  readonly java?: readonly string[];
}

/** Nodes are numbered from 1. */
export interface TestKafka {
  readonly brokers: string[];
  readonly version: string;
  /** For kafkajs; as the superuser if there are users. */
  readonly connection: Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'>;
  /** The authority that signed the brokers' certificates (PEM), with `scram`. */
  readonly caFile: string | undefined;
  pid(node: number): number;
  /** kill -9; resolves once it is gone. */
  kill(node: number): Promise<void>;
  /** Makes a broker hang; resolves once it does. */
  freeze(node: number): Promise<void>;
  /** SIGCONT. */
  continue(node: number): void;
  /** Starts it again (after kill -9 if it is running), and resolves once it is in the cluster. */
  restart(node: number): Promise<void>;
  /** SIGTERM to all; resolves once they are gone. */
  stop(): Promise<void>;
  /** The folder of a node's partitions. */
  dataFolder(node: number): string;
  /** Runs one of Kafka's own tools with `--bootstrap-server` set. */
  tool(name: ToolName, args: readonly string[], input?: string): Promise<ToolResult>;
  /** A properties file for the tools (`--command-config`), with `scram`. */
  clientProperties(user: string): Promise<string>;
  /** kill -9 of all nodes, and their data removed. */
  destroy(): Promise<void>;
}

/** Any 22 characters of base64url will do. */
const CLUSTER_ID = 'YWxhcm0tdGVzdC1rYWZrYQ';
const READY_DEADLINE_MS = 120_000;
const ADMIN_PASSWORD = 'admin-password-of-the-tests';

/** Rejects with the output of Maven or the broker if it can't be started. */
export async function startKafka(options: KafkaOptions = {}): Promise<TestKafka> {
  const distribution = await kafkaDistribution(options.version ?? '4.4.0');
  if (!existsSync(distribution.classArchive)) await archiveClasses(distribution);
  const cluster = await Cluster.create(distribution, options);
  try {
    await cluster.start();
  } catch (error) {
    await cluster.destroy();
    throw error;
  }
  return cluster;
}

/** Starts and stops a broker once, so that the JVM archives the classes it has loaded. */
async function archiveClasses(distribution: Distribution): Promise<void> {
  const aside = `${distribution.classArchive}.${process.pid}`;
  const java = [...FAST_START, `-XX:ArchiveClassesAtExit=${aside}`];
  const cluster = await Cluster.create({ ...distribution, classArchive: '' }, { java });
  try {
    await cluster.start();
    await cluster.stop();
    await rename(aside, distribution.classArchive);
  } finally {
    await cluster.destroy();
  }
}

class Cluster implements TestKafka {
  readonly brokers: string[];
  readonly version: string;
  readonly caFile: string | undefined;
  readonly connection: TestKafka['connection'];
  readonly #distribution: Distribution;
  readonly #folder: string;
  readonly #layout: Layout;
  readonly #users: Readonly<Record<string, string>>;
  readonly #java: readonly string[];
  readonly #nodes = new Map<number, ServerProcess>();

  private constructor(distribution: Distribution, folder: string, layout: Layout, ca: string | undefined, options: KafkaOptions) {
    this.#distribution = distribution;
    this.#folder = folder;
    this.#layout = layout;
    this.#users = { admin: ADMIN_PASSWORD, ...options.users };
    this.#java = [...(options.java ?? FAST_START), ...sharedClasses(distribution)];
    this.version = distribution.version;
    this.caFile = layout.certificates?.caFile;
    this.brokers = layout.clientPorts.map((port) => `127.0.0.1:${port}`);
    const secured = ca && { ssl: { ca }, sasl: { mechanism: 'scram-sha-512' as const, username: 'admin', password: ADMIN_PASSWORD } };
    this.connection = { brokers: this.brokers, ...secured };
  }

  static async create(distribution: Distribution, options: KafkaOptions): Promise<Cluster> {
    const { nodes = 1, security = 'none', settings = {} } = options;
    const folder = await mkdtemp(join(tmpdir(), 'tocsin-kafka-'));
    const certificates = security === 'scram' ? await makeCertificates(folder, 'kafka') : undefined;
    const ports = await freePorts(nodes * 3);
    const layout: Layout = {
      clientPorts: ports.slice(0, nodes),
      controllerPorts: ports.slice(nodes, 2 * nodes),
      internalPorts: ports.slice(2 * nodes),
      version: distribution.version,
      certificates,
      settings,
    };
    const ca = certificates && (await readFile(certificates.caFile, 'utf8'));
    return new Cluster(distribution, folder, layout, ca, options);
  }

  async start(): Promise<void> {
    const numbers = this.brokers.map((_, i) => i + 1);
    await Promise.all(numbers.map((node) => this.#format(node)));
    for (const node of numbers) this.#launch(node);
    for (const node of numbers) await this.#ready(node);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.end('SIGTERM')));
  }

  pid(node: number): number {
    return this.#node(node).pid;
  }

  async kill(node: number): Promise<void> {
    await this.#node(node).end('SIGKILL');
  }

  freeze(node: number): Promise<void> {
    return this.#node(node).freeze();
  }

  continue(node: number): void {
    this.#node(node).signal('SIGCONT');
  }

  async restart(node: number): Promise<void> {
    if (this.#node(node).alive) await this.kill(node);
    this.#launch(node);
    await this.#ready(node);
  }

  dataFolder(node: number): string {
    return join(this.#folder, `node-${node}`, 'data');
  }

  tool(name: ToolName, args: readonly string[], input?: string): Promise<ToolResult> {
    return runTool(this.#distribution, name, ['--bootstrap-server', this.brokers.join(','), ...args], input);
  }

  async clientProperties(user: string): Promise<string> {
    const file = join(this.#folder, `${user}.properties`);
    const login = `org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="${this.#users[user]}";`;
    const lines = [
      'security.protocol=SASL_SSL',
      'sasl.mechanism=SCRAM-SHA-512',
      `sasl.jaas.config=${login}`,
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${this.caFile}`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    return file;
  }

  async destroy(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => (node.alive ? node.end('SIGKILL') : undefined)));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #format(node: number): Promise<void> {
    const folder = join(this.#folder, `node-${node}`);
    const properties = join(folder, 'server.properties');
    await mkdir(folder, { recursive: true });
    await writeFile(properties, propertiesOf(this.#layout, node, this.dataFolder(node)));
    const users = this.#layout.certificates ? Object.entries(this.#users) : [];
    const scram = users.flatMap(([name, password]) => ['--add-scram', `SCRAM-SHA-512=[name=${name},password=${password}]`]);
    const { code, stdout, stderr } = await runTool(this.#distribution, 'kafka-storage', [
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      properties,
      ...scram,
    ]);
    if (code !== 0) throw new Error(`kafka-storage format ended with ${code}:\n${stdout}${stderr}`);
  }

  #launch(node: number): void {
    const folder = join(this.#folder, `node-${node}`);
    const { classpath, logging } = this.#distribution;
    const args = [...this.#java, ...logging, '-Djava.awt.headless=true', '-cp', classpath, 'kafka.Kafka', 'server.properties'];
    this.#nodes.set(node, startProcess({ command: 'java', args, folder, logFile: join(folder, 'log') }));
  }

  /** Ready as clients see it: every running node is in the cluster. */
  async #ready(node: number): Promise<void> {
    const quiet = { logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 0 }, requestTimeout: 2_000, connectionTimeout: 1_000 };
    const broker = this.brokers[node - 1] ?? '';
    const inCluster = async (): Promise<boolean> => {
      const expected = [...this.#nodes.values()].filter((process) => process.alive).length;
      const admin = new kafkajs.Kafka({ ...this.connection, ...quiet, brokers: [broker] }).admin();
      try {
        await admin.connect();
        return (await admin.describeCluster()).brokers.length === expected;
      } catch {
        return false;
      } finally {
        await admin.disconnect();
      }
    };
    const logFile = join(this.#folder, `node-${node}`, 'log');
    await untilReady(this.#node(node), { name: `kafka node ${node}`, logFile, deadlineMs: READY_DEADLINE_MS }, inCluster);
  }

  #node(node: number): ServerProcess {
    const found = this.#nodes.get(node);
    if (!found) throw new Error(`there is no node ${node}; nodes are numbered from 1 to ${this.brokers.length}`);
    return found;
  }
}
