/** Writes mails as files, one `.eml` each, for installations without a mail server, or with a tool of their own that fetches them. */
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import MailComposer from 'nodemailer/lib/mail-composer';
import { reasonOf, TransientError } from '../../../runtime/errors.ts';
import type { Health } from '../../../runtime/health.ts';
import type { Logger } from '../../../runtime/logging.ts';
import type { RemovalClock } from '../../../runtime/removal-clock.ts';
import { OneAtATime } from '../../../processor/one-at-a-time.ts';
import { messageOf } from './message.ts';
import { laneOf } from '../../../alarm/lane.ts';
import { OutboxPlace } from './outbox-place.ts';
import { OutboxRoom } from './outbox-room.ts';
import type { Mail, MailTransport } from './port.ts';

export interface OutboxOptions {
  /** Files older than this are removed, ms. */
  readonly keepMs: number;
  readonly removalClock: RemovalClock;
  readonly logger: Logger;
  readonly health: Health;
  /** With this many mails MINOR and WARNING ones are put off; MAJOR ones with twice, CRITICAL ones with three times as many. */
  readonly mailsMax: number;
}

const RECOUNT_EVERY_MS = 60_000;
const PRUNE_EVERY_MS = 3_600_000;
const NAME_MAX = 200;
const PARTIAL = '.part';

/**
 * A file appears complete and durable, under a name that sorts by time and depends only on the mail: the same mail replaces itself.
 * `send` rejects with TransientError `mail-deferred` if the folder can't be written, is full, or another one is at
 * its path. Mails are removed only for their age.
 */
export async function openOutbox(folder: string, options: OutboxOptions): Promise<MailTransport> {
  const room = new OutboxRoom(folder, options.mailsMax, options.health);
  const place = new OutboxPlace(folder);
  const prune = async () => {
    if (place.isElsewhere) return;
    await pruneFolder(folder, options, room).catch((error: unknown) =>
      options.logger.warn({ folder, reason: reasonOf(error) }, 'old mails could not be removed from the outbox'),
    );
  };
  await place.open().catch((error: unknown) => Promise.reject(unwritable(folder, error)));
  await room.count().catch((error: unknown) => {
    place.close();
    throw unwritable(folder, error);
  });
  let pruning = prune();
  const writes = new OneAtATime();
  const sync = shared(() => syncFolder(folder));
  const timer = setInterval(() => {
    pruning = prune();
  }, PRUNE_EVERY_MS).unref();
  const recount = setInterval(() => {
    if (!place.isElsewhere) void room.recount();
  }, RECOUNT_EVERY_MS).unref();
  return {
    send: async (mail) => {
      const name = fileName(mail);
      // RFC 5322 requires CRLF; SMTP converts line ends by itself, a file needs it done.
      const bytes = await new MailComposer({ ...messageOf(mail), newline: 'windows' }).compile().build();
      try {
        // One at a time: each write waits for the disk, and so do the log's commits.
        await writes.run(async () => {
          await place.take();
          await room.take(laneOf(mail));
          await writeWhole(folder, name, bytes);
        });
        await sync();
        place.check();
      } catch (error) {
        throw error instanceof TransientError ? error : unwritable(folder, error);
      }
      return { reply: `outbox/${name}` };
    },
    close: async () => {
      clearInterval(timer);
      clearInterval(recount);
      await pruning;
      place.close();
    },
  };
}

/** `20261124T133250123Z-<id>.raised.eml` */
function fileName({ date, messageId }: Mail): string {
  const id = messageId.replace(/^<|@[^@]*$/g, '').replace(/[^A-Za-z0-9_.=~-]/g, '_');
  return `${date.toISOString().replace(/[-:.]/g, '')}-${id.slice(0, NAME_MAX)}.eml`;
}

/** Writes another file first, which is on disk before it is renamed. */
async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const aside = join(folder, `.${name}${PARTIAL}`);
  try {
    const file = await open(aside, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, join(folder, name));
  } catch (error) {
    await rm(aside).catch(() => undefined);
    throw error;
  }
}

/** Runs `work` for all callers that asked before it began; callers during a run share the next one. */
function shared(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return () => {
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        running = work();
        return running;
      });
    return next;
  };
}

async function syncFolder(folder: string): Promise<void> {
  // Windows can't open a folder; there the rename can't be made more durable.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes old mails and files that a crash left half written, if the clock is trusted. */
async function pruneFolder(folder: string, { keepMs, removalClock }: OutboxOptions, room: OutboxRoom): Promise<void> {
  const names = await readdir(folder);
  const mails = names.filter((name) => name.endsWith('.eml'));
  const now = removalClock();
  if (now === undefined) return;
  room.removed(await removeOlder(folder, mails, now - keepMs));
  // Another mail may be half written at this moment.
  const partial = names.filter((name) => name.endsWith(`.eml${PARTIAL}`));
  await removeOlder(folder, partial, now - PRUNE_EVERY_MS);
}

async function removeOlder(folder: string, names: readonly string[], before: number): Promise<number> {
  let removed = 0;
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    // A file that was written while the machine's clock was far behind is as old as its name says.
    if (!found || Math.max(found.mtimeMs, timeIn(name)) >= before) continue;
    await rm(join(folder, name), { force: true });
    removed += 1;
  }
  return removed;
}

/** The time in a file's name, epoch ms; 0: none. */
function timeIn(name: string): number {
  const [, year, month, day, hour, minute, second, ms] = /^\.?(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-/.exec(name) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`) || 0;
}

function unwritable(folder: string, error: unknown): TransientError {
  return new TransientError('mail-deferred', `the outbox ${folder} cannot be written`, { cause: error });
}
