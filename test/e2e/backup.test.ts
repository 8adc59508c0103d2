/** A backup of a running system, restored in another folder after everything was lost: alarms, custody, states and counts are as before, and nothing is mailed twice. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NODE_FLAGS } from '../../runtime/node-flags.ts';
import { runProgram } from '../support/program.ts';
import { type FaultySmtp, startSmtp } from '../support/smtp-server.ts';
import { SystemProcess } from '../support/system.ts';
import { act, alarmOf, alarms, counts, custodyHas, faults, motion, post, quiet, smoke, until } from '../support/versions/life.ts';

const [ACTIVE, CLEARED, ACKNOWLEDGED, ENDED, TWO_HITS, FAULTY, PUT_OFF, AFTER] = [1, 2, 3, 4, 5, 6, 7, 8];
const [FROM, TO] = [-60, 60].map((minutes) => new Date(Date.now() + minutes * 60_000).toISOString()) as [string, string];

let folder: string;
let smtp: FaultySmtp;
let takesAll = false;
let backup: string;
let before: Awaited<ReturnType<typeof seen>>;
let said: Awaited<ReturnType<typeof runProgram>>;
let mailedBefore: readonly string[];

const backupOf = (dataDir: string, ...args: string[]) => runProgram('main/backup/main.ts', args, { TOCSIN_DATA_DIR: dataDir });
const restoreTo = (dataDir: string, ...args: string[]) => runProgram('main/restore/main.ts', args, { TOCSIN_DATA_DIR: dataDir });

/** What a user of the API sees. */
async function seen(system: SystemProcess) {
  const all = await alarms(system);
  const each = await Promise.all(all.map(({ sensor }) => alarmOf(system, sensor)));
  return { alarms: each.sort((a, b) => a.sensor - b.sensor), counts: await counts(system, FROM, TO), faults: await faults(system) };
}

const idsMailed = (): string[] => smtp.taken.map(({ messageId = '' }) => messageId);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-backup-'));
  // The mail about one sensor is put off until the test says otherwise.
  smtp = await startSmtp({ verdict: ({ subject = '' }) => (takesAll || !subject.includes(`${PUT_OFF}`) ? 'take' : { code: 451 }) });
  const system = await SystemProcess.create({ dataDir: join(folder, 'data'), environment: { TOCSIN_SMTP_URL: smtp.url } });
  await system.start();
  for (const sensor of [ACTIVE, CLEARED, ENDED]) await motion(system, sensor);
  await smoke(system, ACKNOWLEDGED, 3);
  await smoke(system, TWO_HITS, 2);
  await quiet(system, FAULTY);
  await post(system, 'entry', { id: FAULTY, motion: false, temperature: 21.5, maxTemperature: 30 });
  for (const sensor of [ACTIVE, CLEARED, ENDED, ACKNOWLEDGED]) await custodyHas(system, sensor, 'mailed');
  for (const sensor of [CLEARED, ENDED]) await post(system, 'ok', { id: sensor });
  for (const sensor of [CLEARED, ENDED])
    await until('it is cleared', async () => (await alarmOf(system, sensor)).state === 'CLEARED_UNACK');
  for (const sensor of [ACKNOWLEDGED, ENDED]) await act(system, sensor, 'acknowledge', {});
  await until('six mails', () => smtp.taken.length === 6);
  for (const sensor of [CLEARED, ENDED])
    await until('both mails', async () => (await alarmOf(system, sensor)).custody.filter(({ kind }) => kind === 'mailed').length === 2);
  await motion(system, PUT_OFF);
  await until('it is raised', async () => (await alarms(system)).some(({ sensor }) => sensor === PUT_OFF));
  await until('it is counted', async () => (await counts(system, FROM, TO)).reduce((sum, { count }) => sum + count, 0) === 5);
  before = await seen(system);
  mailedBefore = idsMailed();
  // Load that raises nothing.
  let loads = true;
  const load = Array.from({ length: 4 }, async (_, i) => {
    while (loads) await quiet(system, 1_000 + i);
  });
  backup = join(folder, 'backup');
  said = await backupOf(system.dataDir, backup);
  loads = false;
  await Promise.all(load);
  await motion(system, AFTER);
  await custodyHas(system, AFTER, 'mailed');
  await system.end('SIGKILL');
  await rm(system.dataDir, { recursive: true });
}, 120_000);
afterAll(async () => {
  await smtp?.stop();
  await rm(folder, { recursive: true, force: true });
});

it('says what it has copied and what not, and is for its owner only', async () => {
  expect(said).toMatchObject({ code: 0, stderr: '' });
  expect(said.stdout).toMatch(/The backup in \S+ is whole/);
  expect(said.stdout).toContain('secrets');
  const modes = await Promise.all(
    (await readdir(backup, { recursive: true })).map(async (name) => (await stat(join(backup, name))).mode & 0o077),
  );
  expect([(await stat(backup)).mode & 0o777, ...modes.filter((mode) => mode !== 0)]).toEqual([0o700]);
  expect(await backupOf('nowhere', '--verify', backup)).toMatchObject({ code: 0, stdout: expect.stringContaining('is whole') });
});

it('gives back alarms, custody, states and counts, and mails only what had not been mailed', { timeout: 120_000 }, async () => {
  const dataDir = join(folder, 'restored');
  const restored = await restoreTo(dataDir, backup);
  expect(restored).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/1 mail had not gone out .* they go out at the start/),
  });
  expect(restored.stdout).toMatch(/acknowledged after 20\S+Z .* is missing/);
  takesAll = true;
  const system = await SystemProcess.create({ dataDir, environment: { TOCSIN_SMTP_URL: smtp.url } });
  const known = smtp.taken.length;
  await system.start();
  try {
    await custodyHas(system, PUT_OFF, 'mailed');
    const after = await seen(system);
    const others = ({ sensor }: { readonly sensor: number }): boolean => sensor !== PUT_OFF;
    expect({ ...after, alarms: after.alarms.filter(others) }).toEqual({ ...before, alarms: before.alarms.filter(others) });
    // What was done before goes on: two hits and one more, an acknowledgement, a recovery.
    await smoke(system, TWO_HITS, 1);
    await custodyHas(system, TWO_HITS, 'mailed');
    await act(system, ACTIVE, 'acknowledge', {});
    await post(system, 'ok', { id: ACTIVE });
    await until('it is over', async () => (await alarmOf(system, ACTIVE)).state === 'CLEARED_ACK');
    // A new fault hides none of those from before.
    await quiet(system, AFTER);
    await post(system, 'entry', { id: AFTER, motion: false, temperature: 21.5, maxTemperature: 30 });
    await until('both faults', async () => (await faults(system)).length === before.faults.length + 1);
    // An alarm that is raised anew is none of those from after the backup, so nobody takes its mail for one they have.
    await motion(system, AFTER);
    await custodyHas(system, AFTER, 'mailed');
    await until('four mails', () => smtp.taken.length >= known + 4);
    expect(smtp.taken.length).toBe(known + 4);
    expect(
      idsMailed()
        .slice(known)
        .filter((id) => mailedBefore.includes(id)),
    ).toEqual([]);
    expect(new Set(idsMailed()).size).toBe(smtp.taken.length);
    expect(await system.end('SIGTERM')).toBe(0);
    // Also where readers come upon the offsets that were left out.
    expect(system.output.split('\n').filter((line) => /"level":[456]0/.test(line))).toEqual([]);
    expect(await runProgram('main/repair/main.ts', [], { TOCSIN_DATA_DIR: dataDir })).toMatchObject({ code: 0 });
  } finally {
    await system.end('SIGKILL');
  }
});

it('leaves out mails that had not gone out, where a person says so, and says it in the custody', { timeout: 120_000 }, async () => {
  const dataDir = join(folder, 'without-mails');
  expect(await restoreTo(dataDir, '--mails', 'skip-unsent', backup)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/1 mail had not gone out .* they are left out/),
  });
  takesAll = true;
  const system = await SystemProcess.create({ dataDir, environment: { TOCSIN_SMTP_URL: smtp.url } });
  const known = smtp.taken.length;
  await system.start();
  try {
    await custodyHas(system, PUT_OFF, 'mail-parked');
    await smoke(system, TWO_HITS, 1);
    await custodyHas(system, TWO_HITS, 'mailed');
    expect(smtp.taken.length).toBe(known + 1);
  } finally {
    await system.end('SIGKILL');
  }
});

it('is refused where something would be overwritten or mixed', async () => {
  const used = join(folder, 'used');
  await cp(join(backup, 'data'), used, { recursive: true });
  expect(await restoreTo(used, backup)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/holds a store.*only restored into an empty folder/),
  });
  const strange = join(folder, 'strange');
  await cp(join(backup, 'data/outbox'), join(strange, 'outbox'), { recursive: true });
  expect(await restoreTo(strange, backup)).toMatchObject({ code: 1, stderr: expect.stringMatching(/is not empty: it holds outbox/) });
  for (const [target, why] of [
    [backup, /exists already/],
    [join(used, 'backup'), /lies in the data folder/],
    [join(folder, 'no', 'such'), /cannot be made/],
  ] as const)
    expect(await backupOf(used, target)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(why) });
  expect(await backupOf(join(folder, 'nothing'), join(folder, 'other'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('holds no store'),
  });
  expect(await backupOf(used)).toMatchObject({ code: 2, stderr: expect.stringContaining('FOLDER is missing') });
  expect(await backupOf(used, '--rate', '0', join(folder, 'other'))).toMatchObject({ code: 2, stderr: expect.stringContaining('--rate') });
});

it.each<[string, (copy: string) => Promise<void>, RegExp]>([
  ['a bit of the tree is flipped', (copy) => flip(join(copy, 'data/store/data.mdb'), 20_000), /data\.mdb is damaged/],
  ['the journal is cut off', (copy) => journalIn(copy).then((path) => truncate(path, 1_000)), /journal-\d+ has 1000 bytes/],
  ['a file is missing', (copy) => rm(join(copy, 'data/store/high-water')), /high-water cannot be read/],
  ['a bit of the manifest is flipped', (copy) => flip(join(copy, 'manifest.json'), 100), /manifest\.json is damaged/],
  ['the manifest is missing', (copy) => rm(join(copy, 'manifest.json')), /is not a whole backup/],
])('is found damaged where %s, before anything is written', async (_, damage, why) => {
  const copy = join(folder, `damaged-${Math.random()}`);
  await cp(backup, copy, { recursive: true });
  await damage(copy);
  const target = join(folder, `into-${Math.random()}`);
  expect(await restoreTo(target, copy)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(why) });
  await expect(stat(target)).rejects.toThrow('ENOENT');
  const { code, stdout, stderr } = await backupOf('nowhere', '--verify', copy);
  expect([code, `${stdout}${stderr}`]).toEqual([1, expect.stringMatching(why)]);
});

it('leaves no half a backup under its name when it is killed, or stopped', { timeout: 120_000 }, async () => {
  const dataDir = join(folder, 'to-copy');
  expect(await restoreTo(dataDir, backup)).toMatchObject({ code: 0 });
  await mkdir(join(dataDir, 'outbox'), { recursive: true });
  await Promise.all(Array.from({ length: 200 }, (_, i) => writeFile(join(dataDir, `outbox/${i}.eml`), 'x'.repeat(100_000))));
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const target = join(folder, `killed-${signal}`);
    const child = spawn(process.execPath, [...NODE_FLAGS, 'main/backup/main.ts', '--rate', '1', target], {
      env: { ...process.env, TOCSIN_DATA_DIR: dataDir },
      stdio: 'ignore',
    });
    await until('it has begun', async () => (await readdir(folder)).includes(`killed-${signal}.part`));
    await sleep(500);
    child.kill(signal);
    await once(child, 'exit');
    const left = (await readdir(folder)).filter((name) => name.startsWith(`killed-${signal}`));
    expect(left).toEqual(signal === 'SIGKILL' ? [`killed-${signal}.part`] : []);
    const again = await backupOf(dataDir, target);
    if (signal === 'SIGKILL')
      expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('was interrupted; if none is running, remove it') });
    else expect(again).toMatchObject({ code: 0 });
  }
});

it('begins again where a restore was interrupted, and a start in between is refused', { timeout: 120_000 }, async () => {
  const dataDir = join(folder, 'interrupted');
  await cp(join(backup, 'data/store'), join(dataDir, 'restore.part/store'), { recursive: true });
  const system = await SystemProcess.create({ dataDir });
  await expect(system.start()).rejects.toThrow('ended with 1');
  expect(await restoreTo(dataDir, backup)).toMatchObject({ code: 0 });
  expect((await readdir(dataDir)).sort()).not.toContain('restore.part');
});

async function flip(path: string, at: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[at] = (bytes[at] as number) ^ 1;
  await writeFile(path, bytes);
}

async function journalIn(copy: string): Promise<string> {
  const store = join(copy, 'data/store');
  return join(store, (await readdir(store)).find((name) => name.startsWith('journal-')) ?? 'none');
}
