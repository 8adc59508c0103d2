/**
 * A real InfluxDB on loopback: 1.6.7 as Debian's package has it (unpacked, not installed), 1.8.3 and 2.7.12 built from their modules. Binaries are
 * kept between runs; a first start of 2.7 waits for its build, three to eight minutes.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Certificates } from './certificates.ts';
import { cacheFolder } from './maven.ts';
import { freePorts } from './ports.ts';
import { type ServerProcess, startProcess, untilReady } from './server-process.ts';

export type InfluxVersion = '1.6' | '1.8' | '2.7';
export const INFLUX_VERSIONS: readonly InfluxVersion[] = ['1.6', '1.8', '2.7'];

export interface InfluxOptions {
  /** 1.x only: TLS, and a user to sign in as. 2.x always requires its token. */
  readonly certificates?: Certificates;
  readonly user?: { readonly name: string; readonly password: string };
}

/** Has no database and no bucket yet. */
export interface InfluxServer {
  readonly url: string;
  /** 2.x only. */
  readonly token: string | undefined;
  readonly org: string;
  /** The process dies at once, as in a power cut. */
  kill(): Promise<void>;
  /** Frozen: connections are accepted, but nothing is answered. */
  freeze(): Promise<void>;
  continue(): void;
  /** After `kill`: starts it on the same port, with the data on its disk. */
  restart(): Promise<void>;
  /** Runs InfluxQL as its administrator; resolves with the body of the answer. */
  query(statement: string, database?: string): Promise<string>;
  /** Writes lines as any program could; resolves with the status. */
  write(database: string, lines: string): Promise<number>;
  destroy(): Promise<void>;
}

const ORG = 'tocsin';
const TOKEN = 'token-of-the-test';
const BUILD_DEADLINE_MS = 15 * 60_000;
const START_DEADLINE_MS = 30_000;
const run = promisify(execFile);

export async function startInflux(version: InfluxVersion, options: InfluxOptions = {}): Promise<InfluxServer> {
  const binary = await binaryOf(version);
  const folder = await mkdtemp(join(tmpdir(), `influx-${version}-`));
  const [port = 0, rpcPort = 0] = await freePorts(2);
  const url = `${options.certificates ? 'https' : 'http'}://127.0.0.1:${port}`;
  const args = version === '2.7' ? argsOf2(folder, port) : await argsOf1(folder, port, rpcPort, options);
  const token = version === '2.7' ? TOKEN : undefined;
  const { name = '', password = '' } = options.user ?? {};
  const authorization = token ? `Token ${token}` : `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const ask = (path: string, body: string) =>
    curl(
      [...(options.certificates ? ['--cacert', options.certificates.caFile] : []), '-H', `Authorization: ${authorization}`],
      url + path,
      body,
    );
  const start = async (): Promise<ServerProcess> => {
    const logFile = join(folder, 'log');
    const started = startProcess({ command: binary, args, folder, logFile, environment: { INFLUXD_CONFIG_PATH: folder } });
    await untilReady(started, { name: `InfluxDB ${version}`, logFile, deadlineMs: START_DEADLINE_MS }, async () => {
      return ['200', '204'].includes((await ask(version === '2.7' ? '/health' : '/ping', '').catch(() => ({ status: '' }))).status);
    });
    return started;
  };

  let server = await start();
  if (version === '2.7') await setUp(url);
  else if (options.user) await ask('/query', `q=CREATE USER "${name}" WITH PASSWORD '${password}' WITH ALL PRIVILEGES`);
  return {
    url,
    token,
    org: ORG,
    kill: () => server.end('SIGKILL'),
    freeze: () => server.freeze(),
    continue: () => server.signal('SIGCONT'),
    restart: async () => {
      server = await start();
    },
    query: async (statement, database = '') => (await ask(`/query?db=${database}`, `q=${encodeURIComponent(statement)}`)).body,
    write: async (database, lines) => Number((await ask(`/write?db=${database}&precision=ms`, lines)).status),
    destroy: async () => {
      server.signal('SIGCONT');
      await server.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function curl(options: readonly string[], url: string, body: string): Promise<{ status: string; body: string }> {
  const post = body === '' ? [] : ['--data-binary', body];
  const { stdout } = await run('curl', ['-sS', '--max-time', '30', '-w', '\n%{http_code}', ...options, ...post, url], {
    maxBuffer: 256 * 1024 ** 2,
  });
  const cut = stdout.lastIndexOf('\n');
  return { body: stdout.slice(0, cut), status: stdout.slice(cut + 1) };
}

async function binaryOf(version: InfluxVersion): Promise<string> {
  const folder = cacheFolder('influx');
  if (version === '1.6') return debianBinary(join(folder, 'debian'));
  const [script, name] = version === '2.7' ? ['influx2-build.sh', 'influxd-v2.7.12'] : ['influx18-build.sh', 'influxd-1.8.3'];
  const path = join(folder, name);
  if (existsSync(path)) return path;
  try {
    await run('bash', [join(import.meta.dirname, script), folder], { timeout: BUILD_DEADLINE_MS, maxBuffer: 16 * 1024 ** 2 });
  } catch (error) {
    throw new Error(`InfluxDB ${version} could not be built by test/support/servers/${script}`, { cause: error });
  }
  return path;
}

async function debianBinary(folder: string): Promise<string> {
  const path = join(folder, 'usr/bin/influxd');
  if (existsSync(path)) return path;
  await mkdir(join(folder, '..'), { recursive: true });
  const aside = await mkdtemp(`${folder}.`);
  try {
    await run('sh', ['-c', 'apt-get download -q influxdb || { apt-get update -q && apt-get download -q influxdb; }'], { cwd: aside });
    await run('sh', ['-c', 'dpkg -x influxdb_*.deb . && rm influxdb_*.deb'], { cwd: aside });
    await rename(aside, folder).catch((error: unknown) => {
      if (!existsSync(path)) throw error;
    });
    return path;
  } catch (error) {
    throw new Error('the package influxdb of Debian 12 could not be downloaded: apt-get download influxdb', { cause: error });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function argsOf1(folder: string, port: number, rpcPort: number, { certificates, user }: InfluxOptions): Promise<string[]> {
  const file = join(folder, 'influxdb.conf');
  const secured = certificates ? `https-enabled = true\n  https-certificate = "${certificates.serverFile}"` : '';
  await writeFile(
    file,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  index-version = "tsi1"
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
  auth-enabled = ${user !== undefined}
  ${secured}
[retention]
  check-interval = "1s"
[monitor]
  store-enabled = false
[logging]
  level = "warn"
`,
  );
  return ['-config', file];
}

function argsOf2(folder: string, port: number): string[] {
  const path = (name: string): string => join(folder, name);
  const stores = ['--bolt-path', path('bolt'), '--sqlite-path', path('sqlite'), '--engine-path', path('engine')];
  return [
    '--http-bind-address',
    `127.0.0.1:${port}`,
    ...stores,
    '--storage-retention-check-interval',
    '1s',
    '--reporting-disabled',
    '--log-level',
    'warn',
  ];
}

/** Creates the first user, the organisation and the token; the bucket that has to be created with them stays unused. */
async function setUp(url: string): Promise<void> {
  const first = { username: 'admin', password: 'adminadmin', org: ORG, bucket: 'unused', retentionPeriodSeconds: 0, token: TOKEN };
  for (let attempt = 0; ; attempt += 1) {
    const { status, body } = await curl(['-H', 'content-type: application/json'], `${url}/api/v2/setup`, JSON.stringify(first));
    if (status === '201') return;
    if (attempt === 20) throw new Error(`InfluxDB 2.7 could not be set up: ${status} ${body}`);
    await delay(100);
  }
}
