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
