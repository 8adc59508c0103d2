/**
 * Makes the fixtures of a version, from a checkout of it with its node_modules:
 *   node --require ./runtime/before-start.cjs ./runtime/launch.mjs test/support/versions/make.ts CHECKOUT test/fixtures/versions/NAME
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemProcess } from '../system.ts';
import { pack } from './folder.ts';
import { live } from './life.ts';

const CLIENTS = 20;

const [checkout, to] = process.argv.slice(2);
if (checkout === undefined || to === undefined) throw new Error('which checkout, and where to?');
const folder = await mkdtemp(join(tmpdir(), 'tocsin-life-'));
const dataDir = join(folder, 'data');
try {
  const env = { ...process.env, TOCSIN_DATA_DIR: dataDir };
  execFileSync('npm', ['run', '--silent', 'clients', '--', 'generate', String(CLIENTS)], { cwd: checkout, env, stdio: 'inherit' });
  const system = await SystemProcess.create({ checkout, dataDir });
  try {
    await pack(dataDir, await live(system), to);
  } finally {
    await system.end('SIGKILL');
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
