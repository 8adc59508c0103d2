/** The image as deploy/Dockerfile makes it. */
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type Checks, expect } from './checks.ts';
import type { Engine } from './engine.ts';
import { curl, eventually } from './installation.ts';

export const IMAGE = 'tocsin:0.1.0';
const MB_ABOVE_BASE_MAX = 200;
const START_S_MAX = 1.5;
const STOP_S_MAX = 2;
const TOKEN = 'token-of-the-test';
const HARDENED = [
  '--read-only',
  '--tmpfs',
  '/tmp',
  '--cap-drop',
  'ALL',
  '--security-opt',
  'no-new-privileges',
  '--memory',
  '1g',
  '--pids-limit',
  '200',
];
const SETTINGS = [
  'TOCSIN_INSECURE=yes',
  `TOCSIN_API_TOKEN=${TOKEN}`,
  `TOCSIN_GATEWAY_TOKENS=gateway:${TOKEN}`,
  'TOCSIN_UNKNOWN_SENSORS=accept',
].flatMap((setting) => ['--env', setting]);

/** While packages can be fetched. */
export async function buildImage(engine: Engine, { check }: Checks): Promise<boolean> {
  return await check('the image is built by deploy/Dockerfile, as it is', async () => {
    await engine.docker(['build', '--network', 'host', '--file', 'deploy/Dockerfile', '--tag', IMAGE, '.']);
    return undefined;
  });
}

export async function checkImage(engine: Engine, checks: Checks): Promise<void> {
  await checkContents(engine, checks);
  await checkArguments(engine, checks);
  await checkRun(engine, checks);
}

async function checkContents(engine: Engine, { check }: Checks): Promise<void> {
  await check(`it is at most ${MB_ABOVE_BASE_MAX} MB above its base`, async () => {
    const [, base = ''] = /^FROM (\S+)$/m.exec(readFileSync('deploy/Dockerfile', 'utf8')) ?? [];
    const sizeOf = async (tag: string): Promise<number> => Number(await engine.docker(['image', 'inspect', '--format', '{{.Size}}', tag]));
    const mb = ((await sizeOf(IMAGE)) - (await sizeOf(base))) / 1_000_000;
    expect(mb <= MB_ABOVE_BASE_MAX, `${mb.toFixed(0)} MB`);
    return `${mb.toFixed(0)} MB`;
  });
  await check('it is not run as root, has one volume, a health check and labels', async () => {
    const { Config: config } = JSON.parse(await engine.docker(['image', 'inspect', '--format', '{{json .}}', IMAGE])) as {
      Config: { User: string; Volumes: object; Healthcheck?: { Test: string[] }; Labels: Record<string, string>; Env: string[] };
    };
    expect(config.User === 'node', `user ${config.User}`);
    expect(Object.keys(config.Volumes).join() === '/var/lib/tocsin', `volumes ${Object.keys(config.Volumes).join()}`);
    expect(config.Healthcheck?.Test.join(' ').includes('health-check') === true, 'no health check');
    for (const label of ['title', 'description', 'licenses', 'version', 'base.name'])
      expect(Boolean(config.Labels[`org.opencontainers.image.${label}`]), `no label ${label}`);
    expect(!config.Env.some((each) => /TOKEN|SECRET|PASSWORD/.test(each)), 'a secret in its environment');
    return undefined;
  });
  await check('no dev dependency, test, secret, or cache of a package manager is in it', async () => {
    const list = await engine.docker([
      'run',
      '--rm',
      '--network',
      'none',
      '--user',
      'root',
      '--entrypoint',
      'find',
      IMAGE,
      '/',
      '-xdev',
      '-not',
      '-path',
      '/proc/*',
    ]);
    const paths = list.split('\n');
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: Record<string, string> };
    const dev = Object.keys(devDependencies).map((name) => `/opt/tocsin/node_modules/${name}`);
    const found = paths.filter(
      (path) =>
        dev.includes(path) ||
        /^\/opt\/tocsin\/(?:test|bench|docs|\.git|\.ci|ansible|data)(?:\/|$)/.test(path) ||
        /\/(?:_cacache|\.npm|\.cache\/(?!tocsin|module)[^/]*)$|^\/var\/(?:cache\/apt\/.*\.deb|lib\/apt\/lists\/.+)$/.test(path) ||
        /^\/opt\/tocsin\/(?!node_modules).*(?:\.env|\.pem|\.key|secrets?)$/.test(path) ||
        /^\/opt\/tocsin\/(?!node_modules).*\.test\./.test(path),
    );
    expect(found.length === 0, found.slice(0, 10).join('\n'));
    return `${paths.length} paths`;
  });
}

async function checkArguments(engine: Engine, { check }: Checks): Promise<void> {
  const start = (...args: string[]) => engine.attempt(['run', '--rm', ...HARDENED, IMAGE, ...args]);
  await check('its argument is a role or a program', async () => {
    const help = await start('--help');
    expect(help.code === 0 && help.stdout.includes('npm start'), help.output);
    for (const program of ['topics', 'schema', 'doctor', 'clients', 'users', 'sensor-key', 'simulate']) {
      const { code, stdout } = await start(program, '--help');
      expect(code === 0 && stdout.includes(`npm run ${program}`), `${program} --help: ${code} ${stdout}`);
    }
    const role = await start('processor');
    expect(role.code === 2, `a processor without a log that it can share ended with ${role.code}: ${role.output}`);
    const other = await start('nonsense');
    expect(other.code === 2, `nonsense ended with ${other.code}`);
    return undefined;
  });
  await check('strangers get in nowhere: without keys the start is refused', async () => {
    const { code, output } = await start();
    expect(code === 2 && output.includes('TOCSIN_INSECURE'), `${code}: ${output}`);
    return undefined;
  });
}

async function checkRun(engine: Engine, { check }: Checks): Promise<void> {
  const name = 'tocsin-image-test';
  const begin = (): Promise<string> =>
    engine.docker([
      'run',
      '--detach',
      '--name',
      name,
      ...HARDENED,
      '--stop-timeout',
      '30',
      '--publish',
      '127.0.0.1:19092:19092',
      '--publish',
      '127.0.0.1:8080:8080',
      '--volume',
      `${name}:/var/lib/tocsin`,
      ...SETTINGS,
      IMAGE,
    ]);
  await check(`as all roles it starts within ${START_S_MAX} s, read-only and without capabilities`, async () => {
    const starts: Start[] = [];
    for (let i = 0; i < 3; i += 1) {
      if (i > 0) await engine.docker(['rm', '--force', name]);
      await begin();
      starts.push(await startOf(engine, name));
    }
    const figures = starts.map(({ seconds, cpuSeconds }) => `${seconds.toFixed(2)} s (${cpuSeconds.toFixed(2)} s of CPU)`).join(', ');
    // Where others use the processors too, what it needs of them tells more than the clock.
    const busy = (loadavg()[0] ?? 0) > cpus().length;
    const least = Math.min(...starts.map(({ seconds, cpuSeconds }) => (busy ? cpuSeconds : seconds)));
    expect(least <= START_S_MAX, figures);
    return busy ? `by its CPU, since the machine is busy: ${figures}` : figures;
  });
  await check('its health check says healthy once /readyz does', async () => {
    await eventually('healthy', async () =>
      (await engine.docker(['inspect', '--format', '{{.State.Health.Status}}', name])).trim() === 'healthy' ? true : undefined,
    );
    return undefined;
  });
  await check(`it stops within ${STOP_S_MAX} s of SIGTERM under load, and nothing accepted is lost`, async () => {
    const sending = engine.inside('node', ['test/deploy/senders.mjs', 'http://127.0.0.1:19092/entry', TOKEN, '1', '100000']);
    await delay(2_000);
    const began = performance.now();
    await engine.docker(['kill', '--signal', 'TERM', name]);
    const code = Number(await engine.docker(['wait', name]));
    const seconds = (performance.now() - began) / 1_000;
    const accepted = new Set(JSON.parse((await sending).stdout) as number[]);
    expect(code === 0, `exit code ${code}: ${(await engine.attempt(['logs', '--tail', '5', name])).output}`);
    expect(accepted.size > 50, `only ${accepted.size} were sent`);
    await engine.docker(['start', name]);
    await eventually('ready', async () =>
      (await engine.inside('curl', ['-sf', 'http://127.0.0.1:19092/readyz'])).code === 0 ? true : undefined,
    );
    const raised = await eventually('every alarm', async () => {
      const sensors = await sensorsWithAlarms(engine);
      return [...accepted].every((id) => sensors.has(id)) ? sensors : undefined;
    });
    expect(seconds <= STOP_S_MAX, `${seconds.toFixed(2)} s`);
    return `${seconds.toFixed(2)} s; ${accepted.size} accepted, ${raised.size} alarms after the next start`;
  });
  await engine.attempt(['rm', '--force', '--volumes', name]);
}

interface Start {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** From the start of the container to its line `ready`, by the engine's clock. */
async function startOf(engine: Engine, name: string): Promise<Start> {
  const line = await eventually('the line ready', async () => {
    const { output } = await engine.attempt(['logs', '--timestamps', name]);
    return output.split('\n').find((each) => each.includes('"msg":"ready"'));
  });
  const state = await engine.docker(['inspect', '--format', '{{.State.Pid}} {{.State.StartedAt}}', name]);
  const [pid = '', started = ''] = state.trim().split(' ');
  const ticks = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const cpuSeconds = (Number(ticks[11]) + Number(ticks[12])) / 100;
  return { seconds: (Date.parse(line.split(' ')[0] ?? '') - Date.parse(started)) / 1_000, cpuSeconds };
}

async function sensorsWithAlarms(engine: Engine): Promise<ReadonlySet<number>> {
  const sensors = new Set<number>();
  for (let cursor: string | null = ''; cursor !== null; ) {
    const url: string = `http://127.0.0.1:8080/api/alarms?limit=500${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = JSON.parse(await curl(engine, '--header', `Authorization: Bearer ${TOKEN}`, url)) as {
      alarms?: { sensor: number }[];
      cursor?: string | null;
    };
    for (const { sensor } of page.alarms ?? []) sensors.add(Number(sensor));
    cursor = page.cursor ?? null;
  }
  return sensors;
}
