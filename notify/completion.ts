/** Completes mails that went out without their client, by a further mail each, in the order of DELIVERY, once the directory is back. */
import type { MessageLog, RecordBatch } from '../message-log/port.ts';
import { textOf } from '../message-log/values.ts';
import { decodeMailedChange, type MailedChange } from '../records/alarm-event.ts';
import { deadLetter } from '../records/dead-letter.ts';
import { decodeDelivery, type Delivery } from '../records/delivery.ts';
import type { Group } from '../records/groups.ts';
import { PermanentError, reasonOf, TransientError } from '../runtime/errors.ts';
import type { Running } from '../runtime/lifecycle.ts';
import { type ConsumerDeps, startConsumer } from '../processor/consumer.ts';
import { park } from '../processor/dead-letters.ts';
import { recordsBetween } from '../processor/records-between.ts';
import { createClientLookup, type LookupTime } from './client-lookup.ts';
import { recordDelivery } from './deliveries.ts';
import type { Directory } from '../directory/port.ts';
import { composeCompletion } from './channels/mail/compose.ts';
import type { Mail } from './channels/mail/port.ts';
import type { DeliveryDeps } from './mail-delivery.ts';

export const COMPLETION_GROUP = 'mail-completion' satisfies Group;

/** The alarm's record is still in the log, so its value isn't needed. */
const NO_VALUE = Buffer.alloc(0);

type IncompleteDelivery = Delivery & Required<Pick<Delivery, 'incomplete'>>;

export interface CompletionDeps extends ConsumerDeps {
  readonly directory: Directory;
  readonly lookupTime?: LookupTime;
}

/**
 * A separate consumer, so that it can wait for the directory as long as it takes while alarms are still mailed. At least once: a process that
 * dies between a mail and its record sends that one again, under the same Message-ID.
 */
export function startCompletion(delivery: DeliveryDeps, deps: CompletionDeps): Promise<Running> {
  const completion = new Completion(delivery, deps);
  return startConsumer(COMPLETION_GROUP, ['DELIVERY'], (batch) => completion.take(batch), deps);
}

class Completion {
  readonly #delivery: DeliveryDeps;
  readonly #log: MessageLog;
  readonly #find: ReturnType<typeof createClientLookup>;
  /** How many records of a batch are done: a batch that fails half-way is handled again. */
  readonly #done = new WeakMap<RecordBatch, number>();

  constructor(delivery: DeliveryDeps, { log, directory, lookupTime }: CompletionDeps) {
    this.#delivery = delivery;
    this.#log = log;
    // The mailer has already logged that the directory is away.
    this.#find = createClientLookup(directory, () => undefined, lookupTime);
  }

  async take(batch: RecordBatch): Promise<undefined> {
    for (let i = this.#done.get(batch) ?? 0; i < batch.length; i += 1) {
      const { value } = decodeDelivery(textOf(batch, i), batch.key(i));
      if (value && isIncomplete(value)) await this.#complete(value);
      this.#done.set(batch, i + 1);
    }
  }

  async #complete(delivery: IncompleteDelivery): Promise<void> {
    const client = await this.#find(delivery.sensor);
    if (client === 'unavailable') throw new TransientError('directory-away', 'mails cannot be completed: the directory is out of reach');
    // The first mail contains everything that is known.
    if (client === 'unknown' || client === 'damaged') return;
    const { frame, recipients, logger } = this.#delivery;
    const change = await this.#changeOf(delivery);
    if (change?.alarm.id === delivery.alarm)
      await this.#send(composeCompletion(change, client, { ...frame, to: recipients(change, client) }), change, delivery);
    else logger.error({ alarm: delivery.alarm }, 'a mail cannot be completed: its alarm is not in the log any more');
  }

  async #send(mail: Mail, { alarm, event }: MailedChange, { sensor, incomplete }: IncompleteDelivery): Promise<void> {
    const { transport, clock, logger, metrics } = this.#delivery;
    const record = { alarm: alarm.id, sensor, event, messageId: mail.messageId, attempts: 1, completes: true } as const;
    try {
      const { reply } = await transport.send(mail);
      metrics.completed.inc();
      await recordDelivery(this.#log, { ...record, outcome: 'sent', reply, at: clock() } satisfies Delivery);
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      const [reason, at] = [reasonOf(error), clock()];
      logger.error({ alarm: alarm.id, sensor, reason }, 'a mail could not be completed and was given up');
      metrics.parked.inc();
      const letter = deadLetter({ topic: 'ALARM', ...incomplete }, at, NO_VALUE, reason, COMPLETION_GROUP);
      await park(this.#log, sensor, at, letter);
      await recordDelivery(this.#log, { ...record, outcome: 'parked', reply: reason, at } satisfies Delivery);
    }
  }

  /** The alarm's change; undefined: retention has removed it, or the topic was deleted and created again. Rejects if the log doesn't give it. */
  async #changeOf({ incomplete: { partition, offset } }: IncompleteDelivery): Promise<MailedChange | undefined> {
    const { next } = await this.#log.bounds('ALARM', partition);
    for await (const batch of recordsBetween(this.#log, 'ALARM', partition, offset, Math.min(offset + 1, next)))
      for (let i = 0; i < batch.length; i += 1)
        if (batch.offset(i) === offset) return decodeMailedChange(textOf(batch, i), batch.key(i)).value;
    return undefined;
  }
}

function isIncomplete(delivery: Delivery): delivery is IncompleteDelivery {
  return delivery.event === 'raised' && delivery.incomplete !== undefined;
}
