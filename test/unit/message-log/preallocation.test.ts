import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../message-log/embedded/store.ts';
import { openTemporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';

const MIB = 1024 ** 2;

describe('a store that grows', () => {
  let temporary: TemporaryStore;
  beforeEach(async () => {
    temporary = await openTemporaryStore();
  });
  afterEach(() => temporary.close());

  const sizes = async (): Promise<{ readonly file: number; readonly used: number }> => {
    const { lastPageNumber, pageSize } = temporary.store.root.getStats() as { lastPageNumber: number; pageSize: number };
    const { size } = await stat(join(temporary.dataDir, 'store', 'data.mdb'));
    return { file: size, used: (lastPageNumber + 1) * pageSize };
  };

  it('has zeros ahead of its end, and reads back everything that was written', async () => {
    const db = temporary.store.root.openDB<Buffer, number>({ name: 'alarms', encoding: 'binary' });
    let count = 0;
    await expect
      .poll(
        async () => {
          const key = count;
          await temporary.store.write(() => void db.put(key, Buffer.alloc(128 * 1024, key)), 128 * 1024);
          count += 1;
          const { file, used } = await sizes();
          return file - used;
        },
        { timeout: 10_000, interval: 1 },
      )
      .toBeGreaterThan(MIB);
    for (const end = count + 50; count < end; count += 1) {
      const key = count;
      await temporary.store.write(() => void db.put(key, Buffer.alloc(128 * 1024, key)), 128 * 1024);
    }
    await temporary.store.close();
    const again = await openStore(temporary.dataDir);
    const read = again.root.openDB<Buffer, number>({ name: 'alarms', encoding: 'binary' });
    for (let key = 0; key < count; key += 1) expect(read.get(key)?.equals(Buffer.alloc(128 * 1024, key))).toBe(true);
    await again.close();
  });

  it('is left alone once it no longer grows', async () => {
    await sleep(300);
    const before = await sizes();
    await sleep(300);
    expect(await sizes()).toEqual(before);
    expect(before.file - before.used).toBeLessThan(MIB);
  });
});
