import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServiceManager } from '../../../runtime/service-manager.ts';

let folder: string;
let manager: ServiceManager | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tocsin-notify-'));
  // In the place of systemd's own: notes what it is given, and by which shell.
  writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$@" >>${folder}/said\necho $PPID >${folder}/shell\n`);
  chmodSync(join(folder, 'systemd-notify'), 0o755);
});
afterEach(() => {
  manager?.close();
  manager = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const read = (name: string): string => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
const said = (): string[] => read('said').split('\n').slice(0, -1);
const start = (environment: NodeJS.ProcessEnv = {}, pid?: number): ServiceManager => {
  manager = new ServiceManager({ PATH: `${folder}:/usr/bin:/bin`, NOTIFY_SOCKET: '/run/systemd/notify', ...environment }, pid);
  return manager;
};

describe('systemd', () => {
  it('is told when the process is ready, and when it stops', async () => {
    const telling = start();
    telling.ready();
    await expect.poll(said).toEqual(['READY=1']);
    telling.stopping();
    await expect.poll(said).toEqual(['READY=1', 'STOPPING=1']);
  });

  it('is told again and again that the process is alive, if it wants to know', async () => {
    start({ WATCHDOG_USEC: '150000', WATCHDOG_PID: '17' }, 17);
    await expect.poll(() => said().length).toBeGreaterThan(3);
    expect(new Set(said())).toEqual(new Set(['WATCHDOG=1']));
  });

  it('is not told so by another process than the one that it asks', async () => {
    start({ WATCHDOG_USEC: '30000', WATCHDOG_PID: '17' }, 18).ready();
    await expect.poll(said).toEqual(['READY=1']);
  });

  it('goes on hearing from it if the shell between them is killed', async () => {
    const telling = start({ WATCHDOG_USEC: '300000' });
    telling.ready();
    await expect.poll(() => read('shell')).not.toBe('');
    const first = read('shell');
    process.kill(Number(first), 'SIGKILL');
    await expect.poll(() => read('shell')).not.toBe(first);
    await expect.poll(() => said().at(-1)).toBe('WATCHDOG=1');
  });

  it('is not looked for where there is none', () => {
    start({ NOTIFY_SOCKET: '' }).ready();
    expect(said()).toEqual([]);
  });
});
