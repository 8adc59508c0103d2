/** Bounds the outbox. A notice is shown long before it is full; once it is, lesser mails wait until some are fetched. None is removed. */
import { readdir } from 'node:fs/promises';
import type { Lane } from '../../../alarm/lane.ts';
import { counted } from '../../../runtime/counted.ts';
import { TransientError } from '../../../runtime/errors.ts';
import type { Health } from '../../../runtime/health.ts';

const PART = 'outbox';
/** Health shows a notice when this share of the room is used. */
const NOTICE_SHARE = 0.8;
const RECOUNT_AFTER_MS = 1_000;
/** Multiples of the room for lesser mails: when these have filled it, there is still room for a fire. Strangers never fill it. */
const SHARES: Readonly<Record<Lane, number>> = { CRITICAL: 3, MAJOR: 2, MINOR: 1, WARNING: 1, QUARANTINED: 1 / 2 };

export class OutboxRoom {
  readonly #folder: string;
  readonly #mailsMax: number;
  readonly #health: Health;
  /** Number of mails in the folder: between two counts an upper bound, if only this process writes. */
  #mails = 0;
  /** Mails accepted since the start. */
  #accepted = 0;
  #countedAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, mailsMax: number, health: Health) {
    this.#folder = folder;
    this.#mailsMax = mailsMax;
    this.#health = health;
  }

  /** To be called before a mail is written. Rejects with TransientError `mail-deferred` if there is no room for one of this lane. */
  async take(lane: Lane): Promise<void> {
    const max = this.#mailsMax * SHARES[lane];
    // Mails may have been fetched meanwhile; but a folder with that many files isn't read for every attempt.
    if (this.#mails >= max && performance.now() - this.#countedAt >= RECOUNT_AFTER_MS) await this.count();
    if (this.#mails >= max)
      throw new TransientError('mail-deferred', `the outbox is full: ${counted(this.#mails, 'mail waits', 'mails wait')} to be fetched`);
    this.#mails += 1;
    this.#accepted += 1;
    if (this.#mails === this.#mailsMax || this.#mails === this.#noticeFrom) this.#report();
  }

  /** Counts the mails in the folder. Rejects as the file system does. */
  async count(): Promise<void> {
    const before = this.#accepted;
    const found = await mailsIn(this.#folder);
    // A mail accepted meanwhile may or may not be among them.
    this.#mails = found + this.#accepted - before;
    this.#countedAt = performance.now();
    this.#report();
  }

  /** This many mails were removed for their age. */
  removed(mails: number): void {
    this.#mails = Math.max(0, this.#mails - mails);
    this.#report();
  }

  /** To be called from time to time: clears the notice when mails were fetched. Never rejects. */
  async recount(): Promise<void> {
    if (this.#mails < this.#noticeFrom) return;
    await this.count().catch(() => undefined);
  }

  get #noticeFrom(): number {
    return Math.ceil(this.#mailsMax * NOTICE_SHARE);
  }

  #report(): void {
    const what = `${counted(this.#mails, 'mail waits', 'mails wait')} in the outbox, which takes ${this.#mailsMax}: fetch or remove what is there`;
    const full = this.#mails >= this.#mailsMax;
    this.#health.report(PART, full ? `${what}; until then mails of severity MINOR and WARNING are put off` : undefined);
    this.#health.notice(PART, this.#mails >= this.#noticeFrom && !full ? what : undefined);
  }
}

/** Number of mails in the folder. Rejects as the file system does. */
async function mailsIn(folder: string): Promise<number> {
  return (await readdir(folder)).filter((name) => name.endsWith('.eml')).length;
}
