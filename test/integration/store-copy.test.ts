/** A copy that is taken while a store is written holds everything acknowledged before, and is what one moment has left. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copyStore } from '../../message-log/embedded/copy.ts';
import { contentsOf } from '../../message-log/embedded/examine.ts';
import { openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { rebuildStore } from '../../message-log/embedded/repair.ts';
import { openStore } from '../../message-log/embedded/store.ts';
import { quietLogOptions } from '../support/quiet-log.ts';

const CUTS = 15;
const NO_PACE = { next: async () => undefined };

let folder: string;
let writer: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-copy-'));
});
afterEach(async () => {
  writer?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Resolves once it writes; `newest` is the last number that it has acknowledged. */
async function startWriter(dataDir: string): Promise<{ newest: () => number }> {
  writer = spawn(process.execPath, ['--import', 'tsx', 'test/support/store-writer.ts', dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let newest = -1;
  const lines = createInterface({ input: writer.stdout as NonNullable<typeof writer.stdout> });
  lines.on('line', (line) => {
    if (line !== 'ready') newest = Number(line);
  });
  await once(lines, 'line');
  return { newest: () => newest };
}

/** What is in the log and the tree of a copy once it is restored; without an owner of its own it can't be opened beside the original. */
async function restored(copy: string): Promise<Found> {
  const fresh = join(copy, 'restored');
  expect(await rebuildStore(join(copy, 'store'), join(fresh, 'store'))).toEqual([]);
  return await foundIn(fresh);
}

interface Found {
  /** In their order. */
  readonly numbers: readonly number[];
  /** What the tree shows. */
  readonly shown: number;
}

async function foundIn(dataDir: string): Promise<Found> {
  const store = await openStore(dataDir);
  const shown = store.root.openDB<number, string>({ name: 'alarms' }).get('newest') ?? -1;
  const log = await openEmbeddedLog(store, quietLogOptions());
  const reader = await log.reader('ENTRY', 0, 'earliest');
  const gaps: number[] = [];
  reader.onGap = (from) => void gaps.push(from);
  const numbers: number[] = [];
  for (let batches = await reader.poll(0); batches.length > 0; batches = await reader.poll(0))
    for (const batch of batches)
      for (let i = 0; i < batch.length; i += 1) numbers.push(Number(batch.bytes.toString('latin1', batch.start(i), batch.end(i))));
  // Behind the last one offsets go on higher: those between may have been used after the copy was taken.
  expect(gaps.filter((from) => from < numbers.length)).toEqual([]);
  await log.close();
  await store.close();
  return { numbers, shown };
}

it(`holds at ${CUTS} moments all that was acknowledged, with no gap, and shows nothing that it doesn't hold`, async () => {
  const dataDir = join(folder, 'data');
  const { newest } = await startWriter(dataDir);
  for (let cut = 0; cut < CUTS; cut += 1) {
    await sleep(Math.random() * 150);
    const copy = join(folder, `copy-${cut}`);
    await mkdir(join(copy, 'store'), { recursive: true });
    const before = newest();
    // As long as it takes, the store goes on changing.
    await copyStore(dataDir, join(copy, 'store'), cut % 2 === 0 ? NO_PACE : { next: () => sleep(5) }, () => undefined);
    // While a copy is looked at, the store need not grow.
    writer?.kill('SIGSTOP');
    expect(await contentsOf(copy)).toMatchObject({ problems: [] });
    const { numbers, shown } = await restored(copy);
    writer?.kill('SIGCONT');
    expect(numbers).toEqual(numbers.map((_, i) => i));
    expect(numbers.length - 1).toBeGreaterThanOrEqual(before);
    expect(shown).toBeLessThan(numbers.length);
    expect(shown).toBeGreaterThanOrEqual(before);
    await rm(copy, { recursive: true });
  }
});

it('holds what a killed writer has left, and does not hold up the next one', async () => {
  const dataDir = join(folder, 'data');
  const { newest } = await startWriter(dataDir);
  await sleep(400);
  writer?.kill('SIGKILL');
  await once(writer as ChildProcess, 'close');
  const copy = join(folder, 'copy');
  await mkdir(join(copy, 'store'), { recursive: true });
  await copyStore(dataDir, join(copy, 'store'), NO_PACE, () => undefined);
  const { numbers } = await restored(copy);
  expect(numbers.length - 1).toBeGreaterThanOrEqual(newest());
  expect((await foundIn(dataDir)).numbers).toEqual(numbers);
});

it('is whole although the writer is killed, and another one started, while it is taken', async () => {
  const dataDir = join(folder, 'data');
  const { newest } = await startWriter(dataDir);
  await sleep(1_500);
  const copy = join(folder, 'copy');
  await mkdir(join(copy, 'store'), { recursive: true });
  const before = newest();
  let pieces = 0;
  const pace = {
    next: async () => {
      pieces += 1;
      if (pieces !== 1) return;
      writer?.kill('SIGKILL');
      await once(writer as ChildProcess, 'close');
      await startWriter(dataDir);
      await sleep(500);
    },
  };
  await copyStore(dataDir, join(copy, 'store'), pace, () => undefined);
  expect(pieces).toBeGreaterThan(1);
  expect(await contentsOf(copy)).toMatchObject({ problems: [] });
  const { numbers, shown } = await restored(copy);
  expect(numbers).toEqual(numbers.map((_, i) => i));
  expect(numbers.length - 1).toBeGreaterThanOrEqual(before);
  expect(shown).toBeLessThan(numbers.length);
});
