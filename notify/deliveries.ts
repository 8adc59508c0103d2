/** DELIVERY as the mailer's ledger: the result of each mail, written before the mailer's position moves past its alarm. */
import { oneRecord } from '../message-log/one-record.ts';
import type { MessageLog } from '../message-log/port.ts';
import { decodeRecords } from '../message-log/values.ts';
import type { Group } from '../records/groups.ts';
import { decodeDelivery, type Delivery, type MailedEvent } from '../records/delivery.ts';
import { recordsBetween } from '../processor/records-between.ts';

export const MAILER_GROUP = 'mailer' satisfies Group;

export interface Ledger {
  /** Offset in DELIVERY by `deliveryKey`. */
  readonly delivered: Map<string, number>;
  /** The offsets between which it was read. */
  readonly from: number;
  readonly next: number;
  /** Events of ALARM from this offset on can't be in it. */
  readonly coversTo: number;
}

export function deliveryKey(alarm: string, event: MailedEvent): string {
  return `${alarm} ${event}`;
}

/** Reads the deliveries of events that may be read again: DELIVERY from the mailer's own position there to its end. */
export async function readLedger(log: MessageLog, partition: number): Promise<Ledger> {
  const { next: coversTo } = await log.bounds('ALARM', partition);
  const { earliest, next } = await log.bounds('DELIVERY', partition);
  const from = Math.max(earliest, (await log.committed(MAILER_GROUP, 'DELIVERY', partition)) ?? earliest);
  const delivered = new Map<string, number>();
  for await (const batch of recordsBetween(log, 'DELIVERY', partition, from, next)) {
    // An unreadable record is no proof of a mail, so it holds none back. Nor does a further mail that completes another.
    for (const { i, value } of decodeRecords(batch, decodeDelivery).read)
      if (!value.completes) delivered.set(deliveryKey(value.alarm, value.event), batch.offset(i));
  }
  return { delivered, from, next, coversTo };
}

/** Writes a delivery; durable once it resolves, with its offset. Rejects like an append. */
export async function recordDelivery(log: MessageLog, delivery: Delivery): Promise<number> {
  const { offset } = await log.append('DELIVERY', oneRecord(delivery.sensor, JSON.stringify(delivery)), delivery.at);
  return offset;
}
