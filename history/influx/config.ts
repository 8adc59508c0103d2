import { z } from 'zod';
import { type ConfigOf, duration, secret, setting } from '../../runtime/configuration.ts';
import { DAY_MS } from '../../runtime/durations.ts';
import type { Unencrypted } from '../../runtime/unencrypted.ts';

const url = z
  .string()
  .refine(isServerUrl, 'must be http://host:8086 or https://…, without user and password')
  .transform((text) => text.replace(/\/+$/, ''))
  .optional();

/** Used unescaped in queries and addresses; 1.x reads a slash as the end of the database's name. */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be up to 63 letters, digits, dots, - or _');

const retention = duration.refine(
  (ms) => ms === 0 || ms >= 2 * DAY_MS,
  'must be at least 2d, since states are written again once a day, or 0d to keep everything',
);

export const influxSettings = {
  url: setting(
    'TOCSIN_INFLUX_URL',
    url,
    undefined,
    'The InfluxDB that keeps the history, http://host:8086. Not set: it is kept in the data folder.',
  ),
  bucket: setting('TOCSIN_INFLUX_BUCKET', name, 'tocsin', 'Bucket (2.x, 3) or database (1.x).'),
  token: secret('TOCSIN_INFLUX_TOKEN', z.string().min(1).optional(), 'Token (2.x, 3), allowed to read and write the bucket.'),
  org: setting('TOCSIN_INFLUX_ORG', z.string().min(1), 'tocsin', 'Organisation (2.x) in which `npm run schema` creates the bucket.'),
  user: setting('TOCSIN_INFLUX_USER', z.string().min(1).optional(), undefined, 'User name (1.x), if InfluxDB requires one.'),
  password: secret('TOCSIN_INFLUX_PASSWORD', z.string().min(1).optional(), 'Password of that user.'),
  caFile: setting(
    'TOCSIN_INFLUX_CA',
    z.string().optional(),
    undefined,
    "File (PEM) with the authority of InfluxDB's certificate; not set: public authorities.",
  ),
  timeoutMs: setting('TOCSIN_INFLUX_TIMEOUT', duration, '10s', 'How long InfluxDB may take to accept points, or pause while it answers.'),
  retentionMs: setting(
    'TOCSIN_INFLUX_RETENTION',
    retention,
    '365d',
    'How long InfluxDB keeps points, as `npm run schema` sets it; 0d: for ever.',
  ),
};

/** The settings once `url` is set. */
export type InfluxConfig = Omit<ConfigOf<typeof influxSettings>, 'url'> & { readonly url: string };

/** Problems between the settings, one line each. */
export function checkInfluxConfig({ token, user, password }: ConfigOf<typeof influxSettings>): string[] {
  const problems: string[] = [];
  if (token && user) problems.push('TOCSIN_INFLUX_TOKEN and TOCSIN_INFLUX_USER: set the token for 2.x and 3, the user for 1.x, not both');
  if ((user === undefined) !== (password === undefined))
    problems.push('TOCSIN_INFLUX_USER and TOCSIN_INFLUX_PASSWORD: set both or neither');
  return problems;
}

export function unencryptedToInflux({ url = '', token, password }: ConfigOf<typeof influxSettings>): Unencrypted[] {
  const secret = token ? 'TOCSIN_INFLUX_TOKEN' : 'TOCSIN_INFLUX_PASSWORD';
  if (!url.startsWith('http:') || !(token ?? password)) return [];
  return [{ what: secret, hosts: [new URL(url).hostname], instead: 'use https:// in TOCSIN_INFLUX_URL' }];
}

function isServerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && `${username}${password}${search}${hash}` === '';
}
