import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BUILT_IN_TYPES } from '../../../../alarm/alarm-type.ts';
import { rolesOf } from '../../../../main/roles.ts';
import { loadSettingsFile } from '../../../../main/settings-file/load.ts';
import { defaultsOf, type Part } from '../../../../main/settings-file/part.ts';
import { PARTS } from '../../../../main/settings-file/parts.ts';
import { printParts } from '../../../../main/settings-file/print.ts';
import { readParts } from '../../../../main/settings-file/read.ts';
import { ConfigurationError } from '../../../../runtime/configuration.ts';

const root = mkdtempSync(join(tmpdir(), 'tocsin-settings-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function folderWith(files: Readonly<Record<string, string | Buffer>>): string {
  folders += 1;
  const folder = join(root, String(folders));
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

async function problemsOf(loading: Promise<unknown>): Promise<readonly string[]> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ConfigurationError) return error.problems.map((problem) => problem.replaceAll(/\S*tocsin-settings-\w+\/\d+\//g, ''));
  throw new Error('it was loaded', { cause: error });
}

const ALL = rolesOf([]);
const problemsWith = (content: string | Buffer) => problemsOf(loadSettingsFile(undefined, ALL, folderWith({ 'tocsin.yaml': content })));

describe('loading the settings file', () => {
  it('does without one', async () => {
    expect(await loadSettingsFile(undefined, ALL, folderWith({}))).toEqual({ path: undefined, settings: { types: BUILT_IN_TYPES } });
  });

  it('takes tocsin.yaml where it is there, and the one that is named instead', async () => {
    const folder = folderWith({ 'tocsin.yaml': 'types: { motion: off }', 'other.yaml': '\uFEFFtypes: { smoke: { hits: 2 } }\r\n' });
    const own = await loadSettingsFile(undefined, ALL, folder);
    expect(own).toMatchObject({ path: join(folder, 'tocsin.yaml'), settings: { types: [{ name: 'smoke' }, { name: 'temperature' }] } });
    const other = await loadSettingsFile(join(folder, 'other.yaml'), ALL, folder);
    expect(other.settings.types).toMatchObject([{ name: 'motion' }, { name: 'smoke', hits: 2 }, { name: 'temperature' }]);
  });

  it('never does without one that was named, or that cannot be read', async () => {
    const folder = folderWith({});
    expect(await problemsOf(loadSettingsFile(join(folder, 'none.yaml'), ALL, folder))).toEqual([
      'none.yaml: there is no such file (TOCSIN_SETTINGS)',
    ]);
    expect(await problemsOf(loadSettingsFile(folder, ALL, folder))).toEqual([expect.stringContaining(': is not a file (TOCSIN_SETTINGS)')]);
    expect(await problemsOf(loadSettingsFile('/dev/zero', ALL, folder))).toEqual(['/dev/zero: is not a file (TOCSIN_SETTINGS)']);
    symlinkSync('nowhere', join(folder, 'tocsin.yaml'));
    expect(await problemsOf(loadSettingsFile(undefined, ALL, folder))).toEqual(['tocsin.yaml: there is no such file']);
  });

  it.each(['tocsin.yml', 'tocsin.yaml.txt'])('overlooks no %s', async (name) => {
    expect(await problemsOf(loadSettingsFile(undefined, ALL, folderWith({ [name]: 'types: {}' })))).toEqual([
      `${name}: is not read; call it tocsin.yaml, or set TOCSIN_SETTINGS to it`,
    ]);
  });

  it('refuses what is no text in UTF-8, and says where', async () => {
    expect(await problemsWith(Buffer.from('types: {}\n# M\xfcnchen\n', 'latin1'))).toEqual([
      'tocsin.yaml:2: is not UTF-8; save it as UTF-8',
    ]);
    expect(await problemsWith(Buffer.from('\uFEFFtypes: {}', 'utf16le'))).toEqual(['tocsin.yaml: is UTF-16; save it as UTF-8']);
    expect(await problemsWith(Buffer.from([0xff]))).toEqual(['tocsin.yaml:1: is not UTF-8; save it as UTF-8']);
    expect(await problemsWith(`# ${'x'.repeat(1024 ** 2)}`)).toEqual(['tocsin.yaml: is larger than 1 MiB']);
  });

  it('takes an empty file for one that was not written to its end', async () => {
    for (const content of ['', '\n \n']) expect(await problemsWith(content)).toEqual([expect.stringContaining('tocsin.yaml: is empty')]);
    expect(await problemsWith(Buffer.alloc(4_096))).toHaveLength(1);
  });

  it('says of each problem where it stands, and how many more there are', async () => {
    expect(await problemsWith('types:\n  smoke: { hits: x }\n')).toEqual([
      'tocsin.yaml:2:12: types.smoke.hits: must be a number, without quotes',
    ]);
    const many = await problemsWith(`types:\n${Array.from({ length: 1_000 }, (_, i) => `  t${i}: {}\n`).join('')}`);
    expect(many).toHaveLength(21);
    expect(many.at(-1)).toBe('tocsin.yaml: and 980 more');
  });
});

describe('a part of the settings file', () => {
  const names: Part<string> = {
    help: 'Names.',
    default: 'nobody',
    neededBy: ['mailer'],
    read: (value, report) => {
      if (typeof value === 'string') return value;
      report([0], 'must be a name');
      return 'nobody';
    },
    summary: (value) => value,
    write: (value) => value,
  };
  const parts = { ...PARTS, names };

  it('stops only who needs it', () => {
    const { values, problems } = readParts(parts, 'names: [3]\ntypes: { motion: off }\n');
    expect(problems).toEqual([{ line: 1, column: 9, problem: 'names.0: must be a name', stops: ['mailer'] }]);
    expect(values.types).toHaveLength(2);
  });

  it('is there with its default where the file does not have it', () => {
    expect(readParts(parts, 'types: {}')).toEqual({ values: defaultsOf(parts), problems: [] });
    expect(readParts(parts, printParts(parts, { ...defaultsOf(parts), names: 'all' })).values.names).toBe('all');
  });

  it('stops everybody where nobody can tell which part was meant', () => {
    expect(readParts(parts, 'name: x').problems).toEqual([
      { line: 1, column: 1, problem: 'name: is not a part of the settings; did you mean names?', stops: 'every role' },
    ]);
  });
});

describe('tocsin.example.yaml', () => {
  it('is what is printed where there is no settings file', () => {
    expect(readFileSync('tocsin.example.yaml', 'utf8')).toBe(printParts(PARTS, defaultsOf(PARTS)));
  });
});
