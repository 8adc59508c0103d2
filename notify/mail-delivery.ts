/** One mail from the alarm's change to its record in the ledger. */
import type { MessageLog } from '../message-log/port.ts';
import { park as parkLetter } from '../processor/dead-letters.ts';
import type { MailedChange } from '../records/alarm-event.ts';
import { type DeadLetter, deadLetter } from '../records/dead-letter.ts';
import type { Delivery } from '../records/delivery.ts';
import type { Clock } from '../runtime/clock.ts';
import { PermanentError, reasonOf } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logging.ts';
import { recordDelivery } from './deliveries.ts';
import { composeMail, type Holder, type MailFrame, messageIdOf } from './channels/mail/compose.ts';
import type { MailTransport, Turn } from './channels/mail/port.ts';
import type { QueuedMail } from './mail-queue.ts';
import type { MailerMetrics } from './mailer-metrics.ts';
import type { Progress, Step } from './progress.ts';
import type { RefusedRecipients } from './refused-recipients.ts';

/** A mail to be sent, with the record of ALARM that asks for it. */
export interface AlarmMail extends QueuedMail {
  readonly change: MailedChange;
  readonly sensor: number;
  /** Record time and value. */
  readonly at: number;
  readonly value: string;
  readonly progress: Progress;
  readonly step: Step;
  /** Set if it must not be tried any more: the reason. */
  givenUp?: string;
}

export interface DeliveryDeps {
  readonly log: MessageLog;
  readonly transport: MailTransport;
  readonly find: (sensor: number) => Promise<Holder>;
  readonly frame: Omit<MailFrame, 'to'>;
  /** Who gets the mail. */
  readonly recipients: (change: MailedChange, holder: Holder) => readonly string[];
  readonly refusedRecipients: Pick<RefusedRecipients, 'settle'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MailerMetrics;
  /** Repeats work that the log refused, until it succeeds or the mailer stops. */
  readonly persist: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * Resolves when the mail was handed over, or parked because the server refuses it permanently, and DELIVERY says so.
 * Rejects if it must be tried again; once it is handed over only the log is tried again, never the mail.
 */
export async function deliver(mail: AlarmMail, deps: DeliveryDeps, turn?: Turn): Promise<void> {
  const { change, sensor } = mail;
  if (mail.givenUp !== undefined) return park(mail, mail.givenUp, deps);
  const holder = await deps.find(sensor);
  const composed = composeMail(change, holder, { ...deps.frame, to: deps.recipients(change, holder) });
  let handover: Awaited<ReturnType<MailTransport['send']>>;
  try {
    handover = await deps.transport.send(composed, turn);
  } catch (error) {
    if (error instanceof PermanentError) return park(mail, reasonOf(error), deps);
    throw error;
  }
  const at = deps.clock();
  deps.metrics.mailedSeconds.observe({ event: change.event }, Math.max(0, at - change.at) / 1_000);
  deps.metrics.sent.inc({ event: change.event });
  if (typeof holder === 'string') deps.metrics.withoutClient.inc({ reason: holder });
  const { progress, step } = mail;
  const incomplete = holder === 'unavailable' && change.event === 'raised' && { partition: progress.partition, offset: step.offset };
  const delivery = { ...deliveryOf(mail, deps.frame, at), outcome: 'sent', reply: handover.reply } as const;
  await record(mail, incomplete ? { ...delivery, incomplete } : delivery, deps);
  await deps.refusedRecipients.settle(mail, composed, handover);
}

/** Records that recipients got the mail later than the others; for information, the ledger doesn't need it. */
export async function recordLater(mail: AlarmMail, reply: string, deps: Pick<DeliveryDeps, 'log' | 'frame' | 'clock'>): Promise<void> {
  await recordDelivery(deps.log, { ...deliveryOf(mail, deps.frame, deps.clock()), outcome: 'sent', reply });
}

export async function recordUndelivered(mail: AlarmMail, reason: string, deps: Pick<DeliveryDeps, 'log' | 'clock'>): Promise<void> {
  await parkLetter(deps.log, mail.sensor, deps.clock(), letterOf(mail, reason));
}

async function park(mail: AlarmMail, reason: string, deps: DeliveryDeps): Promise<void> {
  const at = deps.clock();
  deps.metrics.parked.inc();
  deps.logger.error(
    { alarm: mail.alarm, sensor: mail.sensor, reason },
    'a mail was given up; the alarm itself stands, its record is in DEAD',
  );
  await deps.persist(() => parkLetter(deps.log, mail.sensor, at, letterOf(mail, reason)));
  await record(mail, { ...deliveryOf(mail, deps.frame, at), outcome: 'parked', reply: reason }, deps);
}

function letterOf({ progress, step, at, value }: AlarmMail, reason: string): DeadLetter {
  return deadLetter({ topic: 'ALARM', partition: progress.partition, offset: step.offset }, at, Buffer.from(value), reason, 'mailer');
}

async function record({ progress, step }: AlarmMail, delivery: Delivery, deps: DeliveryDeps): Promise<void> {
  progress.recording(step);
  progress.recorded(step, await deps.persist(() => recordDelivery(deps.log, delivery)));
}

function deliveryOf({ change, sensor, deferrals, givenUp }: AlarmMail, { from }: Pick<MailFrame, 'from'>, at: number) {
  return {
    alarm: change.alarm.id,
    sensor,
    event: change.event,
    messageId: messageIdOf(change.alarm.id, change.event, from),
    attempts: deferrals + (givenUp === undefined ? 1 : 0),
    at,
  };
}
