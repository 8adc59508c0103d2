/**
 * Makes the fixtures of a version, from a checkout of it with its node_modules; `kafka` makes those of an installation on Kafka.
 *   node --require ./runtime/before-start.cjs ./runtime/launch.mjs test/support/versions/make.ts CHECKOUT test/fixtures/versions/NAME/embedded
 *   node --require ./runtime/before-start.cjs ./runtime/launch.mjs test/support/versions/make.ts CHECKOUT test/fixtures/versions/NAME/kafka kafka
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka } from '../servers/kafka.ts';
import { SystemProcess } from '../system.ts';
import { pack, packJson } from './folder.ts';
import { readLog } from './kafka-topics.ts';
import { live } from './life.ts';
import { onKafka, TOPICS_FILE } from './on-kafka.ts';

const CLIENTS = 20;

const [checkout, to, kind] = process.argv.slice(2);
if (checkout === undefined || to === undefined) throw new Error('which checkout, and where to?');
const folder = await mkdtemp(join(tmpdir(), 'tocsin-life-'));
const dataDir = join(folder, 'data');
const kafka = kind === 'kafka' ? await startKafka() : undefined;
const environment = kafka === undefined ? {} : onKafka(kafka);
const run = (...args: string[]): void => {
  const env = { ...process.env, TOCSIN_DATA_DIR: dataDir, ...environment };
  execFileSync('npm', ['run', '--silent', ...args], { cwd: checkout, env, stdio: 'inherit' });
};
try {
  if (kafka) run('topics');
  run('clients', '--', 'generate', String(CLIENTS));
  const system = await SystemProcess.create({ checkout, dataDir, environment });
  try {
    await pack(dataDir, await live(system), to);
  } finally {
    await system.end('SIGKILL');
  }
  if (kafka) await packJson(join(to, TOPICS_FILE), await readLog(kafka));
} finally {
  await kafka?.destroy();
  await rm(folder, { recursive: true, force: true });
}
