import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect } from 'vitest';
import { type EmbeddedLog, openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { openStore, type Store } from '../../message-log/embedded/store.ts';
import { Health } from '../../runtime/health.ts';
import { type LogFixture, messageLogContract } from './message-log.ts';

const DAY_MS = 86_400_000;

messageLogContract('embedded', async (partitions): Promise<LogFixture> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'tocsin-log-'));
  let now = Date.now();
  let store: Store;
  let log: EmbeddedLog;
  const open = async (): Promise<void> => {
    store = await openStore(dataDir);
    log = await openEmbeddedLog(store, {
      partitions,
      retentionMs: DAY_MS,
      retentionBytes: 1024 ** 3,
      clock: () => now,
      removalClock: () => now,
      logger: pino({ level: 'silent' }),
      registry: new Registry(),
      health: new Health(),
    });
    await expect.poll(() => store.journal?.fits(1), { interval: 1 }).toBe(true);
  };
  const close = async (): Promise<void> => {
    await log.close();
    await store.close();
  };
  await open();
  return {
    get log() {
      return log;
    },
    reopen: async () => {
      await close();
      await open();
    },
    expire: async () => {
      now += 2 * DAY_MS;
      await log.sweep();
    },
    close: async () => {
      await close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
});
