import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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

  it('judges none where nothing is known', async () => {
    expect((await diagnoseFolder(folder)).map(({ check }) => check)).not.toContain('clock');
  });
});
