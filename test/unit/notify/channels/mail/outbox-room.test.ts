import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Severity } from '../../../../../alarm/severity.ts';
import { OutboxRoom } from '../../../../../notify/channels/mail/outbox-room.ts';
import { Health } from '../../../../../runtime/health.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outbox-room-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the room in an outbox', () => {
  it('is taken by mails that come while those in the folder are counted, too', async () => {
    for (let i = 0; i < 6; i += 1) await writeFile(join(folder, `${i}.eml`), 'x');
    const health = new Health();
    const room = new OutboxRoom(folder, 10, health);
    await room.count();
    await room.take('MINOR');
    // It isn't written yet, nor are these.
    const counting = room.count();
    await room.take('MINOR');
    await room.take('MINOR');
    await counting;
    expect(health.notices().outbox).toMatch(/^8 mails wait/);
  });

  it.each<[Severity, number]>([
    ['WARNING', 2],
    ['MINOR', 2],
    ['MAJOR', 4],
    ['CRITICAL', 6],
  ])('is for %s %i mails where lesser ones have two', async (severity, mails) => {
    const room = new OutboxRoom(folder, 2, new Health());
    await room.count();
    for (let i = 0; i < mails; i += 1) await room.take(severity);
    await expect(room.take(severity)).rejects.toMatchObject({ code: 'mail-deferred' });
  });

  it('is not taken by what is no mail', async () => {
    for (const name of ['notes.txt', '.half.eml.part']) await writeFile(join(folder, name), 'x');
    const room = new OutboxRoom(folder, 1, new Health());
    await room.count();
    await room.take('MINOR');
    await expect(room.take('MINOR')).rejects.toMatchObject({ code: 'mail-deferred', message: expect.stringContaining('1 mail waits') });
  });

  it('is never more than there is, though more was removed than was counted', async () => {
    const room = new OutboxRoom(folder, 2, new Health());
    await room.count();
    room.removed(5);
    for (let i = 0; i < 2; i += 1) await room.take('MINOR');
    await expect(room.take('MINOR')).rejects.toMatchObject({ code: 'mail-deferred' });
  });

  it('is told of as before where the folder cannot be read', async () => {
    for (let i = 0; i < 8; i += 1) await writeFile(join(folder, `${i}.eml`), 'x');
    const health = new Health();
    const room = new OutboxRoom(folder, 10, health);
    await room.count();
    await rm(folder, { recursive: true });
    await room.recount();
    expect(health.notices().outbox).toMatch(/^8 mails wait/);
  });
});
