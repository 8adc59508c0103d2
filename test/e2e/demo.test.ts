import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

describe('npm run demo', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const demo = (...args: string[]) => {
    const anywhere = ['--ingest-port', '0', '--console-port', '0', '--data', folder, '--sensors', '500'];
    const child = spawn(process.execPath, ['--import', 'tsx', 'simulator/demo.ts', ...anywhere, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed = { text: '' };
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (printed.text += chunk.toString()));
    return { child, printed, ended: once(child, 'close') as Promise<[number | null]> };
  };

  it('shows the whole system alive, and that it does what it must', async () => {
    const { printed, ended } = demo('--minutes', '0.2');
    const [code] = await ended;
    expect(printed.text).toContain('making 500 sample clients');
    expect(printed.text).toMatch(/Console {3}http:\/\/127\.0\.0\.1:\d+\/\S*token=/);
    expect(printed.text).toMatch(/mails: [1-9]\d*, 0 missing, 0 doubled, 0 invented/);
    expect(printed.text).toContain('The system made of it exactly what it must.');
    expect(code).toBe(0);
  });

  it('ends cleanly on Ctrl-C, with the verdict', async () => {
    const { child, printed, ended } = demo();
    await expect.poll(() => printed.text, { timeout: 40_000, interval: 200 }).toContain('Ctrl-C ends it');
    child.kill('SIGINT');
    const [code] = await ended;
    expect(printed.text).toContain('The system made of it exactly what it must.');
    expect(code).toBe(0);
  });
});
