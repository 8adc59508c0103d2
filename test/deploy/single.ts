/** deploy/compose/single.yml: from nothing to a mailed alarm, and through a stop and a change. */
import { statSync } from 'node:fs';
import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acknowledge, kept, type Place, raiseSmoke } from './alarms.ts';
import { type Checks, expect } from './checks.ts';
import type { Engine } from './engine.ts';
import { installationOf, OPEN_FILES, replaced } from './installation.ts';
import { run } from './run.ts';

const SENSOR = 42_959;

export async function checkSingle(engine: Engine, { check }: Checks): Promise<void> {
  const installation = await installationOf(engine, 'single');
  const { folder, compose } = installation;
  const place: Place = { engine, folder, sensors: 'http://localhost:19092', operators: 'http://localhost:8080', trust: [] };
  let id = '';
  try {
    await check('single: one command makes the secrets, each for its reader alone, and makes none again', async () => {
      await run('sh', [join(folder, 'prepare.sh'), 'single']);
      for (const name of await readdir(join(folder, 'secrets'))) {
        const { mode, uid } = statSync(join(folder, 'secrets', name));
        expect((mode & 0o777) === 0o600 && uid === 1_000, `${name}: mode ${(mode & 0o777).toString(8)}, user ${uid}`);
      }
      const again = await run('sh', [join(folder, 'prepare.sh'), 'single']);
      expect(!again.includes('made'), again);
      await appendFile(join(folder, '.env'), OPEN_FILES);
      return undefined;
    });
    await check('both compose files are valid', async () => {
      for (const kind of ['single', 'cluster'])
        await engine.docker(['compose', '--file', join(folder, `${kind}.yml`), 'config', '--quiet']);
      return undefined;
    });
    const up = await check('single: up --wait', async () => {
      await compose('up', '--wait', '--no-build');
      return undefined;
    });
    if (!up) {
      process.stdout.write((await installation.attempt('logs', '--tail', '30')).output);
      return;
    }
    await check('single: its log says where to look', async () => {
      const log = await compose('logs', '--no-log-prefix', 'tocsin');
      expect(log.includes('http://localhost:8080'), log);
      return /^.*\bready\b.*$/m.exec(log)?.[0].trim();
    });
    await check('single: smoke by curl is an alarm in the console and a mail in the catcher', async () => {
      const raised = await raiseSmoke(place, SENSOR);
      id = raised.id;
      return raised.seconds;
    });
    await check('single: doctor in the container finds nothing wrong', async () => {
      const { code, output } = await installation.attempt('exec', '-T', 'tocsin', 'tocsin', 'doctor');
      expect(code === 0, output);
      return output.trim().split('\n').at(-1);
    });
    await check('single: a second up changes nothing, a changed setting replaces only what has it', async () => {
      const before = await installation.containers();
      await compose('up', '--wait', '--no-build');
      const same = replaced(before, await installation.containers());
      expect(same.length === 0, `replaced: ${same.join(', ')}`);
      await mkdir(join(folder, 'settings'), { recursive: true });
      await writeFile(join(folder, 'settings', 'all.env'), 'TOCSIN_CONSOLE_SESSION=8h\n');
      await compose('up', '--wait', '--no-build');
      const changed = replaced(before, await installation.containers());
      expect(changed.join() === 'tocsin', `replaced: ${changed.join(', ')}`);
      return undefined;
    });
    await check('single: down and up keep alarms and custody', async () => {
      await acknowledge(place, id);
      const before = await kept(place, id);
      await compose('down');
      await compose('up', '--wait', '--no-build');
      const after = await kept(place, id);
      expect(before === after, `${before}\n${after}`);
      return undefined;
    });
  } finally {
    await installation.remove();
  }
}
