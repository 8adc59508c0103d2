/** A store that was copied and built anew goes on behind all offsets that the original may have used since, each time. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copyStore } from '../../../message-log/embedded/copy.ts';
import { openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { rebuildStore } from '../../../message-log/embedded/repair.ts';
import { openStore } from '../../../message-log/embedded/store.ts';
import { oneRecord } from '../../../message-log/one-record.ts';
import type { MessageLog } from '../../../message-log/port.ts';
import { quietLogOptions } from '../../support/quiet-log.ts';

const NO_PACE = { next: async () => undefined };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-copy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function withLog<T>(name: string, work: (log: MessageLog) => Promise<T>): Promise<T> {
  const store = await openStore(join(folder, name));
  const log = await openEmbeddedLog(store, quietLogOptions());
  try {
    return await work(log);
  } finally {
    await log.close();
    await store.close();
  }
}

async function restored(from: string, to: string): Promise<void> {
  const copy = join(folder, `copy-of-${from}`);
  await mkdir(copy, { recursive: true });
  await copyStore(join(folder, from), copy, NO_PACE, () => undefined);
  expect(await rebuildStore(copy, join(folder, to, 'store'))).toEqual([]);
}

const append = (log: MessageLog): Promise<{ readonly offset: number }> => log.append('ENTRY', oneRecord(1, '{"id":1}'), 1_000);

it('tells readers that had not read everything of no gap either, but for records that are really gone', async () => {
  await withLog('first', async (log) => {
    await append(log);
    const readers = await log.subscribe('archiver', ['ENTRY']);
    await readers.commit('ENTRY', 0, 1);
    await append(log);
  });
  await restored('first', 'second');
  const inSecond = await withLog('second', append);
  await restored('second', 'third');
  const inThird = await withLog('third', append);
  const polled = async (log: MessageLog) => {
    const gaps: (readonly [from: number, to: number])[] = [];
    const readers = await log.subscribe('archiver', ['ENTRY']);
    readers.onGap = (_topic, _partition, from, to) => void gaps.push([from, to]);
    return [(await readers.poll(0)).map((batch) => batch.offset(0)), gaps];
  };
  expect(await withLog('third', polled)).toEqual([[1, inSecond.offset, inThird.offset], []]);
  const store = await openStore(join(folder, 'third'));
  const frames = store.root.openDB<Buffer, number>({ name: 'log/ENTRY/0', encoding: 'binary' });
  await store.write(() => void [1, inSecond.offset].map((base) => frames.remove(base)));
  await store.close();
  expect(await withLog('third', polled)).toEqual([
    [inThird.offset],
    [
      [1, 2],
      [inSecond.offset, inSecond.offset + 1],
    ],
  ]);
});

it('never uses an offset again, and tells readers that had read everything of no gap', async () => {
  const last = await withLog('first', async (log) => {
    await append(log);
    const { offset } = await append(log);
    const readers = await log.subscribe('mailer', ['ENTRY']);
    await readers.commit('ENTRY', 0, offset + 1);
    return offset;
  });
  await restored('first', 'second');
  // Restored once more, without a record in between; and the one that was lost goes on.
  await restored('second', 'third');
  const [inSecond, inThird] = [await withLog('second', append), await withLog('third', append)];
  expect(inSecond.offset).toBeGreaterThan(last + 1_000);
  expect(inThird.offset).toBeGreaterThan(inSecond.offset + 1_000);
  const gaps: number[] = [];
  const read = await withLog('third', async (log) => {
    const readers = await log.subscribe('mailer', ['ENTRY']);
    readers.onGap = (_topic, _partition, from) => void gaps.push(from);
    return (await readers.poll(0)).map((batch) => batch.offset(0));
  });
  expect([read, gaps]).toEqual([[inThird.offset], []]);
});
