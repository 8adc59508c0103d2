/** What a mail server's replies mean for a mail. Pure. */
import { PermanentError, reasonOf, TransientError } from '../../../runtime/errors.ts';
import { type Handover, namesOf, type RefusedRecipient } from './port.ts';

export const REPLY_MAX = 500;

/** What nodemailer says of a fault: which step of the dialogue, and the server's reply to it. */
interface SmtpFault {
  readonly code?: string | undefined;
  readonly command?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly response?: string | undefined;
  readonly recipient?: string | undefined;
}

/** What a server that took a mail says of it, and of the recipients that it refused all the same. */
export function handoverOf(response: string, refusals: readonly SmtpFault[]): Handover {
  if (refusals.length === 0) return { reply: response.slice(0, REPLY_MAX) };
  const refused = refusals.map(({ recipient = '', response: reply, responseCode = 0 }): RefusedRecipient => {
    return {
      recipient,
      reply: (reply ?? 'no reason').slice(0, REPLY_MAX),
      permanent: responseCode >= 500 && !SESSION_REPLIES.has(responseCode),
    };
  });
  return { reply: `${response}; refused for ${namesOf(refused)}`.slice(0, REPLY_MAX), refused };
}

/**
 * A 5xx parks a mail only if it is about this mail: its recipients or its content. Refusals before that (greeting, log-in, TLS, sender) would
 * meet every mail alike: they are somebody's to put right, and all mails wait for it.
 */
export function faultOf(error: unknown): PermanentError | TransientError {
  const { code, command, responseCode = 0, response } = error as SmtpFault;
  const aboutMail = code === 'EMESSAGE' || (code === 'EENVELOPE' && (command === 'RCPT TO' || command === 'DATA'));
  const tooLarge = (code === 'EENVELOPE' && responseCode === 552) || (code === 'EMESSAGE' && command === 'MAIL FROM');
  const permanent = responseCode >= 500 && !SESSION_REPLIES.has(responseCode);
  if (tooLarge || (aboutMail && permanent)) return new PermanentError('mail-rejected', (response ?? reasonOf(error)).slice(0, REPLY_MAX));
  const temporary = responseCode >= 400 && responseCode < 500;
  const misconfigured = !temporary && (responseCode >= 500 || SESSION_FAULTS.has(code ?? '') || isCertificateFault(error));
  return new TransientError(misconfigured ? 'mail-misconfigured' : 'mail-deferred', reasonOf(error).slice(0, REPLY_MAX));
}

/** Bad sequence, and the ones that ask for a log-in or for TLS: about the session, whichever command they answer. */
const SESSION_REPLIES: ReadonlySet<number> = new Set([503, 530, 534, 535, 538]);

const SESSION_FAULTS: ReadonlySet<string> = new Set(['EAUTH', 'ENOAUTH', 'ETLS']);

function isCertificateFault(error: unknown): boolean {
  const original = (error as { originalCode?: unknown }).originalCode;
  return typeof original === 'string' && /CERT|SIGNATURE|ALTNAME|SSL|TLS/.test(original);
}
