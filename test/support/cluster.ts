/**
 * Tocsin as a cluster: roles in processes of their own on Kafka, HAProxy in front of the proxies. The caller names the other servers that roles use
 * in their environment.
 */
import { join } from 'node:path';
import { runProgram } from './program.ts';
import { startHaproxy, type TestBalancer } from './servers/haproxy.ts';
import { type Places, SystemProcess } from './system.ts';

/** One process of the cluster. */
export interface Part {
  readonly name: string;
  readonly roles: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  /** A command that runs it; see SystemOptions. */
  readonly within?: readonly string[];
}

/** Two processes of each role that needs only Kafka; the others share embedded stores in one process. */
export const PARTS: readonly Part[] = [
  { name: 'consumers', roles: ['archiver', 'history', 'mailer', 'console'] },
  { name: 'processor-1', roles: ['processor'] },
  { name: 'processor-2', roles: ['processor'] },
  { name: 'proxy-1', roles: ['proxy'] },
  { name: 'proxy-2', roles: ['proxy'] },
];

export interface ClusterOptions {
  /** Gets a folder for each part, with everything that it keeps. */
  readonly folder: string;
  readonly brokers: readonly string[];
  readonly parts?: readonly Part[];
  /** Settings of every process, for example where Cassandra is. */
  readonly environment?: Readonly<Record<string, string>>;
}

export class Cluster implements Places {
  /** Where sensors report: the load balancer. */
  readonly ingestUrl: string;
  /** The console of the first part that has one. */
  readonly consoleUrl: string;
  /** The outbox of the first part that has the mailer. */
  readonly outbox: string;
  readonly #options: ClusterOptions;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #parts: Map<string, SystemProcess>;
  readonly #balancer: TestBalancer;

  private constructor(options: ClusterOptions, environment: NodeJS.ProcessEnv, parts: Map<string, SystemProcess>, balancer: TestBalancer) {
    const withRole = (role: string): SystemProcess | undefined =>
      parts.get((options.parts ?? PARTS).find(({ roles }) => roles.includes(role))?.name ?? '');
    this.ingestUrl = balancer.url;
    this.consoleUrl = withRole('console')?.consoleUrl ?? '';
    this.outbox = withRole('mailer')?.outbox ?? '';
    this.#options = options;
    this.#environment = environment;
    this.#parts = parts;
    this.#balancer = balancer;
  }

  /** Creates the topics, starts all parts, and resolves once sensors can report. Rejects with the output of a part that didn't start. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    const { folder, brokers, parts = PARTS } = options;
    const environment = {
      TOCSIN_KAFKA_BROKERS: brokers.join(','),
      TOCSIN_KAFKA_REPLICATION: String(Math.min(3, brokers.length)),
      ...options.environment,
    };
    const topics = await runProgram('main/topics/main.ts', [], environment);
    if (topics.code !== 0) throw new Error(`the topics could not be created:\n${topics.stdout}${topics.stderr}`);
    const processes = new Map<string, SystemProcess>();
    try {
      for (const part of parts) processes.set(part.name, await createPart(part, folder, environment));
      await Promise.all([...processes.values()].map((process) => process.start()));
      const proxies = parts.filter(({ roles }) => roles.includes('proxy'));
      const backends = Object.fromEntries(proxies.map(({ name }) => [name, processes.get(name)?.ingestUrl ?? '']));
      return new Cluster(options, environment, processes, await startHaproxy(join(folder, 'haproxy'), backends));
    } catch (error) {
      await Promise.all([...processes.values()].map((process) => process.end('SIGKILL')));
      throw error;
    }
  }

  part(name: string): SystemProcess {
    const found = this.#parts.get(name);
    if (!found) throw new Error(`there is no ${name} in the cluster`);
    return found;
  }

  /** Names of the parts with this role, in the order in which they were given. */
  withRole(role: string): string[] {
    return (this.#options.parts ?? PARTS).filter(({ roles }) => roles.includes(role)).map(({ name }) => name);
  }

  /** Adds a part later, which then can be found by its name. Resolves once it is ready. */
  async add(part: Part): Promise<SystemProcess> {
    const process = this.#parts.get(part.name) ?? (await createPart(part, this.#options.folder, this.#environment));
    this.#parts.set(part.name, process);
    await process.start();
    return process;
  }

  /** kill -9 of all parts. */
  async destroy(): Promise<void> {
    await this.#balancer.destroy();
    await Promise.all([...this.#parts.values()].map((process) => process.end('SIGKILL')));
  }
}

function createPart({ name, roles, environment, within = [] }: Part, folder: string, common: NodeJS.ProcessEnv): Promise<SystemProcess> {
  return SystemProcess.create({ dataDir: join(folder, name), roles, within, environment: { ...common, ...environment } });
}
