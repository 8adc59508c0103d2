import { compareLane, type Lane } from '../alarm/lane.ts';
import type { Clock } from '../runtime/clock.ts';
import { counted } from '../runtime/counted.ts';
import { reasonOf, TransientError } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';

const PART = 'mailer';
/** It is a problem if there are unfinished mails and none was handed over for this long. */
const STALLED_AFTER_MS = 30_000;

/** The mailer's health; each change is logged once, not every attempt. */
export class MailerHealth {
  readonly #health: Health;
  readonly #logger: Logger;
  readonly #clock: Clock;
  #lastProgress: number;
  #fault: unknown;
  /** Work on the log that failed and has not succeeded since, with the reason: one part of the log may answer while another doesn't. */
  readonly #away = new Map<object, string>();
  #problem: string | undefined;

  constructor(health: Health, logger: Logger, clock: Clock) {
    this.#health = health;
    this.#logger = logger;
    this.#clock = clock;
    this.#lastProgress = clock();
  }

  /** There are mails to send again. */
  busy(): void {
    this.#lastProgress = this.#clock();
  }

  finished(): void {
    this.#lastProgress = this.#clock();
    if (this.#fault !== undefined) this.#logger.info('mails go out again');
    this.#fault = undefined;
  }

  deferred(error: unknown): void {
    if (this.#fault === undefined) this.#logger.warn({ reason: reasonOf(error) }, 'a mail could not be handed over, trying again');
    this.#fault = error;
  }

  /** Work on the log failed; `logBack` with the same object says that it succeeded. */
  logAway(work: object, error: unknown): void {
    if (this.#away.size === 0) this.#logger.warn({ reason: reasonOf(error) }, 'the log does not answer, trying again');
    this.#away.set(work, reasonOf(error));
    this.#report();
  }

  /** The work succeeded, or is no longer tried. */
  logBack(work: object): void {
    if (this.#away.delete(work)) this.#report();
  }

  /** Updates health; to be called several times a second. `waitingForTurn`: lane of the next mail, if only the rate holds it back. */
  check(unfinished: number, waitingForTurn?: Lane): void {
    const word = unfinished === 0 ? undefined : this.#wordOn(unfinished, waitingForTurn);
    // The rate is somebody's choice, and time ends the wait: lesser mails that wait for it are no fault, a fire's mail that does is.
    const chosen = this.#fault === undefined && waitingForTurn !== undefined && compareLane(waitingForTurn, 'MAJOR') > 0;
    const problem = chosen ? undefined : word;
    if (problem && !this.#problem) this.#logger.error({ reason: problem }, 'alarms are not mailed');
    this.#problem = problem;
    this.#health.notice(PART, chosen ? word : undefined);
    this.#report();
  }

  #wordOn(unfinished: number, waitingForTurn: Lane | undefined): string | undefined {
    const held = waitingForTurn === undefined ? 'no answer' : 'TOCSIN_MAIL_RATE lets no more go yet';
    const reason = this.#fault === undefined ? held : reasonOf(this.#fault);
    if (this.#fault instanceof TransientError && this.#fault.code === 'mail-misconfigured')
      return `the mail server refuses all mails, see the mail settings: ${reason}`;
    if (this.#clock() - this.#lastProgress > STALLED_AFTER_MS)
      return `${counted(unfinished, 'mail waits', 'mails wait')}, none could be handed over for 30 s: ${reason}`;
    return undefined;
  }

  #report(): void {
    this.#health.report(PART, [...this.#away.values()][0] ?? this.#problem);
  }
}
