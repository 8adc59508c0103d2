/** The response protocol: a mail for every alarm that is raised or clears. README.md in this folder has the guarantees and the way through the code. */
import type { Registry } from 'prom-client';
import type { TypeSet } from '../alarm/type-set.ts';
import type { MessageLog, RecordBatch, Subscription } from '../message-log/port.ts';
import { textOf } from '../message-log/values.ts';
import { retryForever } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import { reasonOf, retriable } from '../runtime/errors.ts';
import { ConfigurationError } from '../runtime/configuration.ts';
import type { Health } from '../runtime/health.ts';
import type { Running } from '../runtime/lifecycle.ts';
import type { Logger } from '../runtime/logging.ts';
import { letterAbout, park } from '../processor/dead-letters.ts';
import { decodeMailedChange, type MailedChange } from '../records/alarm-event.ts';
import { createClientLookup, type LookupTime } from './client-lookup.ts';
import { startCompletion } from './completion.ts';
import { type MailerConfig, mailerSettings } from './config.ts';
import { deliveryKey, MAILER_GROUP, readLedger } from './deliveries.ts';
import type { Directory } from '../directory/port.ts';
import { LANES, type Lane, laneOf } from '../alarm/lane.ts';
import type { MailTransport } from './channels/mail/port.ts';
import { problemsOfRoutes, recipientsOf } from './channels/mail/routes.ts';
import { type AlarmMail, type DeliveryDeps, deliver, recordLater, recordUndelivered } from './mail-delivery.ts';
import { type MailBackoff, MailQueue } from './mail-queue.ts';
import { MailerHealth } from './mailer-health.ts';
import { mailerMetrics } from './mailer-metrics.ts';
import { Progress, type Step } from './progress.ts';
import { NOT_PARKED, RefusedRecipients } from './refused-recipients.ts';
import { Scout } from './scout.ts';

/** The caller closes `transport` and `directory` after the mailer has stopped. */
export interface MailerDeps {
  readonly log: MessageLog;
  readonly directory: Directory;
  readonly transport: MailTransport;
  /** The types whose labels mails show; routes can name only these. */
  readonly types: TypeSet;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
  readonly limits?: Partial<MailerLimits>;
  /** The time by which a directory that is away is waited for; real time except in tests. */
  readonly lookupTime?: LookupTime;
}

export interface MailerLimits {
  /** Mails of one lane read from ALARM and not finished; about 4 KB each. */
  readonly unfinishedMax: number;
  /** Mails of a partition begun before their turn, finished or not, that reading in order has not reached yet; about 100 bytes each. */
  readonly aheadMax: number;
  /** At most this many records from the oldest unfinished mail to the newest taken in: if that many later ones went out, that mail itself is at fault. */
  readonly spanMax: number;
  /** How long mails under way may take to finish when the mailer stops. */
  readonly drainMs: number;
  /** How long a poll waits on a quiet log: positions are kept and health is reported at least this often. */
  readonly pollWaitMs: number;
  /** Delays after which recipients that the server put off are tried again, one after another. */
  readonly recipientDelaysMs?: readonly number[];
  readonly backoff?: MailBackoff;
}

const LIMITS: MailerLimits = { unfinishedMax: 512, aheadMax: 262_144, spanMax: 16_384, drainMs: 5_000, pollWaitMs: 250 };

/** One partition of ALARM, and its deliveries from before this process. */
interface Partition {
  /** The partition's number in Subscription.assigned. */
  readonly term: number;
  readonly progress: Progress;
  readonly delivered: Map<string, number>;
  /** Offset at which reading in order begins. */
  readonly from: number;
  readonly scouts: ReadonlyMap<Lane, Scout>;
  committed: number;
  ledgerCommitted: number;
}

/** Rejects with ConfigurationError if a route names a type that isn't among `types`, or an alarm would have too many recipients. */
export async function startMailer(config: MailerConfig, deps: MailerDeps): Promise<Running> {
  const names = deps.types.types.map(({ name }) => name);
  const problems = problemsOfRoutes(config.routes, names).map((problem) => `${mailerSettings.routes.name}: ${problem}`);
  if (problems.length > 0) throw new ConfigurationError(problems);
  const logger = deps.logger.child({ consumer: MAILER_GROUP });
  const subscription = await deps.log.subscribe(MAILER_GROUP, ['ALARM', 'DELIVERY']);
  subscription.onGap = (topic, partition, from, to) => {
    if (topic === 'ALARM')
      logger.error({ topic, partition, from, to }, 'alarms were gone before they were mailed: removed by retention, or damaged');
  };
  const mailer = new Mailer(config, { ...deps, logger }, subscription);
  const loop = mailer.run();
  const completion = await startCompletion(mailer.delivery, { ...deps, logger });
  return {
    stop: async () => {
      const stopped = [mailer.stop(loop), completion.stop()];
      // A mail that waits for the rate may wait for an hour; it is in the log, and sent after the next start.
      deps.transport.turns?.close();
      await Promise.all(stopped);
      await subscription.close();
    },
  };
}

class Mailer {
  readonly #config: MailerConfig;
  readonly #deps: MailerDeps;
  readonly #subscription: Subscription;
  readonly #queue: MailQueue<AlarmMail>;
  readonly delivery: DeliveryDeps;
  readonly #health: MailerHealth;
  readonly #refused: RefusedRecipients;
  readonly #limits: MailerLimits;
  readonly #partitions = new Map<number, Partition>();
  /** Unfinished ones. */
  readonly #mails = new WeakMap<Step, AlarmMail>();
  /** Ends the intake of alarms, before mails under way end. */
  readonly #intake = new AbortController();
  readonly #work = new AbortController();

  constructor(config: MailerConfig, deps: MailerDeps, subscription: Subscription) {
    this.#config = config;
    this.#deps = deps;
    this.#subscription = subscription;
    this.#limits = { ...LIMITS, ...deps.limits };
    this.#health = new MailerHealth(deps.health, deps.logger, deps.clock);
    const metrics = mailerMetrics(
      deps.registry,
      () => this.#queue.unfinished,
      () => this.#unread(),
    );
    const { log, transport, clock, logger, health } = deps;
    const frame = { from: config.from, consoleUrl: config.consoleUrl, types: deps.types.types };
    this.#refused = new RefusedRecipients(
      {
        ...{ transport, logger, health, metrics },
        park: (mail, reason) => this.#persist(() => recordUndelivered(mail, reason, { log, clock }), this.#work.signal),
        record: (mail, reply) => this.#persist(() => recordLater(mail, reply, { log, clock, frame }), this.#work.signal),
      },
      this.#limits.recipientDelaysMs,
    );
    this.delivery = {
      ...{ log, transport, clock, logger, metrics, frame },
      find: createClientLookup(
        deps.directory,
        (error) => deps.logger.warn({ reason: reasonOf(error) }, 'clients cannot be looked up; mails go out with what is known'),
        deps.lookupTime,
      ),
      recipients: ({ alarm, event }, holder) => {
        const region = typeof holder === 'string' ? '' : holder.region;
        return recipientsOf(config.routes, config.to, { region, severity: alarm.severity, type: alarm.type, event });
      },
      refusedRecipients: this.#refused,
      persist: (work) => this.#persist(work, this.#work.signal),
    };
    this.#queue = new MailQueue<AlarmMail>({
      concurrency: config.concurrency,
      turns: transport.turns,
      backoff: this.#limits.backoff,
      send: (mail, turn) => deliver(mail, this.delivery, turn),
      onDeferred: (_mail, error) => {
        metrics.deferred.inc();
        this.#health.deferred(error);
      },
      onFinished: ({ step }) => {
        // The step may be kept for long, behind an older one that isn't finished.
        this.#mails.delete(step);
        this.#health.finished();
      },
    });
  }

  async run(): Promise<void> {
    const { signal } = this.#intake;
    while (!signal.aborted) {
      try {
        for (const batch of await this.#persist(() => this.#subscription.poll(this.#limits.pollWaitMs), signal)) {
          // Its own deliveries only wake it: the ledger was read when the partition was assigned.
          await this.#shareOut();
          if (batch.topic === 'ALARM') await this.#takeIn(batch);
        }
        await this.#settle();
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  /** Lets mails under way finish, within bounds, and commits the positions. */
  async stop(loop: Promise<void>): Promise<void> {
    this.#intake.abort(new Error('stopping'));
    await this.#queue.stop(this.#limits.drainMs);
    const drained = setTimeout(() => this.#work.abort(new Error('stopping')), this.#limits.drainMs);
    await this.#refused.stop().catch((error: unknown) => this.#deps.logger.error({ reason: reasonOf(error) }, NOT_PARKED));
    clearTimeout(drained);
    this.#work.abort(new Error('stopping'));
    await loop;
    for (const partition of this.#partitions.values()) {
      await closeScouts(partition);
      // Events after an old position are read again, and found in the ledger.
      await this.#commit(partition).catch((error: unknown) => this.#deps.logger.warn({ reason: reasonOf(error) }, 'position not kept'));
    }
  }

  /** Forgets partitions that went to another process; their mails that aren't under way are no longer sent here. */
  async #shareOut(): Promise<void> {
    const { assigned } = this.#subscription;
    const gone = [...this.#partitions].filter(([number, { term }]) => assigned.get(number) !== term);
    for (const [number] of gone) this.#partitions.delete(number);
    if (gone.length > 0) this.#queue.drop((mail) => !this.#isOurs(mail.progress));
    for (const [, partition] of gone) await closeScouts(partition);
  }

  #isOurs(progress: Progress): boolean {
    return this.#partitions.get(progress.partition)?.progress === progress;
  }

  async #takeIn(batch: RecordBatch): Promise<void> {
    const partition = await this.#partition(batch.partition);
    if (!partition) return;
    const { progress } = partition;
    for (let i = 0; i < batch.length; i += 1) {
      if (!this.#isOurs(progress)) return;
      if (batch.offset(i) < progress.next || progress.reached(batch.offset(i))) continue;
      const value = textOf(batch, i);
      const change = await this.#decode(batch, i, value);
      if (change && (change.event === 'raised' || this.#config.recovery)) await this.#begin(change, value, batch, i, partition);
    }
    progress.passed(batch.nextOffset);
    if (progress.ledgerIsSpent) partition.delivered.clear();
  }

  async #decode(batch: RecordBatch, i: number, text: string): Promise<MailedChange | undefined> {
    const { value, problem } = decodeMailedChange(text, batch.key(i));
    if (problem === undefined) return value;
    const { partition } = batch;
    this.delivery.metrics.parked.inc();
    this.#deps.logger.error({ partition, offset: batch.offset(i), reason: problem }, 'an alarm event could not be read and was parked');
    const letter = letterAbout(batch, i, problem, 'mailer');
    await this.#persist(() => park(this.#deps.log, batch.key(i), this.#deps.clock(), letter), this.#intake.signal);
    return undefined;
  }

  async #begin(change: MailedChange, value: string, batch: RecordBatch, i: number, partition: Partition): Promise<void> {
    const { progress, delivered } = partition;
    const deliveredAt = delivered.get(deliveryKey(change.alarm.id, change.event));
    if (deliveredAt !== undefined) {
      progress.recorded(progress.begin(batch.offset(i)), deliveredAt);
      this.delivery.metrics.known.inc();
      return;
    }
    await this.#room(partition, laneOf(change.alarm));
    if (!this.#isOurs(progress) || progress.reached(batch.offset(i))) return;
    this.#add(change, value, batch.time(i), progress.begin(batch.offset(i)), progress);
  }

  #add(change: MailedChange, value: string, at: number, step: Step, progress: Progress): void {
    const { id: alarm, severity, quarantined, sensor } = change.alarm;
    const mail: AlarmMail = { alarm, severity, quarantined, deferrals: 0, change, sensor, at, value, progress, step };
    this.#mails.set(step, mail);
    if (this.#queue.unfinished === 0) this.#health.busy();
    this.#queue.add(mail);
  }

  /** Waits until another mail of the lane may be begun; meanwhile mails that are as grave or graver are begun before their turn. Throws when stopping. */
  async #room({ progress }: Partition, lane: Lane): Promise<void> {
    const { unfinishedMax, spanMax } = this.#limits;
    while (this.#isOurs(progress) && (this.#queue.unfinishedOf(lane) >= unfinishedMax || progress.span >= spanMax)) {
      const oldest = progress.span >= spanMax && progress.oldest ? this.#mails.get(progress.oldest) : undefined;
      // A mail that was never tried has only waited for graver ones: its turn will come.
      if (oldest && oldest.deferrals > 0) {
        oldest.givenUp ??= `put off ${oldest.deferrals} times while ${spanMax - 1} later ones were taken in`;
        this.#queue.hurry(oldest);
      }
      await this.#takeAhead(LANES.slice(0, LANES.indexOf(lane) + 1));
      await this.#queue.changed(this.#limits.pollWaitMs);
      await this.#settle();
    }
  }

  /** In all partitions, including those that aren't being read in order now. */
  async #takeAhead(lanes: readonly Lane[]): Promise<void> {
    const { unfinishedMax, aheadMax } = this.#limits;
    for (const lane of lanes) {
      for (const number of [...this.#subscription.assigned.keys()]) {
        const partition = await this.#partition(number);
        const scout = partition?.scouts.get(lane);
        if (!partition || !scout) continue;
        const { progress, from } = partition;
        const hasRoom = (): boolean =>
          this.#isOurs(progress) && this.#queue.unfinishedOf(lane) < unfinishedMax && progress.ahead < aheadMax;
        const begin = (batch: RecordBatch, i: number): void => this.#beginAhead(lane, batch, i, partition);
        await this.#persist(() => scout.advance(Math.max(from, progress.next), hasRoom, begin), this.#intake.signal);
      }
    }
  }

  /** Unreadable records, and events in the ledger, are left until their turn. */
  #beginAhead(lane: Lane, batch: RecordBatch, i: number, partition: Partition): void {
    const { progress, delivered } = partition;
    if (progress.isBegun(batch.offset(i))) return;
    const value = textOf(batch, i);
    const { value: change } = decodeMailedChange(value, batch.key(i));
    if (change === undefined || laneOf(change.alarm) !== lane || (change.event !== 'raised' && !this.#config.recovery)) return;
    if (delivered.has(deliveryKey(change.alarm.id, change.event))) return;
    this.#add(change, value, batch.time(i), progress.beginAhead(batch.offset(i)), progress);
  }

  /** Number of records of ALARM, by partition, that haven't been read in order yet. Rejects as the log does. */
  async #unread(): Promise<ReadonlyMap<number, number>> {
    const unread = new Map<number, number>();
    for (const [number, { progress, from }] of this.#partitions) {
      const { next } = await this.#deps.log.bounds('ALARM', number);
      unread.set(number, Math.max(0, next - Math.max(from, progress.next)));
    }
    return unread;
  }

  async #settle(): Promise<void> {
    await this.#shareOut();
    for (const partition of this.#partitions.values()) await this.#persist(() => this.#commit(partition), this.#intake.signal);
    this.#health.check(this.#queue.unfinished, this.#queue.waitingForTurn);
  }

  /** Commits the position in ALARM first: the ledger must cover every event that may be read again. */
  async #commit(partition: Partition): Promise<void> {
    const { progress } = partition;
    const { position, ledgerPosition } = progress;
    if (position > partition.committed) await this.#subscription.commit('ALARM', progress.partition, position);
    partition.committed = position;
    if (ledgerPosition > partition.ledgerCommitted) await this.#subscription.commit('DELIVERY', progress.partition, ledgerPosition);
    partition.ledgerCommitted = ledgerPosition;
  }

  /** Undefined: the partition went to another process meanwhile. */
  async #partition(number: number): Promise<Partition | undefined> {
    const met = this.#partitions.get(number);
    if (met) return met;
    const term = this.#subscription.assigned.get(number);
    if (term === undefined) return undefined;
    const { log } = this.#deps;
    const ledger = await this.#persist(() => readLedger(log, number), this.#intake.signal);
    const from = await this.#persist(() => startIn(log, number), this.#intake.signal);
    const partition = {
      term,
      progress: new Progress(number, ledger),
      delivered: ledger.delivered,
      from,
      scouts: new Map(LANES.map((lane) => [lane, new Scout(log, number, lane)])),
      committed: 0,
      ledgerCommitted: ledger.from,
    };
    this.#partitions.set(number, partition);
    return partition;
  }

  /** Repeats work on the log until it succeeds, or until a stop. */
  async #persist<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await retryForever(
        () => work().catch((error: unknown) => Promise.reject(retriable(error))),
        (error) => this.#health.logAway(work, error),
        signal,
      );
    } finally {
      this.#health.logBack(work);
    }
  }
}

/** Where the subscription begins to read a partition. Rejects as the log does. */
async function startIn(log: MessageLog, partition: number): Promise<number> {
  const { earliest, next } = await log.bounds('ALARM', partition);
  const committed = (await log.committed(MAILER_GROUP, 'ALARM', partition)) ?? earliest;
  return Math.min(Math.max(earliest, committed), next);
}

async function closeScouts({ scouts }: Partition): Promise<void> {
  for (const scout of scouts.values()) await scout.close();
}
