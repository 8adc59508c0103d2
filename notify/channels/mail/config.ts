import { z } from 'zod';
import { type ConfigOf, duration, integer, secret, setting } from '../../../runtime/configuration.ts';
import { HOUR_MS, MINUTE_MS } from '../../../runtime/durations.ts';
import type { Unencrypted } from '../../../runtime/unencrypted.ts';

const url = z.string().refine(isSmtpUrl, 'must be smtp://user:password@host:port or smtps://…').optional();

const SMTP_TLS = ['auto', 'required', 'off'] as const;

/** At most `mails` in any `perMs`; 0 mails: unlimited. */
export interface MailRate {
  readonly mails: number;
  readonly perMs: number;
}

const RATE_SPANS: Readonly<Record<string, number>> = { s: 1_000, m: MINUTE_MS, h: HOUR_MS };
const rate = z
  .string()
  .regex(/^\d{1,6}(\/[smh])?$/, 'must be a number of mails a second, or such as 30/m or 500/h')
  .transform((text): MailRate => {
    const [mails, span = 's'] = text.split('/');
    return { mails: Number(mails), perMs: RATE_SPANS[span] ?? 1_000 };
  });

export const smtpSettings = {
  smtpUrl: secret(
    'TOCSIN_SMTP_URL',
    url,
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
  rate: setting(
    'TOCSIN_MAIL_RATE',
    rate,
    '0',
    'At most this many mails in any second, or such as `30/m` or `500/h`, for servers that bound it; 0: no bound. docs/mail.md says what holds.',
  ),
  timeoutMs: setting('TOCSIN_MAIL_TIMEOUT', duration, '60s', 'How long the mail server may be silent before the mail is tried again.'),
};

export const outboxSettings = {
  keepMs: setting('TOCSIN_OUTBOX_KEEP', duration, '30d', 'How long mails stay in the outbox folder.'),
  mailsMax: setting(
    'TOCSIN_OUTBOX_MAILS',
    integer(10, 10_000_000),
    '100000',
    'With this many mails in the outbox, mails of severity MINOR and WARNING are put off until some are fetched; MAJOR ones with twice, CRITICAL ones with three times as many.',
  ),
};

/** With `auto` and `required` no password leaves this machine without TLS. */
export function unencryptedToMailServer({ smtpUrl, smtpTls }: ConfigOf<typeof smtpSettings>): Unencrypted[] {
  if (smtpUrl === undefined || smtpTls !== 'off') return [];
  const { protocol, hostname, username } = new URL(smtpUrl);
  if (protocol !== 'smtp:' || username === '') return [];
  return [{ what: 'the password in TOCSIN_SMTP_URL', hosts: [hostname], instead: 'leave TOCSIN_SMTP_TLS at auto' }];
}

function isSmtpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return (protocol === 'smtp:' || protocol === 'smtps:') && hostname !== '' && (pathname === '' || pathname === '/');
}
