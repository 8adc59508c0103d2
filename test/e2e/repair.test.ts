/** A damaged data folder is refused with a sentence, repaired, and raises, mails and shows the next fire. */
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runProgram } from '../support/program.ts';
import { SystemProcess } from '../support/system.ts';
import { act, alarmOf, custodyHas, motion, smoke, until } from '../support/versions/life.ts';

const [BURGLARY, ACKNOWLEDGED, LATE, FIRE] = [1, 2, 3, 4];
const PERSONAL = 'Zwingenberger';

let folder: string;
/** As kill -9 has left it, with commits that only the journal has. */
let left: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-repair-'));
  left = join(folder, 'left');
  const csv = join(folder, 'clients.csv');
  const columns = 'id,name,surname,gender,nationalid,birthday,streetaddress,city,zipcode,country,telephonecountrycode,telephonenumber';
  const more = 'latitude,longitude,emailaddress,title,occupation,company,username';
  await writeFile(
    csv,
    `${columns},${more}\n${FIRE},Vera,${PERSONAL},female,1,1/1/1970,Street 1,Town,1,GR,30,1,38.1,23.7,a@example.org,Dr,x,y,z\n`,
  );
  expect(await runProgram('main/clients/main.ts', ['import', csv], { TOCSIN_DATA_DIR: left })).toMatchObject({ code: 0 });
  const system = await SystemProcess.create({ dataDir: left });
  await system.start();
  await motion(system, BURGLARY);
  await motion(system, ACKNOWLEDGED);
  for (const sensor of [BURGLARY, ACKNOWLEDGED]) await custodyHas(system, sensor, 'mailed');
  await system.end('SIGTERM');
  await system.start();
  await act(system, ACKNOWLEDGED, 'acknowledge', {});
  await motion(system, LATE);
  await custodyHas(system, LATE, 'mailed');
  await system.end('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each<[string, (store: string) => Promise<void>, boolean]>([
  ['its journal is missing', async (store) => rm(await journalOf(store)), true],
  ['its journal was emptied', async (store) => truncate(await journalOf(store), 0), true],
  ['a head of its tree is zeros', async (store) => zero(join(store, 'data.mdb'), 0, 4_096), true],
  ['its tree is cut off', async (store) => truncate(join(store, 'data.mdb'), 16 * 4_096), false],
  ['its tree is missing', async (store) => rm(join(store, 'data.mdb')), false],
])('where %s', { timeout: 180_000 }, async (_, damage, hasTree) => {
  const dataDir = join(folder, `damaged-${Math.random()}`);
  await cp(left, dataDir, { recursive: true, filter: (path) => !path.endsWith('.sock') });
  await damage(join(dataDir, 'store'));
  const system = await SystemProcess.create({ dataDir });
  const settings = { TOCSIN_DATA_DIR: dataDir };

  await expect(system.start()).rejects.toThrow('ended with 1');
  expect(system.output).toContain('npm run repair');
  const said = await runProgram('main/repair/main.ts', [], settings);
  expect(said).toMatchObject({ code: 1, stderr: '', stdout: expect.stringContaining('Nothing was changed') });
  const done = await runProgram('main/repair/main.ts', ['--yes'], settings);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(`${system.output}${said.stdout}${done.stdout}`).not.toContain(PERSONAL);
  expect((await readdir(dataDir)).filter((name) => name.startsWith('store.damaged-'))).toHaveLength(1);

  await system.start();
  try {
    await smoke(system, FIRE, 3);
    await custodyHas(system, FIRE, 'mailed');
    await until('a mail', async () => (await mails(dataDir)).some((mail) => mail.includes(`-${FIRE}-smoke-`)));
    if (hasTree) {
      const mail = (await mails(dataDir)).find((name) => name.includes(`-${FIRE}-smoke-`)) as string;
      expect(await readFile(join(dataDir, 'outbox', mail), 'utf8')).toContain(PERSONAL);
      // What is shown as open can be acknowledged, and ends with a recovery.
      for (const sensor of [BURGLARY, ACKNOWLEDGED, LATE]) {
        const { state } = await alarmOf(system, sensor);
        if (state === 'ACTIVE_UNACK') expect(await act(system, sensor, 'acknowledge', {})).toMatchObject({ state: 'ACTIVE_ACK' });
        await fetch(`${system.ingestUrl}/ok`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ id: sensor }),
        });
        await until('it is over', async () => (await alarmOf(system, sensor)).state === 'CLEARED_ACK');
      }
    }
    expect(await system.end('SIGTERM')).toBe(0);
    await system.start();
    expect(await alarmOf(system, FIRE)).toMatchObject({ state: 'ACTIVE_UNACK' });
  } finally {
    await system.end('SIGKILL');
  }
  expect(await runProgram('main/repair/main.ts', [], settings)).toMatchObject({ code: 0 });
});

const mails = (dataDir: string): Promise<string[]> => readdir(join(dataDir, 'outbox'));

async function journalOf(store: string): Promise<string> {
  return join(store, (await readdir(store)).find((name) => name.startsWith('journal-')) ?? 'none');
}

async function zero(path: string, at: number, length: number): Promise<void> {
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0, at, at + length));
}
