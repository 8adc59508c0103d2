/**
 * ENTRY, OK and ACTION come in; ALARM, COUNT, STATE and SUPERVISION are the task's; DELIVERY is the mailer's; DEAD holds what was parked. The embedded log
 * writes a topic as its place in this list: a new one goes to the end.
 */
export const TOPICS = ['ENTRY', 'OK', 'ACTION', 'ALARM', 'COUNT', 'STATE', 'DELIVERY', 'DEAD', 'SUPERVISION'] as const;
export type Topic = (typeof TOPICS)[number];

/** What a task reads; all of them have the same partitions, so that one task sees everything of a sensor. */
export const INPUTS = ['ENTRY', 'OK', 'ACTION'] as const satisfies readonly Topic[];
export type InputTopic = (typeof INPUTS)[number];

/** What sensors send: detection is behind as long as something of these isn't decided. */
export const SENSOR_INPUTS = ['ENTRY', 'OK'] as const satisfies readonly InputTopic[];

/** A record of DEAD, as JSON: what could not be handled, why, and where it came from. */
export interface DeadLetter {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  /** Receive time of the record, epoch ms. */
  readonly at: number;
  readonly reason: string;
  /** Who parked it: `processor`, `mailer`, … */
  readonly by: string;
  /** The record's value, or as much of it as is text. */
  readonly value: string;
}

/** A record of DELIVERY, as JSON: what became of the mail for one event of an alarm. */
export interface Delivery {
  readonly alarm: string;
  readonly sensor: number;
  readonly event: 'raised' | 'cleared';
  readonly outcome: 'sent' | 'parked';
  readonly messageId: string;
  /** The server's reply, or where the file lies; for `parked` the reason. */
  readonly reply: string;
  readonly attempts: number;
  readonly at: number;
  /** The mail lacks the client, because the directory was away, and is to be completed: where the alarm's event lies in ALARM. */
  readonly incomplete?: { readonly partition: number; readonly offset: number };
  /** The mail is a further one, which completes such a mail with the client. */
  readonly completes?: true;
}
