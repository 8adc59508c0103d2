/** A data folder as a fixture: each of its files compressed, and in remains.json what is known about it. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Remains } from './life.ts';

const REMAINS = 'remains.json';
/** Not `data`, which git ignores. */
const DATA = 'folder';
/** Belongs to the process that held the folder. */
const LEFT_OUT = /(^|\/)(lock\.mdb|tocsin-\d+-.*)$/;

export async function pack(dataDir: string, remains: Remains, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  for (const file of await filesIn(dataDir))
    await write(join(to, DATA, `${file}.gz`), gzipSync(await readFile(join(dataDir, file)), { level: 9 }));
  await write(join(to, REMAINS), `${JSON.stringify(remains, undefined, 2)}\n`);
}

export async function unpack(from: string, dataDir: string): Promise<Remains> {
  const data = join(from, DATA);
  for (const file of await filesIn(data))
    await write(join(dataDir, file.replace(/\.gz$/, '')), gunzipSync(await readFile(join(data, file))));
  return JSON.parse(await readFile(join(from, REMAINS), 'utf8')) as Remains;
}

export async function packJson(file: string, value: object): Promise<void> {
  await write(file, gzipSync(JSON.stringify(value), { level: 9 }));
}

export async function unpackJson(file: string): Promise<unknown> {
  return JSON.parse(gunzipSync(await readFile(file)).toString());
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  return files.filter((file) => !LEFT_OUT.test(file)).toSorted();
}

async function write(path: string, bytes: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, bytes, { mode: 0o600 });
}
