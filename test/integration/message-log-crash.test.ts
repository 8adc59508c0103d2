import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { openStore } from '../../message-log/embedded/store.ts';
import { quietLogOptions } from '../support/quiet-log.ts';

const ROUNDS = 10;

describe('the embedded log', () => {
  let dataDir: string;
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tocsin-crash-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Resolves once the writer owns the folder; `acknowledged` fills up, offset to number. */
  async function startWriter(first: number): Promise<{ child: ChildProcess; acknowledged: Map<number, number> }> {
    const child = spawn(process.execPath, ['--import', 'tsx', 'test/support/log-writer.ts', dataDir, String(first)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const acknowledged = new Map<number, number>();
    const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
    lines.on('line', (line) => {
      const [offset, number] = line.split(' ').map(Number);
      if (number !== undefined) acknowledged.set(offset as number, number);
    });
    await once(lines, 'line');
    return { child, acknowledged };
  }

  async function readAll(): Promise<Map<number, number>> {
    const store = await openStore(dataDir);
    const log = await openEmbeddedLog(store, quietLogOptions());
    const reader = await log.reader('ENTRY', 0, 'earliest');
    const found = new Map<number, number>();
    for (let batches = await reader.poll(0); batches.length > 0; batches = await reader.poll(0))
      for (const batch of batches)
        for (let i = 0; i < batch.length; i += 1) {
          const value = batch.bytes.toString('latin1', batch.start(i), batch.end(i));
          expect(Number(value)).toBe(batch.key(i));
          found.set(batch.offset(i), Number(value));
        }
    await log.close();
    await store.close();
    return found;
  }

  it(`holds every acknowledged record after each of ${ROUNDS} kills in mid-load, once each`, async () => {
    const all = new Map<number, number>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const { child, acknowledged } = await startWriter(round * 1_000_000);
      // A busy machine may take longer than that for the first.
      await expect.poll(() => acknowledged.size, { interval: 5, timeout: 10_000 }).toBeGreaterThan(0);
      await sleep(50 + Math.random() * 250);
      child.kill('SIGKILL');
      await once(child, 'close');
      for (const [offset, number] of acknowledged) all.set(offset, number);
      const found = await readAll();
      for (const [offset, number] of all) expect(found.get(offset)).toBe(number);
      expect(new Set(found.values()).size).toBe(found.size);
    }
  });

  it('belongs to one process, even while that is stopped, and to the next one as soon as the first is killed', async () => {
    const { child } = await startWriter(0);
    child.kill('SIGSTOP');
    await expect(openStore(dataDir)).rejects.toMatchObject({
      code: 'data-dir-in-use',
      // One that is stopped can't say who it is.
      message: expect.stringContaining('another Tocsin is using'),
    });
    child.kill('SIGKILL');
    await once(child, 'close');
    await (await openStore(dataDir)).close();
  });
});
