import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { clientsProgram } from '../../../../main/clients/commands.ts';
import type { WithDirectory } from '../../../../main/clients/with-directory.ts';
import { openEmbeddedDirectory } from '../../../../directory/embedded.ts';
import { openStore } from '../../../../message-log/embedded/store.ts';
import { UsageError } from '../../../../runtime/command-line.ts';
import { runCommand } from '../../../support/command.ts';
import { MemoryDirectory } from '../../../support/memory-directory.ts';
import { openTemporaryStore } from '../../../support/temporary-store.ts';

let folder: string;
let directory: MemoryDirectory;
let output: string;
let errors: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-commands-'));
  directory = new MemoryDirectory();
  output = '';
  errors = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    output += text;
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    errors += text;
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const withDirectory: WithDirectory = (work) => work(directory);
const clients = (name: string, args: readonly string[], within = withDirectory) => runCommand(clientsProgram(within), name, args);

describe('clients generate', () => {
  it('brings clients into the directory', async () => {
    expect(await clients('generate', ['120'])).toBe(0);
    expect(directory.clients.size).toBe(120);
    expect(output).toMatch(/^120 clients imported in .* The directory holds 120 clients\.\n$/);
  });

  it('writes ten files with a header row each, which import reads back as the same people', async () => {
    const out = join(folder, 'out');
    expect(await clients('generate', ['25', '--seed', '7', '--out', out])).toBe(0);
    expect(directory.clients.size).toBe(0);
    const names = await readdir(out);
    expect(names).toEqual([...'abcdefghij'].map((letter) => `xa${letter}`));
    for (const name of names) expect(await readFile(join(out, name), 'utf8')).toMatch(/^id,name,surname,.*,username\n(.*\n){2,3}$/);
    expect(
      await clients(
        'import',
        names.map((name) => join(out, name)),
      ),
    ).toBe(0);
    const fromFiles = [...directory.clients.values()];
    directory.clients.clear();
    await clients('generate', ['25', '--seed', '7']);
    expect(fromFiles).toEqual([...directory.clients.values()]);
  });

  it('leaves out where one of them lives, in the directory and in files, when asked to', async () => {
    await clients('generate', ['9', '--placeless', '7', '--out', folder, '--import']);
    const placeless = [...directory.clients.values()].filter(({ geohash }) => geohash === '');
    expect(placeless.map(({ id, latitude, longitude, region }) => ({ id, latitude, longitude, region }))).toEqual([
      { id: 7, latitude: Number.NaN, longitude: Number.NaN, region: '' },
    ]);
    const rows = (await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')))).join('');
    expect(rows).toMatch(/^7,.*,,,[^,]*@example/m);
    expect(rows).not.toContain('NaN');
  });

  it('never writes over a file', async () => {
    await writeFile(join(folder, 'xaa'), 'mine');
    await expect(clients('generate', ['5', '--out', folder])).rejects.toThrow(/name another folder with --out/);
    expect(await readFile(join(folder, 'xaa'), 'utf8')).toBe('mine');
  });

  it.each([[[]], [['many']], [['0']], [['5', '6']], [['5', '--sed', '1']], [['5', '--seed', '-1']]])(
    'says what is wrong with %j',
    async (args) => {
      await expect(clients('generate', args)).rejects.toBeInstanceOf(UsageError);
    },
  );
});

describe('clients import', () => {
  it('shows the first twenty bad rows, writes all to a file, and ends with 1', async () => {
    const file = join(folder, 'xaa');
    const rejects = join(folder, 'rejects.txt');
    await clients('generate', ['3', '--out', join(folder, 'out')]);
    const good = await readFile(join(folder, 'out', 'xaj'), 'utf8');
    await writeFile(file, good + 'bad\n'.repeat(30));
    expect(await clients('import', [file, '--rejects', rejects])).toBe(1);
    expect(directory.clients.size).toBe(1);
    expect(errors.match(/has 1 columns instead of 19/g)).toHaveLength(20);
    expect(errors).toContain('… and 10 more, all in');
    const lines = (await readFile(rejects, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(30);
    expect(lines[29]).toBe(`${file}:32: left out: id is not a whole number from 0 to 2147483647; has 1 columns instead of 19`);
  });

  it('finds a misspelt name before anything is written', async () => {
    await clients('generate', ['3', '--out', folder]);
    const files = [join(folder, 'xaj'), join(folder, 'nosuch')];
    await expect(clients('import', files)).rejects.toThrow(/nosuch cannot be read: .*ENOENT.*Nothing was imported/);
    await expect(clients('import', [folder])).rejects.toThrow(/is not a file/);
    expect(directory.clients.size).toBe(0);
  });

  it('asks which files', async () => {
    await expect(clients('import', [])).rejects.toThrow('FILE… is missing');
  });
});

describe('clients count and show', () => {
  it('say how many there are, and all of one', async () => {
    await clients('generate', ['12']);
    output = '';
    expect(await clients('count', [])).toBe(0);
    expect(output).toBe('12\n');
    expect(await clients('show', ['12'])).toBe(0);
    expect(output).toMatch(/^emailaddress +\S+@example\.(com|org)$/m);
    expect(output).toMatch(/^region +\w+$/m);
    expect(await clients('show', ['13'])).toBe(1);
    expect(errors).toContain('there is no client with id 13');
  });
});

describe('the directory beside a running server', () => {
  it('takes clients in from another opening of the store, and the server sees them', async () => {
    const { store, dataDir, close } = await openTemporaryStore();
    const server = openEmbeddedDirectory(store, { found: () => undefined });
    const tool = await openStore(dataDir, { owner: false });
    const beside: WithDirectory = (work) => work(openEmbeddedDirectory(tool, { found: () => undefined }));
    expect(await clients('generate', ['300'], beside)).toBe(0);
    await tool.close();
    // The server may still see what it has read in this turn of the event loop, since its own timer may have read just before.
    await expect.poll(() => server.size()).toBe(300);
    expect(await server.find(300)).toMatchObject({ id: 300 });
    await close();
  });
});
