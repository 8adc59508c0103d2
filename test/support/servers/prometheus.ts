/** Prometheus, Alertmanager and node_exporter on loopback, as Debian's packages have them. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from './ports.ts';
import { startProcess, untilReady } from './server-process.ts';

const PACKAGES = {
  prometheus: 'prometheus',
  promtool: 'prometheus',
  'prometheus-alertmanager': 'prometheus-alertmanager',
  amtool: 'prometheus-alertmanager',
  'prometheus-node-exporter': 'prometheus-node-exporter',
} as const;
type Program = keyof typeof PACKAGES;

const START_DEADLINE_MS = 30_000;

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [time: number, value: string];
}

export interface Rule {
  readonly name: string;
  readonly query: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Prometheus {
  readonly url: string;
  /** PromQL, now. */
  query(expr: string): Promise<readonly Sample[]>;
  rules(): Promise<readonly Rule[]>;
  stop(): Promise<void>;
}

/** `config`: the content of prometheus.yml; it must name files by their full paths. */
export async function startPrometheus(config: string): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'prometheus-'));
  const file = join(folder, 'prometheus.yml');
  await writeFile(file, config);
  const { url, stop } = await start('prometheus', folder, '/-/ready', (address) => [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    // Otherwise an alert from before Alertmanager was found is sent again only after a minute.
    '--rules.alert.resend-delay=1s',
    `--web.listen-address=${address}`,
  ]);
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(url + path);
    const body = (await response.json()) as { status: string; error?: string; data: T };
    if (body.status !== 'success') throw new Error(`${path}: ${body.error}`);
    return body.data;
  };
  return {
    url,
    query: async (expr) => (await ask<{ result: Sample[] }>(`/api/v1/query?query=${encodeURIComponent(expr)}`)).result,
    rules: async () => (await ask<{ groups: { rules: Rule[] }[] }>('/api/v1/rules')).groups.flatMap(({ rules }) => rules),
    stop,
  };
}

/** `config`: the content of alertmanager.yml. */
export async function startAlertmanager(config: string): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'alertmanager-'));
  const file = join(folder, 'alertmanager.yml');
  await writeFile(file, config);
  return start('prometheus-alertmanager', folder, '/-/ready', (address) => [
    `--config.file=${file}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=${address}`,
    '--cluster.listen-address=',
  ]);
}

export async function startNodeExporter(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'node-exporter-'));
  return start('prometheus-node-exporter', folder, '/metrics', (address) => [`--web.listen-address=${address}`]);
}

/** The output of promtool or amtool; rejects with it if they find something wrong. */
export async function check(program: 'promtool' | 'amtool', args: readonly string[], folder: string): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(pathOf(program), args, { cwd: folder });
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error });
  }
}

async function start(program: Program, folder: string, readyPath: string, argsOf: (address: string) => string[]) {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(folder, 'log');
  const server = startProcess({ command: pathOf(program), args: argsOf(`127.0.0.1:${port}`), folder, logFile });
  await untilReady(server, { name: program, logFile, deadlineMs: START_DEADLINE_MS }, () =>
    fetch(url + readyPath, { signal: AbortSignal.timeout(5_000) }).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  return {
    url,
    stop: async () => {
      await server.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function pathOf(program: Program): string {
  const path = `/usr/bin/${program}`;
  if (!existsSync(path)) throw new Error(`${path} is missing: apt-get install --no-install-recommends ${PACKAGES[program]}`);
  return path;
}

/** Asks again until `enough` accepts the answer, at most for this long. */
export async function eventually<T>(deadlineMs: number, ask: () => Promise<T>, enough: (found: T) => boolean): Promise<T> {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await ask();
    if (enough(found) || Date.now() > end) return found;
    await delay(100);
  }
}
