import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, type Store } from '../../message-log/embedded/store.ts';

/** An embedded store in a folder of its own, which is removed with it. */
export interface TemporaryStore {
  readonly store: Store;
  readonly dataDir: string;
  close(): Promise<void>;
}

export async function openTemporaryStore(): Promise<TemporaryStore> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tocsin-store-'));
  const store = await openStore(dataDir);
  return {
    store,
    dataDir,
    close: async () => {
      await store.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
