/** A database is found by its name, so one bit of a name hides all rows of it. */
import { cp, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { repairStore } from '../../../message-log/embedded/repair.ts';
import { openStore } from '../../../message-log/embedded/store.ts';
import { headOf, TreeFile } from '../../../message-log/embedded/tree-file.ts';
import { visitPages } from '../../../message-log/embedded/tree-pages.ts';
import { type Life, live } from '../../support/damage/life.ts';

const PAGE_BYTES = 4096;
/** Written anew by a repair. */
const NUMBERS = ['log', 'meta', 'positions'];

let folder: string;
let life: Life;
let bytes: Buffer;
/** Where each name begins in the page of the roots, by name. */
const names = new Map<string, number>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-names-'));
  life = await live(join(folder, 'life'));
  bytes = await readFile(treeOf(life.left.dataDir));
  const file = new TreeFile(treeOf(life.left.dataDir));
  const head = headOf(file);
  file.close();
  if (typeof head === 'string' || head.main.page === undefined) throw new Error('the tree has no roots');
  const page = bytes.subarray(head.main.page * PAGE_BYTES, (head.main.page + 1) * PAGE_BYTES);
  for (const name of lookAt(treeOf(life.left.dataDir)).rows.keys()) {
    const at = page.indexOf(Buffer.from(`${name}\0`));
    names.set(name, head.main.page * PAGE_BYTES + at);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const treeOf = (dataDir: string): string => join(dataDir, 'store', 'data.mdb');

function lookAt(path: string): { readonly rows: ReadonlyMap<string, number>; readonly damages: readonly string[] } {
  const file = new TreeFile(path);
  const [rows, damages] = [new Map<string, number>(), [] as string[]];
  try {
    const head = headOf(file);
    if (typeof head === 'string') return { rows, damages: [head] };
    const visitor = {
      damaged: (what: string) => void damages.push(what),
      row: (name: string) => void rows.set(name, (rows.get(name) ?? 0) + 1),
    };
    for (const _ of visitPages(file, head, visitor));
    return { rows, damages };
  } finally {
    file.close();
  }
}

/** `look` sees another value in one bit of the file. */
async function withFlipped<T>(path: string, at: number, bit: number, look: () => T): Promise<T> {
  const file = await open(path, 'r+');
  const write = (value: number) => file.write(Uint8Array.of(value), 0, 1, at);
  try {
    await write(bytes.readUInt8(at) ^ (1 << bit));
    return look();
  } finally {
    await write(bytes.readUInt8(at));
    await file.close();
  }
}

it('says which name is damaged, whichever byte of it changed, and still finds the rows', async () => {
  const path = join(folder, 'changed.mdb');
  await writeFile(path, bytes);
  const whole = lookAt(path);
  expect(whole.damages).toEqual([]);
  expect([...names.keys()]).toEqual(expect.arrayContaining(['clients', 'places', 'alarms', 'state/0', 'log/ENTRY/0']));
  for (const [name, begin] of names)
    for (let at = begin; at <= begin + name.length; at += 1)
      for (const bit of new Set([0, at % 8])) {
        const { rows, damages } = await withFlipped(path, at, bit, () => lookAt(path));
        expect(damages.join(), `bit ${bit} of byte ${at - begin} of ${name}`).toContain(`of the database ${name}`);
        expect(rows).toEqual(whole.rows);
      }
});

it('says so where the flags of a root changed, which tell how its rows are ordered', async () => {
  const path = join(folder, 'flags.mdb');
  await writeFile(path, bytes);
  for (const [name, begin] of names)
    for (const [byte, bit] of [[4, 3] as const, [5, 0] as const]) {
      // The root follows the name.
      const { damages } = await withFlipped(path, begin + name.length + 1 + byte, bit, () => lookAt(path));
      expect(damages.join(), `${name}, byte ${byte}`).toContain(`the root of ${name}`);
    }
});

it.each([
  ['places', 0],
  ['places', 6],
  ['clients', 0],
  ['log/ENTRY/0', 4],
  ['state/0', 6],
])('is refused where the name %s is damaged, and a repair loses none of its rows (byte %i)', async (name, byte) => {
  const dataDir = join(folder, `${name.replaceAll('/', '-')}-${byte}`);
  await cp(life.left.dataDir, dataDir, { recursive: true });
  const changed = Buffer.from(bytes);
  const at = (names.get(name) as number) + byte;
  changed.writeUInt8(changed.readUInt8(at) ^ 0x10, at);
  await writeFile(treeOf(dataDir), changed);
  await expect(openStore(dataDir, { durable: false })).rejects.toMatchObject({ code: 'store-damaged' });
  const whole = join(folder, `${name.replaceAll('/', '-')}-${byte}, whole`);
  await cp(life.left.dataDir, whole, { recursive: true });
  const { findings } = await repairStore(dataDir, true);
  await repairStore(whole, true);
  expect(findings.join()).toContain('what belongs there was kept');
  const kept = lookAt(treeOf(dataDir)).rows;
  for (const other of names.keys())
    if (!NUMBERS.includes(other)) expect([other, kept.get(other) ?? 0]).toEqual([other, rowsAtLeast(other)]);
});

/** A repair takes what is in the journal alone into the tree, so there may be more than before. */
function rowsAtLeast(name: string): unknown {
  return expect.toSatisfy((count: number) => count >= (lookAt(treeOf(life.left.dataDir)).rows.get(name) ?? 0));
}
