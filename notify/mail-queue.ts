/**
 * The unfinished mails: which one is next, how many at a time, when to try again.
 *   waiting its turn (an earlier mail of the same alarm is unfinished) → ready → under way → finished
 *                                                                         ↑         ↓ put off
 *                                                                         └── backing off
 * The gravest go first, those of quarantined alarms last; one that is graver than all under way gets an extra place if all are taken, so that it waits for none of them.
 * A mail that is put off holds up no other. When several different mails in a row are put off, the fault is the server's: then one mail at a
 * time tries it, with backoff, and the first success releases all of them. A graver mail tries at once even if lesser ones were put off.
 */
import type { Severity } from '../alarm/severity.ts';
import { type BackoffSettings, backoffMs } from '../runtime/backoff.ts';
import { compareLane, LANES, type Lane, laneOf } from '../alarm/lane.ts';
import type { Turn, Turns } from './channels/mail/port.ts';

export interface QueuedMail {
  readonly alarm: string;
  readonly severity: Severity;
  readonly quarantined?: true | undefined;
  /** How many times it was put off. */
  deferrals: number;
}

export interface MailQueueOptions<M extends QueuedMail> {
  readonly concurrency: number;
  /** Where mails in a span are bounded: none is begun without a turn, so that until then a graver one may still take its place. */
  readonly turns?: Turns | undefined;
  /** Resolves when the mail is finished, one way or the other; rejects if it must be tried again. */
  readonly send: (mail: M, turn?: Turn) => Promise<void>;
  readonly onDeferred: (mail: M, error: unknown) => void;
  readonly onFinished: (mail: M) => void;
  readonly backoff?: MailBackoff | undefined;
}

export interface MailBackoff {
  /** Before a mail that was put off is tried again. */
  readonly again: BackoffSettings;
  /** Before a server that is at fault is tried again; the maximum bounds how long alarms wait after it is back. */
  readonly outage: BackoffSettings;
}

const BACKOFF: MailBackoff = { again: { firstMs: 100, maxMs: 15_000 }, outage: { firstMs: 200, maxMs: 5_000 } };

export class MailQueue<M extends QueuedMail> {
  readonly #options: MailQueueOptions<M>;
  readonly #backoff: MailBackoff;
  /** Unfinished mails of an alarm, oldest first: only the first of them may be sent. */
  readonly #lanes = new Map<string, M[]>();
  readonly #ready: Readonly<Record<Lane, M[]>>;
  readonly #backingOff = new Map<M, NodeJS.Timeout>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #sending = new Set<M>();
  /** Mails under way that must not be tried again. */
  readonly #dropped = new Set<M>();
  /** Different mails that were put off since the last success. */
  readonly #failing = new Set<M>();
  #failuresInOutage = 0;
  /** How many times a mail was put off by its own fault; failures of an outage are forgotten with it. */
  #ownFailures = new WeakMap<M, number>();
  #pause: NodeJS.Timeout | undefined;
  readonly #unfinished: Record<Lane, number> = { CRITICAL: 0, MAJOR: 0, MINOR: 0, WARNING: 0, QUARANTINED: 0 };
  #stopped = false;
  #waitingForTurn: Lane | undefined;
  #wake: (() => void) | undefined;

  constructor(options: MailQueueOptions<M>) {
    this.#options = options;
    this.#backoff = options.backoff ?? BACKOFF;
    this.#ready = Object.fromEntries(LANES.map((lane) => [lane, [] as M[]])) as Record<Lane, M[]>;
  }

  get unfinished(): number {
    return LANES.reduce((sum, lane) => sum + this.#unfinished[lane], 0);
  }

  unfinishedOf(lane: Lane): number {
    return this.#unfinished[lane];
  }

  /** Whether so many different mails in a row were put off that the server is at fault, not the mails. */
  get outage(): boolean {
    return this.#failing.size >= Math.max(2, this.#options.concurrency);
  }

  /** Lane of the mail that is next and may not go yet, since too many went in the span; undefined: none waits for that. */
  get waitingForTurn(): Lane | undefined {
    return this.#waitingForTurn;
  }

  add(mail: M): void {
    this.#unfinished[laneOf(mail)] += 1;
    const lane = this.#lanes.get(mail.alarm);
    if (lane) lane.push(mail);
    else {
      this.#lanes.set(mail.alarm, [mail]);
      this.#makeReady(mail);
    }
  }

  /** Tries a mail at once that is backing off. */
  hurry(mail: M): void {
    if (!this.#backingOff.has(mail)) return;
    clearTimeout(this.#backingOff.get(mail));
    this.#backingOff.delete(mail);
    this.#makeReady(mail);
  }

  /** Forgets mails that now belong to another process, all of an alarm or none; those under way end, but aren't tried again. */
  drop(isGone: (mail: M) => boolean): void {
    for (const [alarm, lane] of [...this.#lanes]) {
      if (!lane.some(isGone)) continue;
      const underWay = lane.filter((mail) => this.#sending.has(mail));
      for (const mail of lane) if (!underWay.includes(mail)) this.#forget(mail);
      for (const mail of underWay) this.#dropped.add(mail);
      if (underWay.length > 0) this.#lanes.set(alarm, underWay);
      else this.#lanes.delete(alarm);
    }
    // Without the mails that showed it, there is no sign of an outage any more.
    if (this.#pause && !this.outage) this.#resume();
    this.#wake?.();
  }

  /** Resolves once a mail has finished or `ms` have passed. For one caller at a time. */
  changed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Begins no more mails; resolves when none are under way, or after `ms`. */
  async stop(ms: number): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#pause);
    for (const timer of this.#backingOff.values()) clearTimeout(timer);
    this.#wake?.();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([Promise.all(this.#underWay), late]);
    clearTimeout(timer);
  }

  #makeReady(mail: M): void {
    this.#ready[laneOf(mail)].push(mail);
    this.#pump();
  }

  readonly #pump = (): void => {
    this.#waitingForTurn = undefined;
    while (!this.#stopped) {
      const mail = this.#gravest();
      if (!mail || !this.#mayBegin(mail)) return;
      const turn = this.#options.turns?.take(laneOf(mail), this.#pump);
      if (this.#options.turns && !turn) {
        this.#waitingForTurn = laneOf(mail);
        return;
      }
      this.#ready[laneOf(mail)].shift();
      const work = this.#try(mail, turn).finally(() => {
        this.#underWay.delete(work);
        this.#pump();
      });
      this.#underWay.add(work);
    }
  };

  #gravest(): M | undefined {
    for (const lane of LANES) {
      const [mail] = this.#ready[lane];
      if (mail) return mail;
    }
    return undefined;
  }

  #mayBegin(mail: M): boolean {
    if (this.#pause && !isGraverThanAll(mail, this.#failing)) return false;
    const places = this.#pause ? 0 : this.outage ? 1 : this.#options.concurrency;
    return this.#underWay.size < places || isGraverThanAll(mail, this.#sending);
  }

  async #try(mail: M, turn: Turn | undefined): Promise<void> {
    this.#sending.add(mail);
    const failure = await this.#options.send(mail, turn).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    turn?.giveBack();
    this.#sending.delete(mail);
    const dropped = this.#dropped.delete(mail);
    if (!failure) this.#finished(mail);
    else if (dropped) this.#endOfLane(mail);
    else if (!this.#stopped) this.#deferred(mail, failure.error);
  }

  #forget(mail: M): void {
    this.#unfinished[laneOf(mail)] -= 1;
    clearTimeout(this.#backingOff.get(mail));
    this.#backingOff.delete(mail);
    this.#failing.delete(mail);
    const ready = this.#ready[laneOf(mail)];
    const i = ready.indexOf(mail);
    if (i >= 0) ready.splice(i, 1);
  }

  #endOfLane(mail: M): void {
    this.#forget(mail);
    this.#next(mail);
    this.#wake?.();
  }

  #next(mail: M): void {
    const lane = this.#lanes.get(mail.alarm);
    lane?.shift();
    const next = lane?.[0];
    if (next) this.#makeReady(next);
    else this.#lanes.delete(mail.alarm);
  }

  #deferred(mail: M, error: unknown): void {
    const wasOutage = this.outage;
    this.#failing.add(mail);
    this.#options.onDeferred(mail, error);
    mail.deferrals += 1;
    if (!this.outage) {
      const failures = this.#ownFailures.get(mail) ?? 0;
      this.#ownFailures.set(mail, failures + 1);
      const delayMs = backoffMs(failures, this.#backoff.again);
      this.#backingOff.set(
        mail,
        setTimeout(() => this.hurry(mail), delayMs),
      );
      return;
    }
    if (!wasOutage) this.#failuresInOutage = 0;
    // The pause is for all mails; the one that was put off goes to the end of its queue.
    this.#ready[laneOf(mail)].push(mail);
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => this.#resume(), backoffMs(this.#failuresInOutage, this.#backoff.outage));
    this.#failuresInOutage += 1;
  }

  #resume(): void {
    clearTimeout(this.#pause);
    this.#pause = undefined;
    this.#pump();
  }

  #finished(mail: M): void {
    this.#unfinished[laneOf(mail)] -= 1;
    const wasOutage = this.outage;
    this.#failing.clear();
    clearTimeout(this.#pause);
    this.#pause = undefined;
    if (wasOutage) {
      this.#ownFailures = new WeakMap();
      for (const waiting of [...this.#backingOff.keys()]) this.hurry(waiting);
    }
    this.#next(mail);
    this.#options.onFinished(mail);
    this.#wake?.();
  }
}

function isGraverThanAll(mail: QueuedMail, others: Iterable<QueuedMail>): boolean {
  for (const other of others) if (compareLane(laneOf(mail), laneOf(other)) >= 0) return false;
  return true;
}
