/** How many mails the outbox takes: it is told long before it is full, lesser mails then wait for whoever fetches them, and none is removed. */
import { readdir } from 'node:fs/promises';
import type { Severity } from '../../../alarm/severity.ts';
import { TransientError } from '../../../runtime/errors.ts';
import type { Health } from '../../../runtime/health.ts';

const PART = 'outbox';
/** Part of the room from which on it is told. */
const TOLD_FROM = 0.8;
const RECOUNT_AFTER_MS = 1_000;
/** Times the room for lesser mails: what lesser ones have filled has a place left for a fire. */
const SHARES: Readonly<Record<Severity, number>> = { CRITICAL: 3, MAJOR: 2, MINOR: 1, WARNING: 1 };

export class OutboxRoom {
  readonly #folder: string;
  readonly #mailsMax: number;
  readonly #health: Health;
  /** An upper bound between two countings, as far as this process writes. */
  #mails = 0;
  /** Mails taken since the start. */
  #taken = 0;
  #countedAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, mailsMax: number, health: Health) {
    this.#folder = folder;
    this.#mailsMax = mailsMax;
    this.#health = health;
  }

  /** Before a mail is written. Rejects with TransientError `mail-deferred` where there is no room for one of the severity. */
  async take(severity: Severity): Promise<void> {
    const max = this.#mailsMax * SHARES[severity];
    // They may have been fetched meanwhile; a folder with so many files isn't read for every attempt.
    if (this.#mails >= max && performance.now() - this.#countedAt >= RECOUNT_AFTER_MS) await this.count();
    if (this.#mails >= max) throw new TransientError('mail-deferred', `the outbox is full: ${this.#mails} mails wait to be fetched`);
    this.#mails += 1;
    this.#taken += 1;
    if (this.#mails === this.#mailsMax || this.#mails === this.#toldFrom) this.#tell();
  }

  /** Counts what lies in the folder. Rejects like the file system. */
  async count(): Promise<void> {
    const before = this.#taken;
    const found = await mailsIn(this.#folder);
    // A mail taken meanwhile may or may not be among them.
    this.#mails = found + this.#taken - before;
    this.#countedAt = performance.now();
    this.#tell();
  }

  /** Mails were removed for their age. */
  removed(mails: number): void {
    this.#mails = Math.max(0, this.#mails - mails);
    this.#tell();
  }

  /** Once in a while: what is told is taken back when they were fetched. Never rejects. */
  async look(): Promise<void> {
    if (this.#mails < this.#toldFrom) return;
    await this.count().catch(() => undefined);
  }

  get #toldFrom(): number {
    return Math.ceil(this.#mailsMax * TOLD_FROM);
  }

  #tell(): void {
    const what = `${this.#mails} mails wait in the outbox, which takes ${this.#mailsMax}: fetch or remove them`;
    const full = this.#mails >= this.#mailsMax;
    this.#health.report(PART, full ? `${what}; until then mails of severity MINOR and WARNING are put off` : undefined);
    this.#health.notice(PART, this.#mails >= this.#toldFrom && !full ? what : undefined);
  }
}

/** Rejects like the file system. */
async function mailsIn(folder: string): Promise<number> {
  return (await readdir(folder)).filter((name) => name.endsWith('.eml')).length;
}
