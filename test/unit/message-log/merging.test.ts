import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedLog, openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { openStore, type Store } from '../../../message-log/embedded/store.ts';
import type { Reader } from '../../../message-log/port.ts';
import { Health } from '../../../runtime/health.ts';

const VALUE = 'x'.repeat(1_500);
const COUNT = 300;

describe('merging of small frames', () => {
  let dataDir: string;
  let store: Store;
  let log: EmbeddedLog;
  let now = 0;
  const open = async (): Promise<void> => {
    store = await openStore(dataDir);
    log = await openEmbeddedLog(store, {
      partitions: 1,
      retentionMs: 86_400_000,
      retentionBytes: 1024 ** 3,
      clock: () => now,
      logger: pino({ level: 'silent' }),
      registry: new Registry(),
      health: new Health(),
    });
  };
  const close = async (): Promise<void> => {
    await log.close();
    await store.close();
  };
  const append = (key: number, value = `${key}${VALUE}`): Promise<unknown> =>
    log.append('ENTRY', { length: 1, bytes: Buffer.from(value), keys: [key], starts: [0], ends: [value.length] }, 1_000 + key);
  const frames = (): number[] => [...store.root.openDB<Buffer, number>({ name: 'log/ENTRY/0', encoding: 'binary' }).getKeys()];
  const read = async (reader: Reader): Promise<[offset: number, key: number, at: number, value: string][]> => {
    const seen: [number, number, number, string][] = [];
    for (let batches = await reader.poll(0); batches.length > 0; batches = await reader.poll(0))
      for (const batch of batches)
        for (let i = 0; i < batch.length; i += 1)
          seen.push([batch.offset(i), batch.key(i), batch.time(i), batch.bytes.toString('latin1', batch.start(i), batch.end(i))]);
    return seen;
  };
  beforeEach(async () => {
    now = 0;
    dataDir = await mkdtemp(join(tmpdir(), 'tocsin-merging-'));
    await open();
  });
  afterEach(async () => {
    await close();
    await rm(dataDir, { recursive: true, force: true });
  });

  // Every append waits for the disk.
  it('changes nothing for readers, wherever they stand, nor after a restart', { timeout: 30_000 }, async () => {
    for (let key = 0; key < COUNT; key += 1) await append(key);
    const expected = Array.from({ length: COUNT }, (_, i) => [i, i, 1_000 + i, `${i}${VALUE}`]);
    const midway = await log.reader('ENTRY', 0, 75);
    await log.sweep();
    expect(frames()).toEqual([0, 127]);
    expect(await read(midway)).toEqual(expected.slice(75));
    expect(await read(await log.reader('ENTRY', 0, 'earliest'))).toEqual(expected);
    await close();
    await open();
    expect(await read(await log.reader('ENTRY', 0, 40))).toEqual(expected.slice(40));
    await append(COUNT);
    expect(await log.bounds('ENTRY', 0)).toEqual({ earliest: 0, next: COUNT + 1 });
  });

  it('waits until enough has gathered, and leaves large frames alone', async () => {
    for (let key = 0; key < 5; key += 1) await append(key);
    await log.sweep();
    expect(frames()).toEqual([]);
    await append(5, 'y'.repeat(10_000));
    await append(6);
    await log.sweep();
    expect(frames()).toEqual([0, 5]);
    expect((await read(await log.reader('ENTRY', 0, 'earliest'))).map(([offset]) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('moves what has waited long as it is, so that retention can have each record in its time', async () => {
    for (let key = 0; key < 3; key += 1) await append(key);
    now = 3_600_000;
    await log.append('ENTRY', { length: 1, bytes: Buffer.from('new'), keys: [3], starts: [0], ends: [3] }, now);
    await log.sweep();
    expect(frames()).toEqual([0, 1, 2]);
    now = 86_400_000 + 1_002;
    await log.sweep();
    expect(frames()).toEqual([2, 3]);
    expect(await log.bounds('ENTRY', 0)).toEqual({ earliest: 2, next: 4 });
  });

  it('passes over a frame that is damaged, and merges what is before and after it', async () => {
    const journal = store.root.openDB<Buffer, number>({ name: 'journal/ENTRY/0', encoding: 'binary' });
    for (let key = 0; key < COUNT; key += 1) {
      // Before so many are there that they are merged by themselves.
      if (key === 110) await store.write(() => void journal.put(101, Buffer.from('nonsense')));
      await append(key);
    }
    await log.sweep();
    expect(frames()).toEqual([0, 101, 127]);
    const reader = await log.reader('ENTRY', 0, 'earliest');
    const gaps: [number, number][] = [];
    reader.onGap = (from, to) => gaps.push([from, to]);
    expect((await read(reader)).map(([offset]) => offset)).toEqual(Array.from({ length: COUNT }, (_, i) => i).filter((i) => i !== 100));
    expect(gaps).toEqual([[100, 101]]);
  });
});
