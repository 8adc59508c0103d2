/** The disk of the data folder fills up under load and is freed again: 503 meanwhile, then everything continues by itself, and nothing is lost. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SystemProcess, simulate } from '../support/system.ts';

const DISK = '160m';
const HELD_FULL_MS = 4_000;
const LEFT_BYTES = 8 * 1024 ** 2;
const folder = mkdtempSync(join(tmpdir(), 'tocsin-fire-'));
const disk = join(folder, 'disk');

// Needs root to mount a small disk.
beforeAll(() => {
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk]);
});
afterAll(() => {
  execFileSync('umount', [disk]);
  rmSync(folder, { recursive: true, force: true });
});

it('answers 503 while the disk is full, and has every alarm and mail once it has room again', async () => {
  const system = await SystemProcess.create({ dataDir: join(disk, 'data') });
  try {
    await system.start();
    const args = [
      '--scenario',
      'flapping',
      '--apps',
      '2',
      '--rate',
      '300',
      '--minutes',
      '0.4',
      '--sensors',
      '2000',
      '--timeout',
      '5',
      '--settle',
      '60',
    ];
    const running = simulate(system, join(folder, 'report.json'), args);
    await sleep(6_000);
    fill();
    await expect.poll(async () => (await fetch(`${system.ingestUrl}/readyz`)).status, { timeout: 10_000 }).toBe(503);
    expect(await (await fetch(`${system.ingestUrl}/readyz`)).text()).toMatch(/disk|space/i);
    await sleep(HELD_FULL_MS);
    rmSync(filler);
    await expect.poll(async () => (await fetch(`${system.ingestUrl}/readyz`)).status, { timeout: 10_000 }).toBe(200);
    const { exitCode, output, report } = await running;
    process.stdout.write(`${output.slice(-1_200)}\n`);
    expect(report?.comparison?.findings).toEqual([]);
    expect(report?.retries['503']).toBeGreaterThan(0);
    expect(exitCode).toBe(0);
  } finally {
    await system.end('SIGKILL');
  }
});

const filler = join(disk, 'filler');

/** Fills nearly all the space that is left, while others write too. */
function fill(): void {
  const { bavail, bsize } = statfsSync(disk);
  execFileSync('fallocate', ['-l', String(bavail * bsize - LEFT_BYTES), filler]);
}
