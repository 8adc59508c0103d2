import { z } from 'zod';
import { type ConfigOf, duration, flag, integer, setting } from '../../runtime/configuration.ts';

/** Plain ASCII addresses only: they stand in headers and SMTP commands as they are. */
const ADDRESS = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
const RECIPIENTS_MAX = 50;

const address = z.string().trim().regex(ADDRESS, 'must be an e-mail address such as alarms@example.org');

const addresses = z
  .string()
  .transform((list) => list.split(',').map((item) => item.trim()))
  .pipe(
    z
      .array(z.string().regex(ADDRESS, 'must be e-mail addresses, separated by commas'))
      .max(RECIPIENTS_MAX, `must be at most ${RECIPIENTS_MAX} addresses`),
  )
  .transform((list): readonly string[] => list);

const smtpUrl = z.string().refine(isSmtpUrl, 'must be smtp://user:password@host:port or smtps://…').optional();

const SMTP_TLS = ['auto', 'required', 'off'] as const;

export const mailerSettings = {
  smtpUrl: setting(
    'TOCSIN_SMTP_URL',
    smtpUrl,
    undefined,
    'The mail server, smtp://user:password@host:port, or smtps:// for TLS from the start. Not set: mails go to the outbox folder.',
  ),
  smtpTls: setting(
    'TOCSIN_SMTP_TLS',
    z.enum(SMTP_TLS),
    'auto',
    'STARTTLS: auto (when offered; always with a password, unless on loopback), required, or off.',
  ),
  to: setting('TOCSIN_MAIL_TO', addresses, 'monitoring@localhost', 'Who gets the mails; several addresses are separated by commas.'),
  from: setting('TOCSIN_MAIL_FROM', address, 'tocsin@localhost', 'Sender of the mails; its domain ends every Message-ID.'),
  concurrency: setting('TOCSIN_MAIL_CONCURRENCY', integer(1, 64), '4', 'Mails handed over at the same time, one connection each.'),
  perSecond: setting('TOCSIN_MAIL_RATE', integer(0, 10_000), '0', 'Mails per second at most, for servers that bound it; 0: no bound.'),
  timeoutMs: setting('TOCSIN_MAIL_TIMEOUT', duration, '60s', 'How long the mail server may be silent before the mail is tried again.'),
  recovery: setting('TOCSIN_MAIL_RECOVERY', flag, 'on', 'Also mail when an alarm clears.'),
  outboxKeepMs: setting('TOCSIN_OUTBOX_KEEP', duration, '30d', 'How long mails stay in the outbox folder.'),
};

/** `consoleUrl` is the origin of the console (a setting of the console), for the link in the mail; undefined: no link. */
export type MailerConfig = ConfigOf<typeof mailerSettings> & { readonly consoleUrl?: string | undefined };

function isSmtpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return (protocol === 'smtp:' || protocol === 'smtps:') && hostname !== '' && (pathname === '' || pathname === '/');
}
