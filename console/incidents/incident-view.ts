import type { Signal } from '../../incident/signal.ts';
import type { RecordBatch } from '../../message-log/port.ts';
import { decodeRecords } from '../../message-log/values.ts';
import { retryForever } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Running } from '../../runtime/lifecycle.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { Follower, Following } from '../live/topic-follower.ts';
import { decodeIncidentRecord, type IncidentNow, type Outcome } from '../../records/incident-record.ts';
import { KnownIncidents } from './known-incidents.ts';
import { Outcomes } from './outcomes.ts';
import { PresencePulse } from './presence-pulse.ts';
import { Shown } from './shown.ts';

/** Topics INCIDENT and SIGNAL, as far as the console needs them. */
export interface IncidentTopics {
  /** Reads INCIDENT from this time on (epoch ms) and goes on; rejects as the log does. */
  follow(since: number, following: Omit<Following, 'topic' | 'from'>): Promise<Follower>;
  /** Appends to SIGNAL; they are in the log once it resolves. Rejects with TransientError, and as the log does otherwise. */
  append(signals: readonly Signal[]): Promise<void>;
}

export interface IncidentViewDeps {
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Logger;
}

export interface IncidentListener {
  /** Called for each change, once everything that was in the log at the start has been read. */
  changed(incident: IncidentNow): void;
  /** Names of the operators who have a page open. */
  operators(): readonly string[];
}

const PRESENCE_EVERY_MS = 20_000;
const PART = 'console-incidents';
const HOUR_MS = 3_600_000;
/** An open incident is written again when its last record is half as old as this: who has read so far back knows all that are open. */
const BACK_MS = 24 * HOUR_MS;
const NONE = 'this installation keeps no incidents: nothing has been written to topic INCIDENT';

/** The incidents, from topic INCIDENT. No alarm depends on it, so its own problems are only notices. */
export class IncidentView implements Running {
  readonly incidents = new KnownIncidents();
  readonly outcomes = new Outcomes();
  readonly shown: Shown;
  readonly #presence: PresencePulse;
  readonly #topics: IncidentTopics | undefined;
  readonly #deps: IncidentViewDeps;
  readonly #listener: IncidentListener;
  readonly #stopping = new AbortController();
  #isRead = false;
  #hasRecords = false;
  #trouble: string | undefined;
  /** Until when something may be missing, or look open that was closed, since a record could not be read; epoch ms. */
  #doubtfulUntil = Number.NEGATIVE_INFINITY;
  #follower: Follower | undefined;
  #beginning: Promise<void> | undefined;
  #pulsing: NodeJS.Timeout | undefined;

  /** `topics`: undefined if there are none. */
  constructor(topics: IncidentTopics | undefined, deps: IncidentViewDeps, listener: IncidentListener) {
    this.#topics = topics;
    this.#deps = deps;
    this.#listener = listener;
    const append = (signals: readonly Signal[]) => this.append(signals);
    this.shown = new Shown(append);
    this.#presence = new PresencePulse(() => listener.operators(), append, deps.clock);
  }

  /** Why there is nothing to show, for whoever asks; undefined: there is. */
  get problem(): string | undefined {
    if (!this.#topics) return NONE;
    if (!this.#isRead) return this.#trouble ?? 'the incidents are being read';
    return this.#hasRecords ? undefined : NONE;
  }

  /** Why what is shown may be wrong, for whoever sees it. */
  get doubt(): string | undefined {
    if (this.#trouble !== undefined) return this.#trouble;
    if (this.#deps.clock() < this.#doubtfulUntil)
      return `some records of incidents could not be read: until ${new Date(this.#doubtfulUntil).toISOString()} incidents may be missing, or shown open although they are closed`;
    const { left } = this.incidents;
    return left === 0 ? undefined : `${left} more incidents are open than the console keeps`;
  }

  start(): void {
    const topics = this.#topics;
    if (!topics) return;
    this.#pulsing ??= setInterval(() => this.#isRead && void this.#presence.pulse(), PRESENCE_EVERY_MS).unref();
    const failed = (error: unknown): void => this.#report(`cannot read the incidents: ${reasonOf(error)}`);
    this.#beginning ??= retryForever(() => this.#begin(topics), failed, this.#stopping.signal).catch((error: unknown) => {
      if (!this.#stopping.signal.aborted) failed(error);
    });
  }

  /** Rejects as `IncidentTopics.append` does. */
  async append(signals: readonly Signal[]): Promise<void> {
    await this.#topics?.append(signals);
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('stopping'));
    clearInterval(this.#pulsing);
    this.outcomes.close();
    await this.#follower?.stop();
    await this.#beginning;
    await this.#follower?.stop();
  }

  async #begin(topics: IncidentTopics): Promise<void> {
    await this.#follower?.stop();
    const { clock, logger } = this.#deps;
    this.#follower = await topics.follow(clock() - BACK_MS, {
      what: 'the incidents',
      report: (problem) => this.#report(problem),
      onBatch: (batch) => this.#take(batch),
      onGap: (partition, first, end) => {
        logger.warn({ partition, first, end }, 'records of incidents were removed from the log before the console read them');
        this.#missed();
      },
      onRecreated: (partition) => {
        logger.error({ partition }, 'topic INCIDENT was created again: it is read from its beginning');
        this.incidents.clear();
      },
    });
    if (this.#stopping.signal.aborted) return;
    await this.#follower.caughtUp;
    this.#isRead = true;
  }

  #take(batch: RecordBatch): void {
    this.#hasRecords = true;
    const { read, unreadable } = decodeRecords(batch, decodeIncidentRecord);
    const outcomes: Outcome[] = [];
    for (const { value } of read) {
      if ('answers' in value) outcomes.push(...value.answers);
      else if (this.incidents.apply(value) && 'incident' in value && this.#isRead) this.#listener.changed(value.incident);
    }
    this.outcomes.hear(outcomes);
    for (const { i, problem } of unreadable)
      this.#deps.logger.warn({ partition: batch.partition, offset: batch.offset(i), problem }, 'a record of an incident cannot be read');
    if (unreadable.length > 0) this.#missed();
  }

  /** After this long every open incident has been written again. */
  #missed(): void {
    this.#doubtfulUntil = this.#deps.clock() + BACK_MS;
    this.#report(this.#trouble);
  }

  #report(problem: string | undefined): void {
    this.#trouble = problem;
    this.#deps.health.notice(PART, this.doubt);
  }
}
