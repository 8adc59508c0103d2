import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diagnoseFolder } from '../../../message-log/embedded/diagnose.ts';
import { openStore } from '../../../message-log/embedded/store.ts';

const DAY = 86_400_000;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'diagnose-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the doctor's look at the data folder", () => {
  it.each([
    ['right', 0, []],
    ['later, after a week without power', -7 * DAY, []],
    ['31 days earlier than it was', 31 * DAY + 1_000, ["this machine's clock is 31 days behind what it was when the system last ran"]],
  ])('judges a clock that is %s', async (_, aheadMs, expected) => {
    await writeFile(join(folder, 'removal-clock'), `${new Date(Date.now() + aheadMs).toISOString()}\n`);
    const findings = await diagnoseFolder(folder);
    expect(findings.filter(({ check }) => check === 'clock').map(({ found }) => found)).toEqual(expected);
    expect(findings.filter(({ ok, check }) => !ok && check !== 'clock')).toEqual([]);
  });

  it('names as who uses it only who says so over the socket of the folder', async () => {
    await mkdir(join(folder, 'store'), { mode: 0o700 });
    // Left behind by a process whose number another has by now.
    await writeFile(join(folder, 'store', `tocsin-${process.pid}-a.sock`), '');
    expect((await diagnoseFolder(folder))[0]?.found).toBe('can be written');
    const store = await openStore(folder);
    expect((await diagnoseFolder(folder))[0]?.found).toBe(`can be written; another Tocsin (pid ${process.pid}) is using it`);
    await store.close();
  });

  it('finds files of the store that others could read if its folder were open, and a start closes them', async () => {
    const umask = process.umask(0o022);
    try {
      await (await openStore(folder)).close();
      const wrongs = async () => (await diagnoseFolder(folder)).filter(({ ok }) => !ok).map(({ found }) => found);
      const modes = async () =>
        await Promise.all(
          (await readdir(join(folder, 'store'))).map(async (name) => (await stat(join(folder, 'store', name))).mode & 0o077),
        );
      expect([new Set(await modes()), await wrongs()]).toEqual([new Set([0]), []]);
      // As versions before made it.
      await chmod(join(folder, 'store', 'data.mdb'), 0o644);
      expect(await wrongs()).toEqual([`only the mode of ${join(folder, 'store')} keeps others from reading data.mdb in it`]);
      await (await openStore(folder)).close();
      expect([new Set(await modes()), await wrongs()]).toEqual([new Set([0]), []]);
      await chmod(join(folder, 'store'), 0o750);
      expect(await wrongs()).toEqual(['others can read clients and alarms in it']);
    } finally {
      process.umask(umask);
    }
  });

  it('judges none where nothing is known', async () => {
    expect((await diagnoseFolder(folder)).map(({ check }) => check)).not.toContain('clock');
  });
});
