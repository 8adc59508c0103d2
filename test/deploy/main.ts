/** Builds the image, and runs what deploy/compose says with a Docker engine of its own: `npm run test:deploy`. docs/testing.md has its last output. */
import { z } from 'zod';
import { command, option } from '../../runtime/command-line.ts';
import { runProgram } from '../../runtime/program.ts';
import { cacheFolder } from '../support/servers/maven.ts';
import { startChecks } from './checks.ts';
import { checkCluster, type Load } from './cluster.ts';
import { type Engine, startEngine } from './engine.ts';
import { buildImage, checkImage } from './image.ts';
import { needPackages } from './packages.ts';
import { checkSingle } from './single.ts';
import { makeClusterStandIns, makeSmallStandIns } from './stand-ins.ts';

const PARTS = ['image', 'single', 'cluster'] as const;
const partList = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(z.enum(PARTS)));

const TEST_DEPLOY = command({
  name: 'npm run test:deploy',
  summary: 'Builds the image, and starts what deploy/compose has, with a Docker engine of its own (Debian, root).',
  about: ['Images cannot be pulled everywhere, so those of others are stand-ins, made of the same programs where these can be had.'],
  options: {
    only: option('PARTS', partList, `what is tried, of ${PARTS.join(',')}`, PARTS.join(',')),
    rate: option('N', z.coerce.number().int().positive(), 'messages per second through the cluster', '1400'),
    minutes: option('N', z.coerce.number().positive(), 'how long', '1'),
  },
  exitCodes: { 0: 'all passed', 1: 'something failed' },
  run: async ({ options }) => {
    const checks = startChecks(say);
    await needPackages();
    const engine = await startEngine(cacheFolder('docker'));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void engine.stop().finally(() => process.exit(130)));
    try {
      await tryParts(engine, new Set(options.only), options, checks);
    } finally {
      await engine.stop();
    }
    say(`${checks.passed} passed, ${checks.failed} failed`);
    return checks.failed === 0 ? 0 : 1;
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function tryParts(
  engine: Engine,
  parts: ReadonlySet<(typeof PARTS)[number]>,
  load: Load,
  checks: ReturnType<typeof startChecks>,
): Promise<void> {
  const standIns = await checks.check('stand-ins for images that are pulled elsewhere', async () => {
    await makeSmallStandIns(engine);
    if (parts.has('cluster')) await makeClusterStandIns(engine);
    return undefined;
  });
  if (!standIns || !(await buildImage(engine, checks))) return;
  await engine.useNetworks();
  if (parts.has('image')) await checkImage(engine, checks);
  if (parts.has('single')) await checkSingle(engine, checks);
  if (parts.has('cluster')) await checkCluster(engine, load, checks);
}

await runProgram(TEST_DEPLOY, process.argv.slice(2));
