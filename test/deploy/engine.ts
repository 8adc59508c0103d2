/**
 * A Docker engine of the tests' own: its folder, mounts and network are nobody else's, so that neither images nor published ports meet those of the machine. Images are built in the
 * machine's network, since packages come from outside; containers run in one that has no way out, with bridges and published ports of its own.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { attempt, type Outcome, run } from './run.ts';

const COMPOSE = 'v5.6.0';
const START_DEADLINE_MS = 60_000;

export interface Engine {
  docker(args: readonly string[], timeoutMs?: number): Promise<string>;
  attempt(args: readonly string[], timeoutMs?: number): Promise<Outcome>;
  /** Runs a command in the network of the published ports. */
  inside(command: string, args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Outcome>;
  /** From now on containers have networks, and nothing can be built. */
  useNetworks(): Promise<void>;
  /** Removes containers, volumes and networks, keeps images. */
  stop(): Promise<void>;
}

/** `folder` keeps images between runs. */
export async function startEngine(folder: string): Promise<Engine> {
  const environment = { DOCKER_HOST: `unix://${join(folder, 'socket')}`, DOCKER_CONFIG: join(folder, 'config'), DOCKER_BUILDKIT: '0' };
  await mkdir(folder, { recursive: true });
  await needCompose(environment.DOCKER_CONFIG);
  const daemon = new Daemon(folder, environment);
  await daemon.start('building');
  const docker: Engine['docker'] = (args, timeoutMs) => run('docker', args, { environment, ...(timeoutMs ? { timeoutMs } : {}) });
  return {
    docker,
    attempt: (args, timeoutMs) => attempt('docker', args, { environment, ...(timeoutMs ? { timeoutMs } : {}) }),
    inside: (command, args, more = {}) =>
      attempt('nsenter', ['--target', String(daemon.pid), '--net', command, ...args], { environment: { ...environment, ...more } }),
    useNetworks: async () => {
      await daemon.stop();
      await daemon.start('running');
    },
    stop: async () => {
      const containers = (await docker(['ps', '--all', '--quiet'])).split('\n').filter(Boolean);
      if (containers.length > 0) await docker(['rm', '--force', '--volumes', ...containers]);
      await docker(['volume', 'prune', '--force']);
      await docker(['network', 'prune', '--force']);
      await daemon.stop();
      await rm(join(folder, 'exec'), { recursive: true, force: true });
    },
  };
}

class Daemon {
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;

  constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#environment = environment;
  }

  get pid(): number {
    const file = join(this.#folder, 'pid');
    return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  }

  async start(purpose: 'building' | 'running'): Promise<void> {
    if (isAlive(this.pid)) throw new Error(`another run has the engine in ${this.#folder} (process ${this.pid})`);
    const folder = this.#folder;
    await rm(join(folder, 'pid'), { force: true });
    const own = ['--data-root', join(folder, 'root'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')];
    const args = [...own, '--host', `unix://${join(folder, 'socket')}`, '--storage-driver', 'overlay2'];
    const offline = ['--iptables=false', '--ip6tables=false', '--ip-forward=false', '--bridge=none'];
    const command = ['dockerd', ...args, ...(purpose === 'building' ? offline : [])];
    // Mounts are shared, as on a host with systemd, since node_exporter wants them so.
    const spaces = ['--mount', '--propagation', 'shared', ...(purpose === 'building' ? [] : ['--net'])];
    const log = openSync(join(folder, 'log'), 'a');
    const script = 'ip link set lo up; exec "$@"';
    spawn('unshare', [...spaces, 'sh', '-c', script, 'sh', ...command], { detached: true, stdio: ['ignore', log, log] }).unref();
    closeSync(log);
    for (const end = Date.now() + START_DEADLINE_MS; ; await delay(100)) {
      if (isAlive(this.pid) && (await attempt('docker', ['info'], { environment: this.#environment })).code === 0) return;
      if (Date.now() > end)
        throw new Error(`the Docker engine does not start:\n${readFileSync(join(folder, 'log'), 'utf8').slice(-2_000)}`);
    }
  }

  async stop(): Promise<void> {
    const { pid } = this;
    if (!isAlive(pid)) return;
    process.kill(pid, 'SIGTERM');
    while (isAlive(pid)) await delay(100);
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** The plugin is built from its module once: a minute or two. Inside of its own folder, since it has directives that `go install` refuses. */
async function needCompose(config: string): Promise<void> {
  const plugin = join(config, 'cli-plugins', 'docker-compose');
  if (existsSync(plugin)) return;
  await mkdir(join(config, 'cli-plugins'), { recursive: true });
  const module = `github.com/docker/compose/${COMPOSE.split('.')[0]}`;
  const { Dir: folder } = JSON.parse(await run('go', ['mod', 'download', '-json', `${module}@${COMPOSE}`])) as { Dir: string };
  const flags = ['-trimpath', '-ldflags', `-s -w -X ${module}/internal.Version=${COMPOSE}`, '-o', plugin];
  await run('go', ['build', ...flags, './cmd'], { cwd: folder, environment: { GOFLAGS: '-buildvcs=false' }, timeoutMs: 900_000 });
}
