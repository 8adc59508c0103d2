import { cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedLog, openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { openStore, type Store } from '../../../message-log/embedded/store.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import { Health } from '../../../runtime/health.ts';

const PAGE_BYTES = 4096;
const NAMES_REPAIR = { code: 'store-damaged', message: expect.stringContaining('npm run repair') };

describe('a data folder', () => {
  let root: string;
  let store: Store | undefined;
  let log: EmbeddedLog | undefined;
  let copies = 0;
  const said: string[] = [];

  const open = async (dataDir: string): Promise<void> => {
    store = await openStore(dataDir, { durable: false });
    const { journal } = store;
    log = await openEmbeddedLog(store, {
      partitions: 1,
      retentionMs: Number.MAX_SAFE_INTEGER,
      retentionBytes: Number.MAX_SAFE_INTEGER,
      clock: () => Date.UTC(2026, 0, 1),
      removalClock: () => undefined,
      logger: pino({ level: 'warn' }, { write: (line: string) => void said.push(line) }),
      registry: new Registry(),
      health: new Health(),
    });
    await expect.poll(() => journal?.fits(1), { interval: 1 }).toBe(true);
  };
  const close = async (): Promise<void> => {
    await log?.close();
    await store?.close();
    [log, store] = [undefined, undefined];
  };
  const append = async (...values: readonly string[]): Promise<void> => {
    for (const value of values) await log?.append('ENTRY', oneRecord(1, value), Date.UTC(2026, 0, 1));
  };
  /** As it would be left by kill -9 now. */
  const copy = async (): Promise<string> => {
    copies += 1;
    const to = join(root, `copy-${copies}`);
    await cp(join(root, 'data'), to, { recursive: true, filter: (path) => !path.endsWith('.sock') && !path.endsWith('/owner') });
    return to;
  };
  const fileOf = async (dataDir: string, kind: string): Promise<string> =>
    join(dataDir, 'store', (await readdir(join(dataDir, 'store'))).find((name) => name.startsWith(kind)) ?? kind);
  const values = async (): Promise<string[]> => {
    const reader = await log?.reader('ENTRY', 0, 'earliest');
    const seen: string[] = [];
    for (const batch of (await reader?.poll(0)) ?? [])
      for (let i = 0; i < batch.length; i += 1) seen.push(batch.bytes.toString('latin1', batch.start(i), batch.end(i)));
    return seen;
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tocsin-damage-'));
    await open(join(root, 'data'));
    await append('moved');
    await log?.sweep();
  });
  afterEach(async () => {
    await close();
    await rm(root, { recursive: true, force: true });
  });

  it('that a crash has left goes on, with all that was acknowledged', async () => {
    await append('one', 'two');
    const left = await copy();
    await close();
    await open(left);
    expect(await values()).toEqual(['moved', 'one', 'two']);
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['is missing', (path) => rm(path)],
    ['is empty', (path) => truncate(path, 0)],
    ['is cut off', (path) => truncate(path, 512)],
    ['has only zeros', async (path) => writeFile(path, Buffer.alloc((await readFile(path)).length))],
  ])('is refused where its journal %s', async (_, damage) => {
    await append('one');
    const left = await copy();
    await damage(await fileOf(left, 'journal-'));
    await close();
    await expect(open(left)).rejects.toMatchObject(NAMES_REPAIR);
    // Again and again, until somebody does something about it.
    await close();
    await expect(open(left)).rejects.toMatchObject(NAMES_REPAIR);
  });

  it.each(['journal-', 'data.mdb'])('is refused where %s is an older copy', async (kind) => {
    await append('one');
    const before = await copy();
    await append('two');
    if (kind === 'data.mdb') await log?.sweep();
    const left = await copy();
    await close();
    await cp(await fileOf(before, kind), await fileOf(left, kind));
    await expect(open(left)).rejects.toMatchObject(NAMES_REPAIR);
  });

  it.each(['journal-', 'data.mdb'])('is refused where %s is of another one', async (kind) => {
    await append('one');
    const left = await copy();
    await close();
    await open(join(root, 'other'));
    await append('one', 'two');
    await cp(await fileOf(join(root, 'other'), kind), await fileOf(left, kind));
    await close();
    await expect(open(left)).rejects.toMatchObject(NAMES_REPAIR);
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['is missing', (path) => rm(path)],
    ['is empty', (path) => truncate(path, 0)],
    ['is cut off', (path) => truncate(path, 5 * PAGE_BYTES)],
    ['is cut off within its head', (path) => truncate(path, 100)],
    ['has no first head', (path) => zero(path, 0, PAGE_BYTES)],
    ['has no second head', (path) => zero(path, PAGE_BYTES, PAGE_BYTES)],
    ['has a page of zeros', async (path) => zero(path, (await readFile(path)).length - PAGE_BYTES, PAGE_BYTES)],
  ])('is refused where its tree %s', async (_, damage) => {
    await append('one');
    const left = await copy();
    await close();
    await damage(join(left, 'store', 'data.mdb'));
    await expect(open(left)).rejects.toMatchObject(NAMES_REPAIR);
    await expect(openStore(left, { owner: false })).rejects.toMatchObject(NAMES_REPAIR);
  });

  it('is refused where its store is gone and there are mails, and new where there is nothing', async () => {
    await close();
    const emptied = join(root, 'emptied');
    await mkdir(join(emptied, 'outbox'), { recursive: true });
    await writeFile(join(emptied, 'outbox', 'a.eml'), '');
    await expect(open(emptied)).rejects.toMatchObject(NAMES_REPAIR);
    await rm(join(emptied, 'outbox', 'a.eml'));
    await open(emptied);
    expect(await values()).toEqual([]);
  });

  it('goes on where an entry of its journal is damaged, and names what was lost by sensor and time', async () => {
    await append('one', 'two', 'three');
    const left = await copy();
    await close();
    const journal = await fileOf(left, 'journal-');
    const bytes = await readFile(journal);
    await zero(journal, bytes.indexOf('two'), 3);
    said.length = 0;
    await open(left);
    expect(await values()).toEqual(['moved', 'one', 'three']);
    expect(said).toHaveLength(1);
    expect(JSON.parse(said[0] ?? '')).toMatchObject({
      entries: 1,
      records: [{ topic: 'ENTRY', sensor: 1, at: '2026-01-01T00:00:00.000Z' }],
    });
  });

  it.each([
    ['high-water', /high-water is missing or damaged.*older copy/],
    ['lock.mdb', /^$/],
  ])('goes on without %s', async (name, saying) => {
    await append('one');
    const left = await copy();
    await close();
    await rm(join(left, 'store', name));
    said.length = 0;
    await open(left);
    expect(await values()).toEqual(['moved', 'one']);
    expect(said.join('')).toMatch(saying);
    await close();
    said.length = 0;
    await open(left);
    expect(said).toEqual([]);
  });

  it.each(['journal-', 'data.mdb'])('says that something may be missing where %s and high-water are older copies', async (kind) => {
    await append('one');
    const before = await copy();
    for (let i = 0; i < 20; i += 1) {
      await append(`two ${i}`);
      if (kind === 'data.mdb' || i === 10) await log?.sweep();
    }
    const left = await copy();
    await close();
    for (const older of [kind, 'high-water']) await cp(await fileOf(before, older), await fileOf(left, older));
    said.length = 0;
    await open(left);
    expect(said.join('')).toMatch(/high-water is behind the files beside it.*older copy/);
  });

  it('says nothing of the kind after kill -9, also right after its first start', async () => {
    await close();
    said.length = 0;
    await open(join(root, 'new'));
    const first = join(root, 'new, left');
    await cp(join(root, 'new'), first, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    await close();
    await open(first);
    await append('one', 'two');
    await log?.sweep();
    await append('three');
    const left = join(root, 'left later');
    await cp(first, left, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    await close();
    await open(left);
    expect(await values()).toEqual(['one', 'two', 'three']);
    expect(said).toEqual([]);
  });

  it('that was stopped in order needs no journal', async () => {
    await append('one');
    await close();
    expect((await readdir(join(root, 'data', 'store'))).filter((name) => name.startsWith('journal-'))).toEqual([]);
    await open(join(root, 'data'));
    expect(await values()).toEqual(['moved', 'one']);
  });

  it('is not looked at page by page while its owner writes: a second one is told who has it', async () => {
    await expect(openStore(join(root, 'data'))).rejects.toMatchObject({ code: 'data-dir-in-use' });
    const tool = await openStore(join(root, 'data'), { owner: false });
    await tool.close();
  });
});

async function zero(path: string, at: number, length: number): Promise<void> {
  const bytes = await readFile(path);
  bytes.fill(0, at, at + length);
  await writeFile(path, bytes);
}
