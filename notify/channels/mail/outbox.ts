/** Mails as files, one `.eml` each, for those who have no mail server or fetch them with a tool of their own. */
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import MailComposer from 'nodemailer/lib/mail-composer';
import { reasonOf, TransientError } from '../../../runtime/errors.ts';
import type { Health } from '../../../runtime/health.ts';
import type { Logger } from '../../../runtime/logging.ts';
import type { RemovalClock } from '../../../runtime/removal-clock.ts';
import { OneAtATime } from '../../../processor/one-at-a-time.ts';
import { messageOf } from './message.ts';
import { OutboxRoom } from './outbox-room.ts';
import type { Mail, MailTransport } from './port.ts';

export interface OutboxOptions {
  /** Files older than this are removed, ms. */
  readonly keepMs: number;
  readonly removalClock: RemovalClock;
  readonly logger: Logger;
  readonly health: Health;
  /** From so many on lesser mails are put off; graver ones from twice and three times as many. */
  readonly mailsMax: number;
}

const RECOUNT_EVERY_MS = 60_000;
const PRUNE_EVERY_MS = 3_600_000;
const NAME_MAX = 200;
const PARTIAL = '.part';

/**
 * A file appears complete and durable under a name that sorts by time and is the mail's own: the same mail again replaces itself.
 * `send` rejects with TransientError `mail-deferred` where the folder can't be written, or is full. Only age removes a mail.
 */
export async function openOutbox(folder: string, options: OutboxOptions): Promise<MailTransport> {
  const room = new OutboxRoom(folder, options.mailsMax, options.health);
  const prune = () =>
    pruneFolder(folder, options, room).catch((error: unknown) =>
      options.logger.warn({ folder, reason: reasonOf(error) }, 'old mails could not be removed from the outbox'),
    );
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => Promise.reject(unwritable(folder, error)));
  await room.count().catch((error: unknown) => Promise.reject(unwritable(folder, error)));
  let pruning = prune();
  const writes = new OneAtATime();
  const sync = shared(() => syncFolder(folder));
  const timer = setInterval(() => {
    pruning = prune();
  }, PRUNE_EVERY_MS).unref();
  const recount = setInterval(() => void room.look(), RECOUNT_EVERY_MS).unref();
  return {
    send: async (mail) => {
      const name = fileName(mail);
      // Lines end with CRLF everywhere, as RFC 5322 has it: a mail server does that by itself, a file needs it done.
      const bytes = await new MailComposer({ ...messageOf(mail), newline: 'windows' }).compile().build();
      try {
        // One at a time: each waits for the disk, and so do the log's commits beside it.
        await writes.run(async () => {
          await room.take(mail.severity);
          await writeWhole(folder, name, bytes);
        });
        await sync();
      } catch (error) {
        throw error instanceof TransientError ? error : unwritable(folder, error);
      }
      return { reply: `outbox/${name}` };
    },
    close: async () => {
      clearInterval(timer);
      clearInterval(recount);
      await pruning;
    },
  };
}

/** `20261124T133250123Z-<id>.raised.eml` */
function fileName({ date, messageId }: Mail): string {
  const id = messageId.replace(/^<|@[^@]*$/g, '').replace(/[^A-Za-z0-9_.=~-]/g, '_');
  return `${date.toISOString().replace(/[-:.]/g, '')}-${id.slice(0, NAME_MAX)}.eml`;
}

/** Written aside, and on disk before it is renamed. */
async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
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
    await rm(aside, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Work that serves all who asked before it began: those who ask while it runs share the next run. */
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
  // Windows can't open a folder; there the rename is as durable as it gets.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes, while there is a time to go by, what is too old and what a crash left half written. */
async function pruneFolder(folder: string, { keepMs, removalClock }: OutboxOptions, room: OutboxRoom): Promise<void> {
  const names = await readdir(folder);
  const mails = names.filter((name) => name.endsWith('.eml'));
  const now = removalClock();
  if (now === undefined) return;
  room.removed(await removeOlder(folder, mails, now - keepMs));
  // Another mail may be half written right now.
  const partial = names.filter((name) => name.endsWith(`.eml${PARTIAL}`));
  await removeOlder(folder, partial, now - PRUNE_EVERY_MS);
}

async function removeOlder(folder: string, names: readonly string[], before: number): Promise<number> {
  let removed = 0;
  for (const name of names) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    // One that was written while the machine's clock was far behind is as old as its name says.
    if (!found || Math.max(found.mtimeMs, timeIn(name)) >= before) continue;
    await rm(join(folder, name), { force: true });
    removed += 1;
  }
  return removed;
}

/** The time that a file is named by, 0 where there is none. */
function timeIn(name: string): number {
  const [, year, month, day, hour, minute, second, ms] = /^\.?(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-/.exec(name) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`) || 0;
}

function unwritable(folder: string, error: unknown): TransientError {
  return new TransientError('mail-deferred', `the outbox ${folder} cannot be written`, { cause: error });
}
