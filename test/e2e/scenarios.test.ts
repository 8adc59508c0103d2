/** What real sensors do, against the whole system: the oracle knows what they meant, not what they sent. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SystemProcess, simulate } from '../support/system.ts';

it.concurrent.each(['resends', 'stuck-counters', 'dirty-fields'])(
  'raises and clears exactly what it must in scenario %s',
  { timeout: 120_000 },
  async (scenario) => {
    const folder = await mkdtemp(join(tmpdir(), 'tocsin-scenario-'));
    const system = await SystemProcess.create({ dataDir: join(folder, 'data') });
    try {
      await system.start();
      const size = ['--apps', '2', '--rate', '200', '--minutes', '0.35', '--sensors', '2000'];
      const args = ['--scenario', scenario, ...size, '--timeout', '5', '--settle', '60'];
      const { exitCode, report } = await simulate(system, join(folder, 'report.json'), args);
      expect(report?.comparison?.findings).toEqual([]);
      expect(report?.comparison?.observed.activated).toBeGreaterThan(5);
      expect([report?.mails?.missing, report?.mails?.doubled, report?.mails?.invented]).toEqual([[], [], []]);
      expect(exitCode).toBe(0);
    } finally {
      await system.end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    }
  },
);
