/** deploy/compose/cluster.yml: from nothing to a load whose alarms are exactly right, and through a stop and a change. */
import { chmodSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { acknowledge, kept, type Place, raiseSmoke } from './alarms.ts';
import { type Checks, expect } from './checks.ts';
import type { Engine } from './engine.ts';
import { curl, eventually, type Installation, installationOf, OPEN_FILES, replaced, secretOf } from './installation.ts';
import { run } from './run.ts';

export interface Load {
  readonly rate: number;
  readonly minutes: number;
}

/** Beyond those of the simulator, so that its comparison does not meet it. */
const SENSOR = 90_001;
/** Two cores and 16 GiB bear this. */
const SMALL = 'CASSANDRA_HEAP=512M\nKAFKA_HEAP=384M\n';

export async function checkCluster(engine: Engine, load: Load, { check }: Checks): Promise<void> {
  const installation = await installationOf(engine, 'cluster');
  const { folder, compose } = installation;
  const certificate = join(folder, 'secrets', 'edge.pem');
  const place: Place = {
    ...{ engine, folder, sensors: 'https://localhost:19092', operators: 'https://localhost' },
    trust: ['--cacert', certificate],
  };
  let id = '';
  try {
    await run('sh', [join(folder, 'prepare.sh'), 'cluster']);
    await appendFile(join(folder, '.env'), SMALL + OPEN_FILES);
    const up = await check('cluster: the first up --wait on an empty host ends ready', async () => {
      await upOf(installation);
      return `${Object.keys(await installation.containers()).length} containers run`;
    });
    if (!up) {
      process.stdout.write((await installation.attempt('ps', '--all')).output);
      process.stdout.write((await installation.attempt('logs', '--tail', '15')).output);
      return;
    }
    await check('cluster: Prometheus reads everything that it is to read', async () => {
      const found = await eventually('every target', async () => {
        const { health, count } = await targets(engine);
        return health.length === 0 ? `${count} targets` : undefined;
      }).catch(async (error: unknown) => {
        throw new Error(`${String(error)}: ${(await targets(engine)).health.join('; ')}`);
      });
      return found;
    });
    await check('cluster: what is provisioned for Grafana parses, and its data sources answer', async () => {
      const boards = JSON.parse(await curl(engine, 'http://127.0.0.1:3000/api/search')) as unknown[];
      const sources = JSON.parse(await curl(engine, 'http://127.0.0.1:3000/stand-in/sources')) as string[];
      expect(boards.length >= 15 && sources.length === 3, `${boards.length} dashboards, ${sources.join()}`);
      return `${boards.length} dashboards, ${sources.join(', ')}`;
    });
    await check('cluster: smoke by curl through HAProxy is an alarm in the console and a mail in the catcher', async () => {
      const raised = await raiseSmoke(place, SENSOR);
      id = raised.id;
      return raised.seconds;
    });
    await check(`cluster: case 2 with ${load.rate}/s for ${load.minutes} min through HAProxy passes its oracle`, () =>
      simulate(engine, place, load, 'case2'),
    );
    await check('cluster: so do alarms and recoveries without pause, while one proxy is restarted and the other killed', async () => {
      const [report] = await Promise.all([simulate(engine, place, load, 'unrest'), disturbProxies(installation)]);
      return report;
    });
    await check('cluster: a second up changes nothing, a changed setting replaces only what has it', async () => {
      const before = await installation.containers();
      await upOf(installation);
      const same = replaced(before, await installation.containers());
      expect(same.length === 0, `replaced: ${same.join(', ')}`);
      await mkdir(join(folder, 'settings'), { recursive: true });
      await writeFile(join(folder, 'settings', 'processor.env'), 'TOCSIN_HITS_KEPT=24h\n');
      await upOf(installation);
      const changed = replaced(before, await installation.containers());
      expect(changed.join() === 'processor-1,processor-2', `replaced: ${changed.join(', ')}`);
      return undefined;
    });
    await check('cluster: down and up keep alarms and custody', async () => {
      await acknowledge(place, id);
      const before = await kept(place, id);
      await compose('down');
      await upOf(installation);
      const after = await kept(place, id);
      expect(before === after, `${before}\n${after}`);
      return undefined;
    });
    await check('cluster: and the next fire is raised and mailed', async () => (await raiseSmoke(place, SENSOR + 1)).seconds);
  } finally {
    await installation.remove();
  }
}

const upOf = ({ compose }: Installation): Promise<string> => compose('up', '--wait', '--no-build');

/** One stops in an orderly way, the other at once, each when the other one is ready. */
async function disturbProxies({ compose }: Installation): Promise<void> {
  const ready = ['up', '--wait', '--no-build', '--no-deps'];
  await delay(5_000);
  await compose('restart', 'proxy-1');
  await compose(...ready, 'proxy-1');
  await compose('kill', 'proxy-2');
  await compose(...ready, 'proxy-2');
}

/** How many targets Prometheus has, and those that do not answer. */
async function targets(engine: Engine): Promise<{ readonly count: number; readonly health: readonly string[] }> {
  const answer = JSON.parse(await curl(engine, 'http://127.0.0.1:9090/api/v1/targets')) as {
    readonly data: {
      readonly activeTargets: readonly { readonly scrapeUrl: string; readonly health: string; readonly lastError: string }[];
    };
  };
  const all = answer.data.activeTargets;
  return {
    count: all.length,
    health: all.filter(({ health }) => health !== 'up').map(({ scrapeUrl, health, lastError }) => `${scrapeUrl} ${health} ${lastError}`),
  };
}

/** Resolves with the last lines of the simulator's report. */
async function simulate(
  engine: Engine,
  { folder, sensors, operators, trust }: Place,
  { rate, minutes }: Load,
  scenario: 'case2' | 'unrest',
): Promise<string> {
  const apps = 4;
  // Only whom to trust: the file has the key as well.
  const [certificate = ''] = /-----BEGIN CERT[\s\S]*?-----END CERTIFICATE-----\n/.exec(readFileSync(trust[1] ?? '', 'utf8')) ?? [];
  const authority = join(folder, 'authority.pem');
  await writeFile(authority, certificate);
  chmodSync(authority, 0o644);
  const load = ['--apps', String(apps), '--rate', String(Math.round(rate / apps)), '--minutes', String(minutes)];
  const args = ['--scenario', scenario, ...load, '--settle', '60'];
  const where = ['--url', sensors, '--console', operators, '--gateway-token', secretOf(folder, 'gateway-tokens').split(':')[1] ?? ''];
  const command = ['--require', './runtime/before-start.cjs', './runtime/launch.mjs', 'main/simulate/main.ts', ...args, ...where];
  const environment = { NODE_EXTRA_CA_CERTS: authority, TOCSIN_API_TOKEN: secretOf(folder, 'api-token') };
  const { code, stdout, output } = await engine.inside(process.execPath, command, environment);
  expect(code === 0, output.slice(-3_000));
  return stdout.trim().replaceAll(/\n(?=.)/g, '\n        ');
}
