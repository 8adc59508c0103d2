/** Hands mails to a mail server over a pool of connections. */
import nodemailer from 'nodemailer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { SMTPPoolOptions } from 'nodemailer/lib/smtp-pool';
import { type DiagnosisDeps, type Finding, fine, wrong } from '../../../runtime/diagnosis.ts';
import type { ConfigOf } from '../../../runtime/configuration.ts';
import { OwnError } from '../../../runtime/errors.ts';
import { isLoopback } from '../../../runtime/listen.ts';
import { readPem } from '../../../runtime/pem.ts';
import type { MailerConfig } from '../../config.ts';
import { smtpSettings } from './config.ts';
import { LANES } from '../../../alarm/lane.ts';
import { messageOf } from './message.ts';
import type { MailTransport } from './port.ts';
import { bounded } from './rate.ts';
import { faultOf, handoverOf } from './smtp-replies.ts';

type SmtpConfig = ConfigOf<typeof smtpSettings>;

export type SmtpOptions = Pick<SmtpConfig, 'smtpTls' | 'timeoutMs'> &
  Pick<MailerConfig, 'concurrency'> &
  Partial<Pick<SmtpConfig, 'rate' | 'smtpCa'>> & { readonly smtpUrl: string };

/** Extra connections for mails that are graver than all under way. */
const GRAVER = LANES.length - 1;
const CONNECT_TIMEOUT_MAX_MS = 10_000;
/** A server that trickles is never silent, so no mail may take longer than this many times the time-out. */
const WHOLE_MAIL_FACTOR = 3;

/** Throws PermanentError if the file of the authority can't be read. */
export function openSmtp(options: SmtpOptions): MailTransport {
  const { timeoutMs, rate } = options;
  const pool = nodemailer.createTransport(poolOptions(options));
  const wholeMs = timeoutMs * WHOLE_MAIL_FACTOR;
  const transport: MailTransport = {
    send: async (mail) => {
      try {
        const sent = await pool.sendMail({ ...messageOf(mail), signal: AbortSignal.timeout(wholeMs) });
        return handoverOf(sent.response, sent.rejectedErrors ?? []);
      } catch (error) {
        throw faultOf(error);
      }
    },
    // The caller has waited for mails under way; those that a server still stalls are cut off, and were not handed over.
    close: async () => pool.close({ force: true }),
  };
  // The pool has a bound too, but each new connection's first mail is beyond it.
  return rate && rate.mails > 0 ? bounded(transport, rate) : transport;
}

/** Checks greeting, EHLO, TLS and log-in without sending a mail. See DiagnosisDeps. */
export async function diagnoseSmtp(options: SmtpOptions, { timeoutMs }: DiagnosisDeps): Promise<readonly Finding[]> {
  const quick = poolOptions({ ...options, timeoutMs: Math.min(options.timeoutMs, timeoutMs) });
  const check = `mail server ${quick.host}:${quick.port}`;
  const connection = new SMTPConnection({ ...quick, connectionTimeout: timeoutMs, greetingTimeout: timeoutMs });
  try {
    await new Promise<void>((resolve, reject) => {
      const { auth } = quick;
      connection.once('error', reject);
      connection.once('end', () => reject(new OwnError('it closed the connection')));
      connection.connect((error) => {
        if (error) reject(error);
        else if (auth) connection.login(auth as SMTPConnection.AuthenticationType, (refused) => (refused ? reject(refused) : resolve()));
        else resolve();
      });
    });
    const how = [connection.secure ? 'TLS' : 'no TLS', quick.auth ? 'signed in' : 'no log-in'];
    return [fine(check, `takes mails, ${how.join(', ')}`)];
  } catch (error) {
    const { code, message } = faultOf(error);
    const advice =
      code === 'mail-misconfigured'
        ? 'see user and password in TOCSIN_SMTP_URL, TOCSIN_SMTP_TLS and TOCSIN_SMTP_CA'
        : 'start it, or set TOCSIN_SMTP_URL to where it is reached from here';
    return [wrong(check, message, advice)];
  } finally {
    connection.close();
  }
}

function poolOptions({ smtpUrl, smtpTls, smtpCa, concurrency, timeoutMs }: SmtpOptions): SMTPPoolOptions {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl);
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'smtps:';
  const connectTimeout = Math.min(timeoutMs, CONNECT_TIMEOUT_MAX_MS);
  // Mail within this machine needs no TLS, and certificates there are often self-signed.
  const atHome = smtpTls === 'auto' && isLoopback(host);
  return {
    pool: true,
    host,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    secure,
    requireTLS: smtpTls !== 'off' && !atHome && !secure,
    ignoreTLS: smtpTls === 'off',
    ...(username === '' ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    maxConnections: concurrency + GRAVER,
    // The mailer itself retries and counts: nodemailer must not.
    maxRequeues: 0,
    connectionTimeout: connectTimeout,
    greetingTimeout: connectTimeout,
    dnsTimeout: connectTimeout,
    socketTimeout: timeoutMs,
    socketCloseTimeout: 1_000,
    tls: {
      minVersion: 'TLSv1.2',
      ...(smtpCa === undefined ? { rejectUnauthorized: secure || !atHome } : { ca: readPem(smtpCa, smtpSettings.smtpCa.name) }),
    },
  };
}
