import type { Severity } from '../../../alarm/severity.ts';

export interface Mail {
  /** `<…@…>`, derived from alarm and event, so that the same mail always has the same id. */
  readonly messageId: string;
  readonly severity: Severity;
  readonly to: readonly string[];
  /** If set, only these of `to` get it; the others have it already. */
  readonly only?: readonly string[];
  readonly from: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly date: Date;
}

export interface RefusedRecipient {
  readonly recipient: string;
  readonly reply: string;
  /** Whether trying again is useless (5xx). */
  readonly permanent: boolean;
}

/** `night@arc.example: 550 asleep; …` */
export function namesOf(refused: readonly RefusedRecipient[]): string {
  return refused.map(({ recipient, reply }) => `${recipient}: ${reply}`).join('; ');
}

export interface Handover {
  readonly reply: string;
  /** Recipients that the server refused while it accepted the mail for others; `reply` names them too. */
  readonly refused?: readonly RefusedRecipient[];
}

/**
 * Hands mails over. `send` resolves with the server's reply (or the path of the file); it rejects with PermanentError if trying again is
 * useless (5xx: `mail-rejected`), otherwise with TransientError (4xx, network: `mail-deferred`; faults that concern every mail, such as a wrong
 * password: `mail-misconfigured`). Does not retry itself.
 */
export interface MailTransport {
  /** Hands over one mail; several may be under way at a time. */
  send(mail: Mail): Promise<Handover>;
  /** Ends idle connections; mails under way must have ended before. */
  close(): Promise<void>;
}
