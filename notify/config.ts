import { z } from 'zod';
import { type ConfigOf, duration, flag, integer, setting } from '../runtime/configuration.ts';
import { ADDRESS, RECIPIENTS_MAX } from './channels/mail/address.ts';
import { parseRoutes, type Route } from './channels/mail/routes.ts';

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

const routes = z
  .string()
  .default('')
  .transform((text, context): readonly Route[] => {
    const parsed = parseRoutes(text);
    for (const message of parsed.problems) context.addIssue({ code: 'custom', message });
    return parsed.routes;
  });

const smtpUrl = z.string().refine(isSmtpUrl, 'must be smtp://user:password@host:port or smtps://…').optional();

const SMTP_TLS = ['auto', 'required', 'off'] as const;

/** At most `mails` in any `perMs`; no bound when `mails` is 0. */
export interface MailRate {
  readonly mails: number;
  readonly perMs: number;
}

const RATE_SPANS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };
const rate = z
  .string()
  .regex(/^\d{1,6}(\/[smh])?$/, 'must be a number of mails a second, or such as 30/m or 500/h')
  .transform((text): MailRate => {
    const [mails, span = 's'] = text.split('/');
    return { mails: Number(mails), perMs: RATE_SPANS[span] ?? 1_000 };
  });

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
    'STARTTLS: auto (required, with a certificate that is trusted; on loopback as offered), required, or off.',
  ),
  smtpCa: setting(
    'TOCSIN_SMTP_CA',
    z.string().optional(),
    undefined,
    "PEM file of the authority that signed the mail server's certificate, if not a public one.",
  ),
  to: setting(
    'TOCSIN_MAIL_TO',
    addresses,
    'monitoring@localhost',
    'Who gets the mails that no route takes; several are separated by commas.',
  ),
  routes: setting(
    'TOCSIN_MAIL_ROUTES',
    routes,
    undefined,
    'Who gets which mails, such as `region=UK,Asia;severity=critical -> a@x.example,b@x.example`; docs/mail.md explains.',
  ),
  from: setting('TOCSIN_MAIL_FROM', address, 'tocsin@localhost', 'Sender of the mails; its domain ends every Message-ID.'),
  concurrency: setting('TOCSIN_MAIL_CONCURRENCY', integer(1, 64), '4', 'Mails handed over at the same time, one connection each.'),
  rate: setting(
    'TOCSIN_MAIL_RATE',
    rate,
    '0',
    'Mails a second at most, for servers that bound it, or such as `30/m` or `500/h`; 0: no bound.',
  ),
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
