import { z } from 'zod';
import { type ConfigOf, flag, integer, setting } from '../runtime/configuration.ts';
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

export const mailerSettings = {
  to: setting(
    'TOCSIN_MAIL_TO',
    addresses,
    'monitoring@localhost',
    'Recipients of mails that match no route; several are separated by commas.',
  ),
  routes: setting(
    'TOCSIN_MAIL_ROUTES',
    routes,
    undefined,
    'Who gets which mails, such as `region=UK,Asia;severity=critical -> a@x.example,b@x.example`; docs/mail.md explains.',
  ),
  from: setting('TOCSIN_MAIL_FROM', address, 'tocsin@localhost', 'Sender of the mails; its domain ends every Message-ID.'),
  concurrency: setting(
    'TOCSIN_MAIL_CONCURRENCY',
    integer(1, 64),
    '4',
    'Mails handed over at the same time, one connection each; one that is graver than all of them is handed over beside them.',
  ),
  recovery: setting('TOCSIN_MAIL_RECOVERY', flag, 'on', 'Also mail when an alarm clears.'),
};

/** `consoleUrl` is the origin of the console (a setting of the console), for the link in the mail; undefined: no link. */
export type MailerConfig = ConfigOf<typeof mailerSettings> & { readonly consoleUrl?: string | undefined };
