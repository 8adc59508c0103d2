import { z } from 'zod';
import { name, sensor, time, whole } from './fields.ts';
import { aboutKey, type Decoded, decodeJson } from './json.ts';

/** What a mail can be about. */
export const MAILED_EVENTS = ['raised', 'cleared'] as const;
export type MailedEvent = (typeof MAILED_EVENTS)[number];

/** A record of DELIVERY, as JSON: what became of the mail for one event of an alarm. */
export interface Delivery {
  readonly alarm: string;
  readonly sensor: number;
  readonly event: MailedEvent;
  readonly outcome: 'sent' | 'parked';
  readonly messageId: string;
  /** The server's reply, or where the file lies; for `parked` the reason. */
  readonly reply: string;
  readonly attempts: number;
  /** When that was, epoch ms. */
  readonly at: number;
  /** Set when the mail lacks the client because the directory was away, and another mail is to follow: where the alarm's event lies in ALARM. */
  readonly incomplete?: { readonly partition: number; readonly offset: number };
  /** The mail is such a follow-up, with the client. */
  readonly completes?: true;
}

const WHAT = 'a delivery';
const delivery = z.looseObject({
  alarm: name,
  sensor,
  event: z.enum(MAILED_EVENTS),
  outcome: z.enum(['sent', 'parked']),
  messageId: z.string(),
  reply: z.string(),
  at: time,
  incomplete: z.looseObject({ partition: whole, offset: whole }).optional(),
  completes: z.literal(true).optional(),
});

/** Reads a record of DELIVERY. */
export function decodeDelivery(text: string, key: number): Decoded<Delivery> {
  return aboutKey(decodeJson<Delivery>(delivery, text, WHAT), key, ({ sensor: about }) => about, WHAT);
}
