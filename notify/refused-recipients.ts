/** Recipients that the server refused while it accepted the mail for others: tried again for a while, then parked and reported. */
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';
import { PermanentError, reasonOf } from '../runtime/errors.ts';
import { type Handover, type Mail, type MailTransport, namesOf, type RefusedRecipient } from './channels/mail/port.ts';
import type { AlarmMail } from './mail-delivery.ts';
import type { MailerMetrics } from './mailer-metrics.ts';

export interface RefusedRecipientsDeps {
  readonly transport: MailTransport;
  readonly logger: Logger;
  readonly health: Health;
  readonly metrics: MailerMetrics;
  /** Writes to DEAD that these recipients did not get the mail. */
  readonly park: (mail: AlarmMail, reason: string) => Promise<void>;
  /** Writes to DELIVERY that recipients got the mail later than the others. */
  readonly record: (mail: AlarmMail, reply: string) => Promise<void>;
}

interface Waiting {
  readonly mail: AlarmMail;
  readonly composed: Mail;
  readonly refused: readonly RefusedRecipient[];
  readonly attempt: number;
}

/** Greylisting and full mailboxes commonly last that long. */
const DELAYS_MS = [60_000, 300_000, 900_000, 3_600_000];
/** Each keeps its mail in memory, some 10 KB. */
const WAITING_MAX = 1_000;
const PART = 'mail recipients';
export const NOT_PARKED = 'recipients that the mail server refused could not be parked';

/**
 * The mail itself counts as handed over, so that neither the queue nor the other recipients wait, and nobody gets it twice. 4xx: only the refused
 * recipients are tried again, four times within some 80 minutes. 5xx, or still refused then, or when the mailer stops: parked in DEAD. Those that
 * wait are lost to a crash; DELIVERY names them.
 */
export class RefusedRecipients {
  readonly #deps: RefusedRecipientsDeps;
  readonly #delaysMs: readonly number[];
  readonly #waiting = new Map<Waiting, NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  /** The last refusal of each recipient that hasn't got a mail since. */
  readonly #unreached = new Map<string, string>();
  #stopped = false;

  constructor(deps: RefusedRecipientsDeps, delaysMs: readonly number[] = DELAYS_MS) {
    this.#deps = deps;
    this.#delaysMs = delaysMs;
  }

  /** To be called after every hand-over, even without refusals. Rejects only if the log accepts nothing until the mailer stops. */
  async settle(mail: AlarmMail, composed: Mail, { refused = [] }: Handover, attempt = 0): Promise<void> {
    this.#note(composed.only ?? composed.to, refused);
    if (refused.length === 0) return;
    this.#deps.metrics.refusedRecipients.inc(refused.length);
    const later = refused.filter(({ permanent }) => !permanent);
    const mayWait = attempt < this.#delaysMs.length && this.#waiting.size < WAITING_MAX && !this.#stopped;
    const given = mayWait ? refused.filter(({ permanent }) => permanent) : refused;
    if (mayWait && later.length > 0) this.#wait({ mail, composed, refused: later, attempt });
    if (given.length > 0) await this.#park(mail, given);
  }

  /** Parks the recipients that wait. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#underWay);
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    for (const { mail, refused } of this.#waiting.keys()) await this.#park(mail, refused);
    this.#waiting.clear();
  }

  #wait(waiting: Waiting): void {
    const again = (): void => {
      this.#waiting.delete(waiting);
      const work = this.#again(waiting)
        .catch((error: unknown) => this.#deps.logger.error({ reason: reasonOf(error) }, NOT_PARKED))
        .finally(() => this.#underWay.delete(work));
      this.#underWay.add(work);
    };
    this.#waiting.set(waiting, setTimeout(again, this.#delaysMs[waiting.attempt]));
  }

  async #again({ mail, composed, refused, attempt }: Waiting): Promise<void> {
    const only = refused.map(({ recipient }) => recipient);
    const some = { ...composed, only };
    let handover: Handover;
    try {
      handover = await this.#deps.transport.send(some);
    } catch (error) {
      const permanent = error instanceof PermanentError;
      const still = only.map((recipient) => ({ recipient, reply: reasonOf(error), permanent }));
      return this.settle(mail, some, { reply: '', refused: still }, attempt + 1);
    }
    const reached = only.filter((recipient) => !handover.refused?.some((one) => one.recipient === recipient));
    await this.#deps.record(mail, `${reached.join(', ')}: ${handover.reply}`);
    await this.settle(mail, some, handover, attempt + 1);
  }

  async #park(mail: AlarmMail, refused: readonly RefusedRecipient[]): Promise<void> {
    await this.#deps.park(mail, `the others got it; refused for ${namesOf(refused)}`);
    this.#deps.metrics.recipientsParked.inc(refused.length);
  }

  /** Logs and reports a refused recipient once, until it gets a mail again. */
  #note(tried: readonly string[], refused: readonly RefusedRecipient[]): void {
    if (refused.length === 0 && this.#unreached.size === 0) return;
    for (const recipient of tried) if (!refused.some((one) => one.recipient === recipient)) this.#unreached.delete(recipient);
    for (const { recipient, reply } of refused) {
      if (!this.#unreached.has(recipient)) this.#deps.logger.error({ recipient, reply }, 'the mail server refuses a recipient');
      this.#unreached.set(recipient, reply);
    }
    // Callers of health need not know who gets the mails.
    const replies = [...new Set(this.#unreached.values())].join(', ');
    const problem = `the mail server refuses ${this.#unreached.size} of the recipients (${replies}); the log and DEAD say whom`;
    this.#deps.health.report(PART, this.#unreached.size === 0 ? undefined : problem);
  }
}
