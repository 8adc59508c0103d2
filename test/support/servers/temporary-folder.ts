/** A folder for all temporary files of a run, removed after it with whatever was left: servers that test files share end with the tests' processes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string;

export async function setup(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-servers-'));
  process.env.TMPDIR = folder;
}

export async function teardown(): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
}
