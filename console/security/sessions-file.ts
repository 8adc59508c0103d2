/** Keeps sessions across a restart, so that nobody has to sign in again in the middle of a fire. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { reasonOf } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logging.ts';
import { replacePrivateFile } from '../../runtime/private-file.ts';
import type { Session, Sessions } from './sessions.ts';
import { ROLES } from './rights.ts';

const FORMAT = 1;
/** How often times of last use are written; starts and ends of sessions are written at once. */
const KEPT_EVERY_MS = 60_000;
const LOOKED_EVERY_MS = 1_000;

const session = z.strictObject({
  key: z.string().regex(/^[\w-]{43}$/),
  role: z.enum(ROLES),
  name: z.string().min(1).max(80),
  mark: z.string().max(64),
  since: z.number(),
  until: z.number(),
  usedAt: z.number(),
});
const file = z.strictObject({ format: z.literal(FORMAT), sessions: z.array(session).max(10_000) });

/** The sessions of an earlier run. Never rejects: if the file cannot be read, everyone signs in again. */
export async function readSessions(path: string, logger: Logger): Promise<readonly Session[]> {
  try {
    return file.parse(JSON.parse(await readFile(path, 'utf8'))).sessions;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      logger.warn({ file: path }, 'the file of sessions cannot be read: everyone must sign in again');
    return [];
  }
}

/** Writes the sessions whenever they change, to a file that only its owner can read. */
export class SessionsFile {
  readonly #path: string;
  readonly #sessions: Sessions;
  readonly #now: () => number;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #kept = { version: 0, at: 0 };
  #writing: Promise<void> = Promise.resolve();
  #fails = false;

  constructor(path: string, sessions: Sessions, now: () => number, logger: Logger) {
    this.#path = path;
    this.#sessions = sessions;
    this.#now = now;
    this.#logger = logger;
    this.#kept = { version: sessions.version, at: now() };
    this.#timer = setInterval(() => this.#keepIfDue(), LOOKED_EVERY_MS);
    this.#timer.unref();
  }

  /** Writes the sessions a last time. Never rejects. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#keep();
    await this.#writing;
  }

  #keepIfDue(): void {
    const { version, at } = this.#kept;
    if (this.#sessions.version !== version || (this.#sessions.size > 0 && this.#now() - at >= KEPT_EVERY_MS)) this.#keep();
  }

  #keep(): void {
    const now = this.#now();
    const text = JSON.stringify({ format: FORMAT, sessions: this.#sessions.all(now) });
    this.#kept = { version: this.#sessions.version, at: now };
    this.#writing = this.#writing.then(() => this.#write(text));
  }

  async #write(text: string): Promise<void> {
    try {
      await replacePrivateFile(this.#path, text);
      this.#fails = false;
    } catch (error) {
      if (!this.#fails)
        this.#logger.warn(
          { file: this.#path, reason: reasonOf(error) },
          'sessions cannot be written to their file: after a restart everyone must sign in again',
        );
      this.#fails = true;
    }
  }
}
