/** The key of the audit trail: made once, for nobody else, found again, and never a reason not to start. */
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { auditKeyFile, readKeyFile } from '../../../console/audit/key-file.ts';
import { auditKey } from '../../../console/audit/signing-key.ts';
import { Health } from '../../../runtime/health.ts';
import { startTestConsole } from '../../support/console.ts';

let folder: string;
let file: string;
const health = new Health();
const logger = pino({ level: 'silent' });
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-audit-key-'));
  file = auditKeyFile(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('is made once, by whoever starts first, readable by its user only', async () => {
  const keys = await Promise.all(Array.from({ length: 8 }, () => auditKey([], { file, health, logger })));
  expect(new Set(keys.map((key) => key?.id)).size).toBe(1);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['audit-key']);
  expect((await auditKey([], { file, health, logger }))?.id).toBe(keys[0]?.id);
});

it('is made in a data folder that nobody has made yet', async () => {
  const anew = auditKeyFile(join(folder, 'data', 'of a console'));
  const key = await auditKey([], { file: anew, health, logger });
  expect((await readKeyFile(anew))?.id).toBe(key?.id);
  expect((await stat(join(folder, 'data'))).mode & 0o777).toBe(0o700);
});

it('is of the current secret, if there is one, and then no file is made', async () => {
  const [first, second] = [
    { version: 1, secret: 'the first of the secrets' },
    { version: 2, secret: 'the second of the secrets' },
  ];
  const before = await auditKey([first], { file, health, logger });
  const after = await auditKey([second, first], { file, health, logger });
  expect(before?.id).not.toBe(after?.id);
  expect((await auditKey([second], { file, health, logger }))?.id).toBe(after?.id);
  expect(await readdir(folder)).toEqual([]);
});

it('with a flipped bit is not taken for another one: the console starts, and says that its rows are not signed', async () => {
  await auditKey([], { file, health, logger });
  const bytes = await readFile(file);
  for (let at = 0; at < bytes.length; at += 1) {
    await writeFile(file, bytes.with(at, (bytes[at] ?? 0) ^ 1));
    await expect(readKeyFile(file)).rejects.toThrow('damaged');
  }
  await chmod(file, 0o600);
  const on = await startTestConsole({ auditKeyFile: file });
  expect(on.health.notices()['console-audit-key']).toContain('not signed');
  expect(JSON.stringify(on.health.notices())).not.toContain(bytes.toString().slice(0, 20));
  expect(on.health.ready).toBe(true);
  await on.stop();
});

it('signs every row of a console, and stands in none', async () => {
  const on = await startTestConsole({ auditKeyFile: file });
  await on.stop();
  const key = await readKeyFile(file);
  const rows = on.log.all('AUDIT');
  expect(rows.length).toBeGreaterThan(1);
  for (const { value } of rows) expect(key?.hasSigned(value)).toBe(true);
  expect(JSON.stringify(rows)).not.toContain((await readFile(file, 'utf8')).slice(0, 43));
});
