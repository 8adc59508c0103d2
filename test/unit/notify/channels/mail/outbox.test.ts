import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Severity } from '../../../../../alarm/severity.ts';
import { openOutbox } from '../../../../../notify/channels/mail/outbox.ts';
import { Health } from '../../../../../runtime/health.ts';
import { mailOf, NOON } from '../../../../support/alarms.ts';

const DAY = 86_400_000;
/** Linux lists there what this process has open. */
const OPEN_FILES = '/proc/self/fd';
const options = { keepMs: 30 * DAY, removalClock: () => NOON, logger: pino({ level: 'silent' }), health: new Health(), mailsMax: 100 };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-'));
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

describe('the outbox', () => {
  it('names a file by time and mail, and says where it lies', async () => {
    const outbox = await openOutbox(folder, options);
    expect(await outbox.send(mailOf())).toEqual({ reply: 'outbox/20261124T133250123Z-a42959-smoke-17.raised.eml' });
    expect(await readdir(folder)).toEqual(['20261124T133250123Z-a42959-smoke-17.raised.eml']);
    await outbox.close();
  });

  it('replaces a mail by the same mail', async () => {
    const outbox = await openOutbox(folder, options);
    await outbox.send(mailOf());
    await outbox.send(mailOf());
    expect(await readdir(folder)).toHaveLength(1);
    await outbox.close();
  });

  it('never shows a file that is not complete', async () => {
    const outbox = await openOutbox(folder, options);
    let sending = true;
    const all = Promise.all(Array.from({ length: 20 }, (_, i) => outbox.send(mailOf(`m${i}`)))).finally(() => {
      sending = false;
    });
    let seen = 0;
    while (sending) {
      for (const name of await readdir(folder)) {
        if (!name.endsWith('.eml')) continue;
        expect(await readFile(join(folder, name), 'utf8')).toMatch(/^[\s\S]*--\r\n$/);
        seen += 1;
      }
    }
    await all;
    expect(seen).toBeGreaterThan(0);
    expect(await readdir(folder)).toHaveLength(20);
    await outbox.close();
  });

  it.each([
    ['plain', mailOf()],
    [
      'with a text of many letters that are none of ASCII',
      { ...mailOf(), text: 'Straße 5, Łódź\n\n山本\n'.repeat(40), html: '<p>Łódź</p>\n'.repeat(40) },
    ],
    ['with line ends of every kind', { ...mailOf(), text: 'one\ntwo\r\nthree\rfour\n', html: '<p>one</p>\n<p>two</p>\r\n' }],
  ])('writes a mail %s with CRLF alone, as RFC 5322 has it, and nothing of it is lost', async (_, mail) => {
    const outbox = await openOutbox(folder, options);
    await outbox.send(mail);
    const bytes = await readFile(join(folder, (await readdir(folder))[0] ?? ''));
    for (let at = bytes.indexOf(0x0a); at !== -1; at = bytes.indexOf(0x0a, at + 1)) expect(bytes[at - 1]).toBe(0x0d);
    for (let at = bytes.indexOf(0x0d); at !== -1; at = bytes.indexOf(0x0d, at + 1)) expect(bytes[at + 1]).toBe(0x0a);
    const read = await simpleParser(bytes);
    const lines = (text: string) => text.trim().split(/\r\n|\r|\n/);
    expect(lines(read.text ?? '')).toEqual(lines(mail.text));
    expect(lines(String(read.html))).toEqual(lines(mail.html));
    expect(read.subject).toBe(mail.subject);
    await outbox.close();
  });

  it('cannot be led out of its folder by an id', async () => {
    const outbox = await openOutbox(folder, options);
    await outbox.send({ ...mailOf(), messageId: '<../../etc/passwd@arc.example>' });
    expect(await readdir(folder)).toEqual(['20261124T133250123Z-.._.._etc_passwd.eml']);
    await outbox.close();
  });

  it('removes mails that are too old and what a crash left half written, and nothing else', async () => {
    const age = async (name: string, ms: number) => {
      await writeFile(join(folder, name), 'x');
      await utimes(join(folder, name), new Date(NOON - ms), new Date(NOON - ms));
    };
    await age('old.eml', 31 * DAY);
    await age('young.eml', 29 * DAY);
    await age('.half.eml.part', DAY);
    await age('.writing.eml.part', 1_000);
    await age('notes.txt', 99 * DAY);
    const outbox = await openOutbox(folder, options);
    await outbox.close();
    expect((await readdir(folder)).sort()).toEqual(['.writing.eml.part', 'notes.txt', 'young.eml']);
  });

  it('goes by the time in a name where a file was written while the clock was behind, to the millisecond', async () => {
    const names = ['20261025T133250123Z-kept.eml', '20261025T133250122Z-gone.eml', '.20261124T123250123Z-kept.eml.part'];
    for (const name of [...names, '.20261124T123250122Z-gone.eml.part', 'x20991124T123250122Z-no-time.eml']) {
      await writeFile(join(folder, name), 'x');
      await utimes(join(folder, name), new Date(0), new Date(0));
    }
    await (await openOutbox(folder, options)).close();
    expect((await readdir(folder)).sort()).toEqual(['.20261124T123250123Z-kept.eml.part', '20261025T133250123Z-kept.eml']);
  });

  it('looks for what is too old every hour, until it is closed, and tells where it cannot', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let now = NOON;
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const outbox = await openOutbox(folder, { ...options, logger, removalClock: () => now });
    await outbox.send(mailOf());
    await utimes(join(folder, '20261124T133250123Z-a42959-smoke-17.raised.eml'), new Date(0), new Date(0));
    now += 31 * DAY;
    vi.advanceTimersByTime(3_599_999);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await readdir(folder)).toHaveLength(1);
    vi.advanceTimersByTime(1);
    await expect.poll(() => readdir(folder)).toEqual([]);
    expect(lines).toEqual([]);
    await rm(folder, { recursive: true });
    vi.advanceTimersByTime(3_600_000);
    await expect.poll(() => lines).toEqual([expect.stringContaining('old mails could not be removed from the outbox')]);
    await outbox.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('writes into its folder again though somebody has removed it, for nobody else to read', async () => {
    const outbox = await openOutbox(folder, options);
    await rm(folder, { recursive: true });
    await outbox.send(mailOf());
    const [name = ''] = await readdir(folder);
    expect([(await stat(join(folder, name))).mode & 0o777, (await stat(folder)).mode & 0o777]).toEqual([0o600, 0o700]);
    await outbox.close();
  });

  it('makes its folder where there is none', async () => {
    const outbox = await openOutbox(join(folder, 'mails', 'out'), options);
    await outbox.send(mailOf());
    expect(await readdir(join(folder, 'mails', 'out'))).toHaveLength(1);
    expect((await stat(join(folder, 'mails', 'out'))).mode & 0o777).toBe(0o700);
    await outbox.close();
  });

  it.runIf(existsSync(OPEN_FILES))('leaves no file open behind a mail', async () => {
    const outbox = await openOutbox(folder, options);
    await outbox.send(mailOf());
    await outbox.close();
    const open = await Promise.all((await readdir(OPEN_FILES)).map((name) => readlink(join(OPEN_FILES, name)).catch(() => '')));
    expect(open.filter((path) => path.startsWith(folder))).toEqual([]);
  });

  it('takes no more than 200 letters of an id for a name', async () => {
    const outbox = await openOutbox(folder, options);
    await outbox.send({ ...mailOf(), messageId: `<${'x'.repeat(300)}@arc.example>` });
    expect(await readdir(folder)).toEqual([`20261124T133250123Z-${'x'.repeat(200)}.eml`]);
    await outbox.close();
  });

  it('removes no mail for being one of too many: it says so in time, then takes lesser ones later and graver ones still', async () => {
    const health = new Health();
    const outbox = await openOutbox(folder, { ...options, health, mailsMax: 10 });
    const send = (id: string, severity: Severity) => outbox.send({ ...mailOf(id), severity });
    const mails = async () => (await readdir(folder)).length;
    for (let i = 0; i < 7; i += 1) await send(`m${i}`, 'MINOR');
    expect([health.ready, health.notices()]).toEqual([true, {}]);
    await send('m7', 'MINOR');
    expect(health.notices().outbox).toMatch(/^8 mails wait in the outbox, which takes 10/);
    for (const id of ['m8', 'm9']) await send(id, 'WARNING');
    expect([health.notices(), health.problems().outbox]).toEqual([{}, expect.stringContaining('MINOR and WARNING are put off')]);
    await expect(send('m10', 'MINOR')).rejects.toMatchObject({
      code: 'mail-deferred',
      message: expect.stringContaining('the outbox is full'),
    });
    for (let i = 0; i < 10; i += 1) await send(`h${i}`, 'MAJOR');
    await expect(send('h10', 'MAJOR')).rejects.toMatchObject({ code: 'mail-deferred' });
    for (let i = 0; i < 10; i += 1) await send(`c${i}`, 'CRITICAL');
    await expect(send('c10', 'CRITICAL')).rejects.toMatchObject({ code: 'mail-deferred' });
    await outbox.close();
    const again = await openOutbox(folder, { ...options, health, mailsMax: 10 });
    expect(await mails()).toBe(30);
    await again.close();
  });

  it('takes lesser mails again once some were fetched', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(0);
    const health = new Health();
    const outbox = await openOutbox(folder, { ...options, health, mailsMax: 10 });
    const send = (id: string) => outbox.send({ ...mailOf(id), severity: 'MINOR' });
    for (let i = 0; i < 10; i += 1) await send(`m${i}`);
    for (const name of await readdir(folder)) if (!name.includes('m3')) await rm(join(folder, name));
    vi.spyOn(performance, 'now').mockReturnValue(5_000);
    await send('m10');
    expect([await readdir(folder), health.ready, health.notices()]).toEqual([expect.objectContaining({ length: 2 }), true, {}]);
    await outbox.close();
  });

  it.each([
    [999, 'refused'],
    [1_000, 'taken'],
  ])('looks whether some were fetched a second after it last looked, no sooner: after %i ms one is %s', async (later, answer) => {
    const now = vi.spyOn(performance, 'now').mockReturnValue(0);
    const outbox = await openOutbox(folder, { ...options, health: new Health(), mailsMax: 2 });
    const send = (id: string) => outbox.send({ ...mailOf(id), severity: 'MINOR' });
    for (const id of ['m0', 'm1']) await send(id);
    for (const name of await readdir(folder)) await rm(join(folder, name));
    now.mockReturnValue(later);
    const sent = await send('m2').then(
      () => 'taken',
      () => 'refused',
    );
    expect(sent).toBe(answer);
    await outbox.close();
  });

  it.each([8, 10])('takes back what it says of %i mails within a minute once they were fetched, though none comes', async (mails) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const health = new Health();
    const said = () => [health.ready, Object.keys(health.notices())];
    const outbox = await openOutbox(folder, { ...options, health, mailsMax: 10 });
    for (let i = 0; i < mails; i += 1) await outbox.send({ ...mailOf(`m${i}`), severity: 'MINOR' });
    const before = said();
    expect(before).toEqual(mails === 10 ? [false, []] : [true, ['outbox']]);
    vi.advanceTimersByTime(60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(said()).toEqual(before);
    for (const name of await readdir(folder)) await rm(join(folder, name));
    vi.advanceTimersByTime(59_999);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(said()).toEqual(before);
    vi.advanceTimersByTime(1);
    await expect.poll(said).toEqual([true, []]);
    await outbox.close();
  });

  it('is not full of mails that it has removed for their age', async () => {
    vi.spyOn(performance, 'now').mockReturnValue(0);
    const health = new Health();
    for (let i = 0; i < 10; i += 1) {
      const file = join(folder, `${i}.eml`);
      await writeFile(file, 'x');
      if (i < 6) await utimes(file, new Date(NOON - 31 * DAY), new Date(NOON - 31 * DAY));
      else await utimes(file, new Date(NOON), new Date(NOON));
    }
    const outbox = await openOutbox(folder, { ...options, health, mailsMax: 10 });
    await expect.poll(() => [health.ready, health.notices()]).toEqual([true, {}]);
    const send = (id: string) => outbox.send({ ...mailOf(id), severity: 'MINOR' });
    for (let i = 0; i < 6; i += 1) await send(`m${i}`);
    await expect(send('m6')).rejects.toMatchObject({ code: 'mail-deferred' });
    await outbox.close();
  });

  it('removes nothing while there is no time to go by', async () => {
    const names = ['old.eml', '.half.eml.part'];
    for (const name of names) {
      await writeFile(join(folder, name), 'x');
      await utimes(join(folder, name), new Date(NOON - 99 * DAY), new Date(NOON - 99 * DAY));
    }
    const outbox = await openOutbox(folder, { ...options, removalClock: () => undefined });
    await outbox.close();
    expect((await readdir(folder)).sort()).toEqual(names.toSorted());
  });

  it('keeps a mail that was written while the machine believed it was 1970', async () => {
    const outbox = await openOutbox(folder, options);
    await outbox.send(mailOf());
    const [name = ''] = await readdir(folder);
    await utimes(join(folder, name), new Date(0), new Date(0));
    await outbox.close();
    await (await openOutbox(folder, options)).close();
    expect(await readdir(folder)).toEqual([name]);
  });

  it('says at its opening that it cannot be written', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(openOutbox(join(folder, 'file', 'outbox'), options)).rejects.toMatchObject({ code: 'mail-deferred' });
  });

  it('leaves nothing half written behind when it fails', async () => {
    const outbox = await openOutbox(folder, options);
    await mkdir(join(folder, '20261124T133250123Z-a42959-smoke-17.raised.eml'));
    await expect(outbox.send(mailOf())).rejects.toMatchObject({ name: 'TransientError', code: 'mail-deferred' });
    expect(await readdir(folder)).toEqual(['20261124T133250123Z-a42959-smoke-17.raised.eml']);
    await outbox.close();
  });
});
