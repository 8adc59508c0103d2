/** The units for systemd, as systemd-analyze judges them (Debian's package systemd; it need not be running). */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SYSTEM_FLAGS } from '../../runtime/node-flags.ts';

const EXPOSURE_MAX = 2;
/** Known to systemd 254 and newer only. */
const NEW_KEYS = /Unknown key '(?:RestartSteps|RestartMaxDelaySec)' in section \[Service\], ignoring\.$/;

const folder = mkdtempSync(join(tmpdir(), 'tocsin-units-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const textOf = (unit: string): string => readFileSync(join('deploy/systemd', unit), 'utf8');

/** A unit under the name that it is started by; Node is where it is on this machine. */
function unit(name: string, from: string): string {
  const path = join(folder, name);
  writeFileSync(path, textOf(from).replace('/usr/bin/node', process.execPath));
  return path;
}

describe.each([
  ['tocsin.service', 'tocsin.service', ''],
  ['tocsin@processor.service', 'tocsin@.service', ' %i'],
])('%s', (name, from, role) => {
  const path = unit(name, from);

  it('is right', () => {
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
    const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !NEW_KEYS.test(line));
    expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
  });

  it('leaves little to whoever gets into the process', () => {
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', path], { encoding: 'utf8' });
    const exposure = /Overall exposure level for \S+: (\d+\.\d+)/.exec(stdout)?.[1];
    expect(Number(exposure)).toBeLessThanOrEqual(EXPOSURE_MAX);
  });

  it('runs the program as npm start does', () => {
    const flags = SYSTEM_FLAGS.join(' ');
    expect(textOf(from)).toContain(`\nExecStart=/usr/bin/node ${flags} main.ts${role}\n`);
  });
});

it('the two units are the same but for the role, and what a role has of its own', () => {
  const own = /^(?:#|Description=|StateDirectory=|Environment=|EnvironmentFile=|ExecStart=|SyslogIdentifier=|MemoryMax=)/;
  const shared = (from: string): string[] =>
    textOf(from)
      .split('\n')
      .filter((line) => !own.test(line));
  expect(shared('tocsin@.service')).toEqual(shared('tocsin.service'));
});
