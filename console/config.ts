import { z } from 'zod';
import {
  bearerToken,
  type ConfigOf,
  duration,
  integer,
  networks,
  port,
  secret,
  setting,
  type Settings,
  size,
} from '../runtime/configuration.ts';
import { isPublicUrl } from '../runtime/host-name.ts';
import { isLoopback } from '../runtime/listen.ts';
import { versionedSecrets } from '../runtime/versioned-secrets.ts';
import { plainHttpHosts, type Unencrypted } from '../runtime/unencrypted.ts';

const publicUrl = z
  .string()
  .regex(/^https?:\/\/[^/?#@]+\/?$/, 'must be the origin that browsers use, such as https://alarms.example.org')
  .transform((url) => new URL(url).origin)
  .optional();

export const consoleSettings = {
  port: setting('TOCSIN_CONSOLE_PORT', port, '8080', 'Port of the operator console and its API; 0 takes a free one.'),
  apiToken: secret(
    'TOCSIN_API_TOKEN',
    bearerToken.optional(),
    'Bearer token for the API; operators may sign in with it. Needed unless only this machine reaches the console.',
  ),
  viewerToken: secret('TOCSIN_VIEWER_TOKEN', bearerToken.optional(), 'Token for people who only look: no actions, no client data.'),
  usersFile: setting(
    'TOCSIN_USERS',
    z.string().min(1).optional(),
    undefined,
    'File of the persons who may sign in with name and password (npm run users). If it is set, tokens are only for programs; otherwise browsers sign in with a token. Its tokens with the scope metrics open /metrics of every process that can read the file.',
  ),
  publicUrl: setting('TOCSIN_CONSOLE_URL', publicUrl, undefined, 'Where browsers reach the console, if that is not its own address.'),
  proxies: setting(
    'TOCSIN_CONSOLE_PROXIES',
    networks.optional(),
    undefined,
    'Addresses or networks of reverse proxies in front of the console, separated by commas: X-Forwarded-For is believed only from these.',
  ),
  connectionsMax: setting(
    'TOCSIN_CONSOLE_CONNECTIONS_MAX',
    integer(10, 100_000),
    '2000',
    'Most open connections; beyond it idle ones are closed.',
  ),
  connectionsPerClientMax: setting(
    'TOCSIN_CONSOLE_CLIENT_CONNECTIONS_MAX',
    integer(6, 100_000),
    '200',
    'Most open connections from one address (IPv6: from one /64 network), unless it is a reverse proxy named above.',
  ),
  sessionMs: setting('TOCSIN_CONSOLE_SESSION', duration, '12h', 'How long a sign-in lasts.'),
  idleMs: setting(
    'TOCSIN_CONSOLE_IDLE',
    duration,
    '1h',
    'How long a browser may be closed or out of reach before it is signed out; one that shows the console stays signed in. 0s: no limit but TOCSIN_CONSOLE_SESSION.',
  ),
  sessionsMax: setting(
    'TOCSIN_CONSOLE_SESSIONS_MAX',
    integer(1, 10_000),
    '200',
    'Most browsers signed in at a time, at most half of them viewers; beyond it the longest unused is signed out, a viewer first.',
  ),
  streamsMax: setting(
    'TOCSIN_CONSOLE_STREAMS_MAX',
    integer(1, 10_000),
    '100',
    'Most live streams at a time, over all sessions, at most half of them for viewers.',
  ),
  alarmsMax: setting(
    'TOCSIN_CONSOLE_ALARMS_MAX',
    integer(1_000, 10_000_000),
    '200000',
    'Maximum number of open alarms that the console lists. Beyond it, the gravest are listed, then unacknowledged ones, then the newest; the others are only counted.',
  ),
  auditWaitingMax: setting(
    'TOCSIN_AUDIT_WAITING',
    size,
    '8MiB',
    'Maximum size of the rows of the audit trail that wait for the log. Beyond it they are lost, which is said; beyond half of it, no clients of alarms that are over are shown.',
  ),
  auditSecrets: secret(
    'TOCSIN_AUDIT_SECRET',
    versionedSecrets,
    'Secret that signs the rows of the audit trail. During a change, the current one followed by earlier ones, which npm run doctor still needs: v2:SECRET,v1:SECRET. Not set: one is made at the first start, in the file audit-key in the data folder.',
  ),
  answerMs: setting('TOCSIN_CONSOLE_ANSWER', duration, '5s', "How long an operator's action waits for its outcome."),
} satisfies Settings;

/** `host`: the address to listen on, shared by all HTTP roles. */
export type ConsoleConfig = ConfigOf<typeof consoleSettings> & { readonly host: string };

/** Problems between the settings, one line each. */
export function checkConsoleConfig(config: Omit<ConsoleConfig, 'host'>, host: string): string[] {
  const problems: string[] = [];
  if (!isLoopback(host) && config.apiToken === undefined)
    problems.push(`TOCSIN_API_TOKEN: must be set when the console listens on ${host}, where other machines can reach it (TOCSIN_HOST)`);
  if (isLoopback(host) && config.apiToken === undefined) {
    if (isPublicUrl(config.publicUrl))
      problems.push('TOCSIN_API_TOKEN: must be set when TOCSIN_CONSOLE_URL names an address that other machines can reach');
    if (config.proxies !== undefined)
      problems.push('TOCSIN_API_TOKEN: must be set when other machines reach the console through a proxy (TOCSIN_CONSOLE_PROXIES)');
  }
  if (config.apiToken !== undefined && config.apiToken === config.viewerToken)
    problems.push('TOCSIN_VIEWER_TOKEN: must differ from TOCSIN_API_TOKEN, or viewers could act');
  return problems;
}

export function unencryptedFromBrowsers({ publicUrl }: Pick<ConsoleConfig, 'publicUrl'>, host: string): Unencrypted[] {
  const instead = 'put TLS in front, and name the address there in TOCSIN_CONSOLE_URL=https://…';
  return [
    { what: "operators' tokens and clients' data", hosts: plainHttpHosts(host, publicUrl === undefined ? [] : [publicUrl]), instead },
  ];
}
