/** DELIVERY as the mailer's ledger: what became of each mail, written before the mailer's position moves past its alarm. */
import { z } from 'zod';
import type { MessageLog } from '../message-log/port.ts';
import type { Group } from '../records/groups.ts';
import type { DeadLetter } from '../records/dead-letter.ts';
import type { Delivery } from '../records/delivery.ts';
import type { Topic } from '../records/topics.ts';
import { recordsBetween } from '../processor/records-between.ts';
import type { MailedEvent } from './alarm-event.ts';

export const MAILER_GROUP = 'mailer' satisfies Group;

export interface Ledger {
  /** Offset in DELIVERY by `deliveryKey`. */
  readonly delivered: Map<string, number>;
  /** Where it was read from and to. */
  readonly from: number;
  readonly next: number;
  /** Events of ALARM from here on can't be in it. */
  readonly coversTo: number;
}

/** Of an event's own mail, not of one that completes it. */
const delivery = z.looseObject({ alarm: z.string(), event: z.enum(['raised', 'cleared']), completes: z.never().optional() });

export function deliveryKey(alarm: string, event: MailedEvent): string {
  return `${alarm} ${event}`;
}

/** Reads what was delivered of the events that may be read again: DELIVERY from the mailer's own position there to its end. */
export async function readLedger(log: MessageLog, partition: number): Promise<Ledger> {
  const { next: coversTo } = await log.bounds('ALARM', partition);
  const { earliest, next } = await log.bounds('DELIVERY', partition);
  const from = Math.max(earliest, (await log.committed(MAILER_GROUP, 'DELIVERY', partition)) ?? earliest);
  const delivered = new Map<string, number>();
  for await (const batch of recordsBetween(log, 'DELIVERY', partition, from, next)) {
    for (let i = 0; i < batch.length; i += 1) {
      const key = keyOf(batch.bytes.toString('utf8', batch.start(i), batch.end(i)));
      if (key !== undefined) delivered.set(key, batch.offset(i));
    }
  }
  return { delivered, from, next, coversTo };
}

/** Undefined for what isn't the delivery of an event's own mail: such a record can't keep a mail back. */
function keyOf(value: string): string | undefined {
  try {
    const parsed = delivery.safeParse(JSON.parse(value));
    return parsed.success ? deliveryKey(parsed.data.alarm, parsed.data.event) : undefined;
  } catch {
    return undefined;
  }
}

/** Durable once it resolves, with its offset. */
export async function recordDelivery(log: MessageLog, record: Delivery): Promise<number> {
  return (await appendJson(log, 'DELIVERY', record.sensor, record.at, record)).offset;
}

export async function recordDead(log: MessageLog, key: number, at: number, letter: DeadLetter): Promise<void> {
  await appendJson(log, 'DEAD', key, at, letter);
}

function appendJson(log: MessageLog, topic: Topic, key: number, at: number, value: Delivery | DeadLetter) {
  const bytes = Buffer.from(JSON.stringify(value));
  return log.append(topic, { length: 1, bytes, keys: [key], starts: [0], ends: [bytes.length] }, at);
}
