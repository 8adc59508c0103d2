/** What a mail server's replies mean for a mail. Pure. */
import { PermanentError, reasonOf, TransientError } from '../../../runtime/errors.ts';
import { smtpStatusOf } from '../../../runtime/foreign-errors.ts';
import { type Handover, namesOf, type RefusedRecipient } from './port.ts';

export const REPLY_MAX = 500;

/** A fault as nodemailer reports it: the step of the dialogue, and the server's reply to it. */
interface SmtpFault {
  readonly code?: string | undefined;
  readonly command?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly response?: string | undefined;
  readonly recipient?: string | undefined;
}

/** The server's reply to an accepted mail, and the recipients that it refused nevertheless. */
export function handoverOf(response: string, refusals: readonly SmtpFault[]): Handover {
  const taken = takenAs(response);
  if (refusals.length === 0) return { reply: taken };
  const refused = refusals.map(({ recipient = '', response: reply = '', responseCode = 0 }): RefusedRecipient => {
    return {
      recipient,
      reply: refusalOf(reply) ?? 'no reason',
      permanent: responseCode >= 500 && !SESSION_REPLIES.has(responseCode),
    };
  });
  return { reply: `${taken}; refused for ${namesOf(refused)}`.slice(0, REPLY_MAX), refused };
}

/**
 * A 5xx parks a mail only if it concerns this mail: its recipients or its content. Refusals before that (greeting, log-in, TLS, sender) would
 * affect every mail: a person must correct them, and all mails wait until then.
 */
export function faultOf(error: unknown): PermanentError | TransientError {
  const { code, command, responseCode = 0, response = '' } = error as SmtpFault;
  const aboutMail = code === 'EMESSAGE' || (code === 'EENVELOPE' && (command === 'RCPT TO' || command === 'DATA'));
  const tooLarge = (code === 'EENVELOPE' && responseCode === 552) || (code === 'EMESSAGE' && command === 'MAIL FROM');
  const permanent = responseCode >= 500 && !SESSION_REPLIES.has(responseCode);
  const reason = refusalOf(response) ?? reasonOf(error);
  if (tooLarge || (aboutMail && permanent)) return new PermanentError('mail-rejected', reason);
  const temporary = responseCode >= 400 && responseCode < 500;
  const misconfigured = !temporary && (responseCode >= 500 || SESSION_FAULTS.has(code ?? '') || isCertificateFault(error));
  return new TransientError(misconfigured ? 'mail-misconfigured' : 'mail-deferred', reason);
}

/**
 * Servers like to repeat the recipient in their replies, and whatever else they hold against a mail; a recipient may be a client. So of their text only
 * what has a digit and no @ is kept: the name under which they keep the mail, by which it is found in their log.
 */
function takenAs(response: string): string {
  const status = smtpStatusOf(response) ?? '250';
  const names = response.slice(status.length).match(/(?<=[\s=:([])[\w.-]*\d[\w.-]*(?=[\s,;)\]]|$)/g) ?? [];
  return (names.length === 0 ? status : `${status} queued as ${names.join(' ')}`).slice(0, REPLY_MAX);
}

/** `550 5.1.1: there is no such mailbox`; undefined: no server has replied. */
function refusalOf(response: string): string | undefined {
  const status = smtpStatusOf(response);
  if (status === undefined) return undefined;
  const [, code = '', detail = ''] = /^(\d+)(?: \d\.(\S+))?/.exec(status) ?? [];
  const meaning = ENHANCED[detail] ?? REPLIES[code];
  return meaning === undefined ? status : `${status}: ${meaning}`;
}

/** Subject and detail of an enhanced status code (RFC 3463). */
const ENHANCED: Readonly<Record<string, string>> = {
  '1.0': 'something is wrong with an address',
  '1.1': 'there is no such mailbox',
  '1.2': 'there is no such domain',
  '1.3': 'the recipient is not an address',
  '1.6': 'the mailbox has moved',
  '1.7': 'the sender is not an address',
  '1.8': "the sender's domain is not known",
  '1.10': 'the domain takes no mail',
  '2.0': 'something is wrong with the mailbox',
  '2.1': 'the mailbox is disabled',
  '2.2': 'the mailbox is full',
  '2.3': 'the mail is too long for the mailbox',
  '3.1': "the server's disk is full",
  '3.2': 'the server takes no mails now',
  '3.4': 'the mail is too long',
  '4.1': 'the next server does not answer',
  '4.2': 'the connection is bad',
  '4.3': 'the server cannot look up where to send it',
  '4.4': 'the server does not know where to send it',
  '4.5': 'the server is busy',
  '4.7': 'it took too long',
  '5.3': 'there are too many recipients',
  '7.0': 'the server does not permit it',
  '7.1': 'the server does not permit it',
  '7.8': 'the log-in was refused',
  '7.9': 'this way to log in is too weak',
  '7.26': 'the mail is not signed by its domain',
};
/** Meanings of replies without one (RFC 5321). */
const REPLIES: Readonly<Record<string, string>> = {
  421: 'the server closes the connection',
  450: 'the mailbox is not available now',
  451: 'the server has a fault of its own',
  452: 'the server has no room now',
  530: 'the server wants a log-in or TLS',
  534: 'this way to log in is too weak',
  535: 'the log-in was refused',
  538: 'the log-in needs TLS',
  550: 'the mailbox is not available, or the server does not permit it',
  551: 'the recipient is elsewhere',
  552: 'the mail is too long, or the mailbox is full',
  553: 'the name of the mailbox is not allowed',
  554: 'the server does not take it',
};

/** Bad sequence, and replies that require a log-in or TLS: they concern the session, whichever command they answer. */
const SESSION_REPLIES: ReadonlySet<number> = new Set([503, 530, 534, 535, 538]);

const SESSION_FAULTS: ReadonlySet<string> = new Set(['EAUTH', 'ENOAUTH', 'ETLS']);

function isCertificateFault(error: unknown): boolean {
  const original = (error as { originalCode?: unknown }).originalCode;
  return typeof original === 'string' && /CERT|SIGNATURE|ALTNAME|SSL|TLS/.test(original);
}
