import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedLog, openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { openStore } from '../../message-log/embedded/store.ts';
import { systemClock } from '../../runtime/clock.ts';
import { Health } from '../../runtime/health.ts';
import { oneRecord } from '../../message-log/one-record.ts';
import { quietLogOptions } from '../support/quiet-log.ts';

/** Too little for commits, but enough for the contents of a journal. */
const LEFT_BYTES = 12 * 1024 ** 2;

/** Mounting a small file system requires root on Linux. */
const canMount = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(!canMount)('the embedded log on a full disk (needs root on Linux, to mount a small tmpfs)', () => {
  let disk: string;
  beforeAll(async () => {
    disk = await mkdtemp(join(tmpdir(), 'tocsin-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]);
  });
  afterAll(async () => {
    execFileSync('umount', [disk]);
    await rm(disk, { recursive: true, force: true });
  });

  it('rejects with disk-full, loses nothing it acknowledged, and continues by itself once there is room', async () => {
    const ballast = join(disk, 'ballast');
    await writeFile(ballast, Buffer.alloc(20 * 1024 ** 2));
    const health = new Health();
    const store = await openStore(join(disk, 'data'));
    const log = await openEmbeddedLog(store, {
      partitions: 1,
      retentionMs: 86_400_000,
      retentionBytes: 1024 ** 3,
      clock: systemClock,
      removalClock: systemClock,
      logger: pino({ level: 'silent' }),
      registry: new Registry(),
      health,
    });
    const acknowledged = new Set<number>();
    const codes = new Set<unknown>();
    let next = 0;
    const append = async (): Promise<void> => {
      const number = next;
      next += 1;
      await log.append('ENTRY', oneRecord(number, `${number}`.padEnd(2_000)), systemClock()).then(
        () => acknowledged.add(number),
        (error: unknown) => codes.add((error as { code?: unknown }).code),
      );
    };
    while (codes.size === 0 && next < 50_000) await Promise.all(Array.from({ length: 8 }, append));
    expect([...codes]).toEqual(['disk-full']);
    expect(health.problems()).toMatchObject({ log: expect.stringContaining('full') });

    await expect(
      log.append('ENTRY', { length: 0, bytes: Buffer.alloc(0), keys: [], starts: [], ends: [] }, systemClock()),
    ).rejects.toMatchObject({ code: 'disk-full' });

    await rm(ballast);
    await expect.poll(() => health.ready, { timeout: 5_000 }).toBe(true);
    await append();
    expect(acknowledged.has(next - 1)).toBe(true);

    const found = await numbersIn(log);
    expect([...acknowledged].filter((number) => !found.has(number))).toEqual([]);
    await log.close();
    await store.close();
    await rm(join(disk, 'data'), { recursive: true });
  });

  it('starts again after a kill, however full the disk has become, and has everything that was acknowledged', async () => {
    const dataDir = join(disk, 'killed');
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/support/log-writer.ts', dataDir, '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged = new Set<number>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      const number = line.split(' ')[1];
      if (number !== undefined) acknowledged.add(Number(number));
      if (acknowledged.size === 2_000) child.kill('SIGKILL');
    });
    await once(child, 'close');
    const { bavail, bsize } = await statfs(disk);
    await writeFile(join(disk, 'ballast'), Buffer.alloc(bavail * bsize - LEFT_BYTES));

    const health = new Health();
    const store = await openStore(dataDir);
    const log = await openEmbeddedLog(store, { ...quietLogOptions(), health });
    const found = await numbersIn(log);
    expect([...acknowledged].filter((number) => !found.has(number))).toEqual([]);
    const bytes = Buffer.from('more');
    await expect(log.append('ENTRY', oneRecord(1, bytes), systemClock())).rejects.toMatchObject({ code: 'disk-full' });
    await log.close();
    await store.close();
  });
});

async function numbersIn(log: EmbeddedLog): Promise<Set<number>> {
  const reader = await log.reader('ENTRY', 0, 'earliest');
  const found = new Set<number>();
  for (let batches = await reader.poll(0); batches.length > 0; batches = await reader.poll(0))
    for (const batch of batches) for (let i = 0; i < batch.length; i += 1) found.add(batch.key(i));
  return found;
}
