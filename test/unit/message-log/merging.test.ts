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

const VALUE = 'x'.repeat(3_000);

describe('merging of small frames', () => {
  let dataDir: string;
  let store: Store;
  let log: EmbeddedLog;
  const open = async (): Promise<void> => {
    store = await openStore(dataDir);
    log = await openEmbeddedLog(store, {
      partitions: 1,
      retentionMs: 86_400_000,
      retentionBytes: 1024 ** 3,
      clock: () => 0,
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
    dataDir = await mkdtemp(join(tmpdir(), 'tocsin-merging-'));
    await open();
  });
  afterEach(async () => {
    await close();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('changes nothing for readers, wherever they stand, nor after a restart', async () => {
    for (let key = 0; key < 320; key += 1) await append(key);
    const expected = Array.from({ length: 320 }, (_, i) => [i, i, 1_000 + i, `${i}${VALUE}`]);
    const midway = await log.reader('ENTRY', 0, 75);
    await log.sweep();
    expect(frames()).toEqual([0]);
    expect(await read(midway)).toEqual(expected.slice(75));
    expect(await read(await log.reader('ENTRY', 0, 'earliest'))).toEqual(expected);
    await close();
    await open();
    expect(await read(await log.reader('ENTRY', 0, 40))).toEqual(expected.slice(40));
    await append(320);
    expect(await log.bounds('ENTRY', 0)).toEqual({ earliest: 0, next: 321 });
  });

  it('waits until enough has gathered, and leaves large frames alone', async () => {
    for (let key = 0; key < 5; key += 1) await append(key);
    await log.sweep();
    expect(frames()).toEqual([0, 1, 2, 3, 4]);
    await append(5, 'y'.repeat(10_000));
    await append(6);
    await log.sweep();
    expect(frames()).toEqual([0, 5, 6]);
    expect((await read(await log.reader('ENTRY', 0, 'earliest'))).map(([offset]) => offset)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
