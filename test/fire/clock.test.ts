/** The machine's clock is set back an hour under load, and forward again: alarms, mails and counts must be as if nothing had happened. Needs libfaketime (Debian: faketime). */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SystemProcess, simulate } from '../support/system.ts';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

it('neither loses, duplicates nor invents anything when the clock is set back an hour', async () => {
  expect(existsSync(LIBRARY), 'libfaketime is needed: apt-get install faketime').toBe(true);
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-fire-'));
  const clock = join(folder, 'clock');
  writeFileSync(clock, '+0s\n');
  const environment = {
    LD_PRELOAD: LIBRARY,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
  const system = await SystemProcess.create({ dataDir: join(folder, 'data'), environment });
  try {
    await system.start();
    const args = ['--scenario', 'flapping', '--apps', '2', '--rate', '300', '--minutes', '0.5', '--sensors', '2000', '--settle', '60'];
    const running = simulate(system, join(folder, 'report.json'), args);
    await sleep(10_000);
    writeFileSync(clock, '-3600s\n');
    await sleep(3_000);
    const served = Date.parse((await fetch(`${system.ingestUrl}/healthz`)).headers.get('date') ?? '');
    expect(Date.now() - served).toBeGreaterThan(3_500_000);
    await sleep(9_000);
    writeFileSync(clock, '+0s\n');
    const { exitCode, output, report } = await running;
    process.stdout.write(`${output.slice(-1_200)}\n`);
    expect(report?.comparison?.findings).toEqual([]);
    expect(exitCode).toBe(0);
  } finally {
    await system.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
