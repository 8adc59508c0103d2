import type { Severity } from '../../../alarm/severity.ts';

export interface Mail {
  /** `<…@…>`, derived from alarm and event: the same mail always has the same id. */
  readonly messageId: string;
  readonly severity: Severity;
  readonly to: readonly string[];
  /** Hand it to these alone; the others of `to` have it. */
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
  /** 5xx: trying again is useless. */
  readonly permanent: boolean;
}

/** `night@arc.example: 550 asleep; …` */
export function namesOf(refused: readonly RefusedRecipient[]): string {
  return refused.map(({ recipient, reply }) => `${recipient}: ${reply}`).join('; ');
}

export interface Handover {
  readonly reply: string;
  /** Recipients that the server refused while it took the mail for others; `reply` names them too. */
  readonly refused?: readonly RefusedRecipient[];
}

/**
 * Hands mails over. `send` resolves with the server's reply (or where the file lies); rejects with PermanentError where trying again is
 * useless (5xx: `mail-rejected`), TransientError otherwise (4xx, network: `mail-deferred`; refused whatever the mail, such as a wrong
 * password: `mail-misconfigured`). Does not retry itself.
 */
export interface MailTransport {
  /** One mail; several may be under way at a time. */
  send(mail: Mail): Promise<Handover>;
  /** Ends idle connections; mails under way must have ended before. */
  close(): Promise<void>;
}
