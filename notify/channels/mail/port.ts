import type { Severity } from '../../../alarm/severity.ts';
import type { Lane } from '../../../alarm/lane.ts';

/** A composed mail. Addresses are plain ASCII, and texts from outside are safe for the place where they stand (see text.ts). */
export interface Mail {
  /** `<…@…>`, derived from alarm and event, so that the same mail always has the same id. */
  readonly messageId: string;
  /** Severity of the alarm: graver mails get room and connections that lesser ones don't. */
  readonly severity: Severity;
  /** No client had the sensor: it goes after all others, whatever its severity. */
  readonly quarantined?: true | undefined;
  /** Addresses, at least one. */
  readonly to: readonly string[];
  /** If set, only these of `to` get it; the others have it already. */
  readonly only?: readonly string[];
  /** Address of the sender. */
  readonly from: string;
  readonly subject: string;
  /** The body as plain text and as HTML, with LF at line ends. */
  readonly text: string;
  readonly html: string;
  /** Further headers by name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Time of the event. */
  readonly date: Date;
}

export interface RefusedRecipient {
  /** Address. */
  readonly recipient: string;
  /** The server's status and its meaning; `no reason` if it gave none. */
  readonly reply: string;
  /** Whether trying again is useless: 5xx, unless the reply concerns the session. */
  readonly permanent: boolean;
}

/** `night@arc.example: 550 asleep; …` */
export function namesOf(refused: readonly RefusedRecipient[]): string {
  return refused.map(({ recipient, reply }) => `${recipient}: ${reply}`).join('; ');
}

/** The result of a mail that was handed over. */
export interface Handover {
  /** The server's status and the name under which it has queued the mail, or `outbox/` and the name of the file. */
  readonly reply: string;
  /** Recipients that the server refused while it accepted the mail for others; `reply` names them too. */
  readonly refused?: readonly RefusedRecipient[];
}

/** Leave to hand over one mail, where mails in a span of time are bounded. It counts from when it is taken. */
export interface Turn {
  /** Hands a mail over with it, once: from now on it counts for the span. Settles as `handOver` does. */
  use<T>(handOver: () => Promise<T>): Promise<T>;
  /** To be called if no mail needs it; without effect once one has used it. */
  giveBack(): void;
}

export interface Turns {
  /**
   * A turn for a mail of this lane. Undefined: none is free, or a graver mail waits for it; then `again` is called once, when asking again may
   * help. Asking with the same function replaces what it asked before.
   */
  take(lane: Lane, again: () => void): Turn | undefined;
  /** Gives no more turns. Mails that wait for one within `send` are put off. */
  close(): void;
}

/** Hands mails over, to a mail server or into a folder. Doesn't retry: that is the mailer's business. */
export interface MailTransport {
  /** For callers that choose the mail only when it may go. Undefined: mails in a span are not bounded. */
  readonly turns?: Turns;
  /**
   * Hands over one mail; several may be under way at a time. Rejects with PermanentError `mail-rejected` if trying again is useless (5xx), otherwise with
   * TransientError: `mail-deferred` (4xx, network, no room), or `mail-misconfigured` for faults that concern every mail, such as a wrong password. A rejected
   * mail may have arrived nevertheless, if the server's reply was lost; sent again, it has the same Message-ID. Where mails in a span are bounded and
   * no turn is given, it waits for one, however long, behind graver mails.
   */
  send(mail: Mail, turn?: Turn): Promise<Handover>;
  /** Ends connections. The caller waits for mails under way first; a server's that haven't ended are cut off. */
  close(): Promise<void>;
}
