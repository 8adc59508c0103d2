import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript
import { keptBundle, makeBundle } from '../../../runtime/bundle.mjs';

let root: string;
let program: string;
const write = (path: string, text: string): void => writeFileSync(join(root, path), text);
const output = async (path: string): Promise<string> =>
  (await promisify(execFile)(process.execPath, [path], { timeout: 20_000, killSignal: 'SIGKILL' })).stdout;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tocsin-bundle-'));
  program = join(root, 'program.ts');
  mkdirSync(join(root, 'words'));
  write('words/greeting.txt', 'good day');
  write(
    'words/word.ts',
    "import { readFileSync } from 'node:fs';\nexport const word: string = readFileSync(new URL('greeting.txt', import.meta.url), 'utf8');\n",
  );
  write('program.ts', "const { word } = await import('./words/word.ts');\nconsole.log(word satisfies string);\n");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the bundle of a program', () => {
  it('runs as the sources do, files beside them included', async () => {
    expect(await output(await makeBundle(root, program))).toBe('good day\n');
  });

  it('has the addresses of its sources, however they ask for them', async () => {
    write('words/word.ts', "export const word = [import.meta.dirname, import.meta.filename, import.meta.url].join(' ');\n");
    const folder = join(root, 'words');
    expect(await output(await makeBundle(root, program))).toBe(`${folder} ${folder}/word.ts file://${folder}/word.ts\n`);
  });

  it('is kept until a source changes, however deep, and is the same again when that is undone', async () => {
    expect(keptBundle(root, program)).toBeUndefined();
    const first = await makeBundle(root, program);
    expect(keptBundle(root, program)).toBe(first);
    write('words/word.ts', "export const word = 'good night';\n");
    expect(keptBundle(root, program)).toBeUndefined();
    const second = await makeBundle(root, program);
    expect(second).not.toBe(first);
    expect(await output(second)).toBe('good night\n');
    expect(await output(first)).toBe('good day\n');
  });

  it('can be used by another user than the one who made it, and changed by nobody else', async () => {
    const entry = await makeBundle(root, program);
    for (const path of [entry, dirname(entry)])
      expect(statSync(path).mode & 0o077).toBe((statSync(program).mode | (path === entry ? 0 : 0o111)) & 0o077);
  });

  it('is made by several at once without harm', async () => {
    const made = await Promise.all(Array.from({ length: 4 }, () => makeBundle(root, program)));
    expect(new Set(made).size).toBe(1);
    expect(keptBundle(root, program)).toBe(made[0]);
  });

  it('cannot be made where sources are wrong, and what was kept before is not taken for it', async () => {
    await makeBundle(root, program);
    write('words/word.ts', 'export const word = ;\n');
    await expect(makeBundle(root, program)).rejects.toThrow();
    expect(keptBundle(root, program)).toBeUndefined();
  });

  it('is not taken from a manifest that makes no sense', async () => {
    await makeBundle(root, program);
    write('node_modules/.cache/tocsin/program.ts.json', '{"key":');
    expect(keptBundle(root, program)).toBeUndefined();
  });
});
