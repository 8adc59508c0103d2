import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openOutbox } from '../../../../../notify/channels/mail/outbox.ts';
import type { MailTransport } from '../../../../../notify/channels/mail/port.ts';
import { Health } from '../../../../../runtime/health.ts';
import { mailOf, NOON } from '../../../../support/alarms.ts';

const DAY = 86_400_000;
const options = { keepMs: 30 * DAY, removalClock: () => NOON, logger: pino({ level: 'silent' }), health: new Health(), mailsMax: 100 };
let data: string;
let folder: string;
let outbox: MailTransport;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'outbox-place-'));
  folder = join(data, 'outbox');
});
afterEach(async () => {
  vi.useRealTimers();
  await outbox.close();
  await rm(data, { recursive: true, force: true });
});

/** Whether this process may mount: then another disk is one. */
function mayMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

interface Way {
  readonly name: string;
  away(): Promise<unknown>;
  back(): Promise<unknown>;
  /** Where a mail would have landed. */
  readonly there: () => string;
}

const mounted = (over: () => string): Pick<Way, 'away' | 'back'> => ({
  away: async () => {
    await mkdir(join(data, 'other'));
    execFileSync('mount', ['--bind', join(data, 'other'), over()]);
  },
  back: async () => execFileSync('umount', [over()]),
});

const ways: readonly Way[] = [
  {
    name: 'was moved, and another folder is there',
    away: async () => {
      await rename(folder, `${folder}.moved`);
      await mkdir(folder);
    },
    back: async () => {
      await rm(folder, { recursive: true });
      await rename(`${folder}.moved`, folder);
    },
    there: () => folder,
  },
  {
    name: 'was moved, and nothing is there',
    away: () => rename(folder, `${folder}.moved`),
    back: () => rename(`${folder}.moved`, folder),
    there: () => data,
  },
  ...(mayMount() ? [{ name: 'is under another disk', ...mounted(() => folder), there: () => folder }] : []),
];

describe.each(ways)('an outbox whose folder $name', ({ away, back, there }) => {
  it('takes no mail until it is back, and then every one', async () => {
    outbox = await openOutbox(folder, options);
    await outbox.send(mailOf('m1'));
    await away();
    try {
      const before = await readdir(there());
      for (const id of ['m2', 'm3'])
        await expect(outbox.send(mailOf(id))).rejects.toMatchObject({
          name: 'TransientError',
          code: 'mail-deferred',
          message: expect.stringMatching(/^the outbox was moved or replaced/),
        });
      expect(await readdir(there())).toEqual(before);
    } finally {
      await back();
    }
    for (const id of ['m2', 'm3']) await outbox.send(mailOf(id));
    expect(await readdir(folder)).toHaveLength(3);
  });
});

describe('an outbox', () => {
  it('is not sure of a mail if its folder went away while it was written', async () => {
    outbox = await openOutbox(folder, options);
    let moved = false;
    const sent = outbox.send(mailOf('m1')).then(
      () => 'sent',
      (error: Error) => error.message,
    );
    while (!moved) {
      await new Promise((resolve) => setImmediate(resolve));
      moved = (await readdir(folder)).length > 0;
    }
    await rename(folder, `${folder}.moved`);
    await mkdir(folder);
    const outcome = await sent;
    // Whichever was first: a mail that counts as sent is in the folder that is known.
    if (outcome === 'sent') expect((await readdir(`${folder}.moved`)).filter((name) => name.endsWith('.eml'))).toHaveLength(1);
    else expect(outcome).toMatch(/^the outbox /);
  });

  it('uses a folder that somebody made after removing it', async () => {
    outbox = await openOutbox(folder, options);
    await rm(folder, { recursive: true });
    await mkdir(folder);
    await outbox.send(mailOf());
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('uses what is at its path after a restart', async () => {
    outbox = await openOutbox(folder, options);
    await rename(folder, `${folder}.moved`);
    await mkdir(folder);
    await outbox.close();
    outbox = await openOutbox(folder, options);
    await outbox.send(mailOf());
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('removes nothing from another folder at its path', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    outbox = await openOutbox(folder, options);
    await rename(folder, `${folder}.moved`);
    await mkdir(folder);
    const old = join(folder, 'old.eml');
    await writeFile(old, 'x');
    await utimes(old, new Date(NOON - 99 * DAY), new Date(NOON - 99 * DAY));
    vi.advanceTimersByTime(3_600_000);
    await outbox.close();
    expect(await readdir(folder)).toEqual(['old.eml']);
  });
});
