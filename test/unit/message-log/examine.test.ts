import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { examineStore } from '../../../message-log/embedded/examine.ts';
import { openStore } from '../../../message-log/embedded/store.ts';
import { type Life, live, PERSONAL } from '../../support/damage/life.ts';

let folder: string;
let life: Life;
let copies = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-examine-'));
  life = await live(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const copyOf = async (from: string): Promise<string> => {
  copies += 1;
  await cp(from, join(folder, `copy-${copies}`), { recursive: true });
  return join(folder, `copy-${copies}`);
};
const change = async (path: string, changed: (bytes: Buffer) => number): Promise<void> => {
  const bytes = await readFile(path);
  const at = changed(bytes);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  await writeFile(path, bytes);
};
const journalIn = async (dataDir: string): Promise<string> =>
  join(dataDir, 'store', (await readdir(join(dataDir, 'store'))).find((name) => name.startsWith('journal-')) as string);

it('says of a store that a crash has left, of one that was stopped, of one in use, and of none, that all is right, and changes nothing', async () => {
  const left = await copyOf(life.left.dataDir);
  const before = await readFile(join(left, 'store', 'data.mdb'));
  expect(await examineStore(left)).toMatchObject([{ ok: true, found: expect.stringContaining('and so is the journal') }]);
  expect(before.equals(await readFile(join(left, 'store', 'data.mdb')))).toBe(true);
  const stopped = join(folder, 'living on');
  expect(await examineStore(stopped)).toMatchObject([{ ok: true }]);
  const store = await openStore(stopped);
  expect(await examineStore(stopped)).toMatchObject([{ ok: true, found: expect.stringContaining('while nothing is running') }]);
  await store.close();
  expect(await examineStore(join(folder, 'none'))).toMatchObject([{ ok: true, found: 'there is none yet' }]);
});

/** In every place that holds it: some are of pages that were overwritten. */
const changeRow = async (dataDir: string, begins: string, at: number): Promise<void> => {
  const path = join(dataDir, 'store', 'data.mdb');
  const bytes = await readFile(path);
  for (let row = bytes.indexOf(begins); row >= 0; row = bytes.indexOf(begins, row + 1))
    bytes.writeUInt8(bytes.readUInt8(row + at) ^ 1, row + at);
  await writeFile(path, bytes);
};

it.each<[string, RegExp, (dataDir: string) => Promise<void>]>([
  [
    'a record',
    /records of ENTRY\/0 are damaged/,
    (dataDir) => change(join(dataDir, 'store', 'data.mdb'), (bytes) => bytes.lastIndexOf('reading 5 ') + 100),
  ],
  [
    'an entry of the journal',
    /1 entry of the journal is damaged/,
    async (dataDir) => change(await journalIn(dataDir), (bytes) => bytes.indexOf('reading 34')),
  ],
  [
    'a position',
    /the position .*mailer.*ALARM.* is damaged/,
    (dataDir) => change(join(dataDir, 'store', 'data.mdb'), (bytes) => bytes.lastIndexOf('mailer/ALARM/0') + 16),
  ],
  ['a client', /the row 1107 of clients is damaged/, (dataDir) => changeRow(dataDir, '[1107,', 20)],
  ['an alarm of the archive', /the row a11 of alarms is damaged/, (dataDir) => changeRow(dataDir, '{"id":"a11"', 30)],
  ['a sensor', /the row 7 of state\/0 is damaged/, (dataDir) => changeRow(dataDir, `{"v":3,"of":"${PERSONAL}","number":1}`, 10)],
  ['the journal, which is missing', /is missing/, async (dataDir) => rm(await journalIn(dataDir))],
  [
    'the tree, which is older',
    /older copy/,
    (dataDir) => cp(join(life.before[0]?.dataDir ?? '', 'store', 'data.mdb'), join(dataDir, 'store', 'data.mdb')),
  ],
  ['the tree, which is missing', /cannot be read|missing/, (dataDir) => rm(join(dataDir, 'store', 'data.mdb'))],
])('finds damage of %s', async (_, said, damage) => {
  const dataDir = await copyOf(life.left.dataDir);
  await damage(dataDir);
  const findings = await examineStore(dataDir);
  expect(findings).not.toEqual([]);
  expect(findings.every(({ ok }) => !ok)).toBe(true);
  expect(findings.map(({ found }) => found).join()).toMatch(said);
  expect(JSON.stringify(findings)).not.toContain(PERSONAL);
});
