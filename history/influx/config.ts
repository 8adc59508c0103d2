import { z } from 'zod';
import { type ConfigOf, duration, setting } from '../../runtime/configuration.ts';
import { DAY_MS } from '../../runtime/durations.ts';

const url = z
  .string()
  .refine(isServerUrl, 'must be http://host:8086 or https://…, without user and password')
  .transform((text) => text.replace(/\/+$/, ''))
  .optional();

/** Stands in queries and addresses as it is; 1.x reads a slash as the end of the database's name. */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'must be up to 63 letters, digits, dots, - or _');

const retention = duration.refine(
  (ms) => ms === 0 || ms >= 2 * DAY_MS,
  'must be at least 2d, for states are written again once a day, or 0d to keep all',
);

export const influxSettings = {
  url: setting(
    'TOCSIN_INFLUX_URL',
    url,
    undefined,
    'The InfluxDB that keeps the history, http://host:8086. Not set: it is kept in the data folder.',
  ),
  bucket: setting('TOCSIN_INFLUX_BUCKET', name, 'tocsin', 'Bucket (2.x, 3) or database (1.x).'),
  token: setting('TOCSIN_INFLUX_TOKEN', z.string().min(1).optional(), undefined, 'Token (2.x, 3), allowed to read and write the bucket.'),
  org: setting('TOCSIN_INFLUX_ORG', z.string().min(1), 'tocsin', 'Organisation (2.x) in which `npm run schema` creates the bucket.'),
  user: setting('TOCSIN_INFLUX_USER', z.string().min(1).optional(), undefined, 'User (1.x), where it wants one.'),
  password: setting('TOCSIN_INFLUX_PASSWORD', z.string().min(1).optional(), undefined, "That user's password."),
  caFile: setting(
    'TOCSIN_INFLUX_CA',
    z.string().optional(),
    undefined,
    'PEM file of the authority that signed its certificate, if not a public one.',
  ),
  timeoutMs: setting('TOCSIN_INFLUX_TIMEOUT', duration, '10s', 'How long it may take to take points, or be silent while it answers.'),
  retentionMs: setting('TOCSIN_INFLUX_RETENTION', retention, '365d', 'How long `npm run schema` has it keep points; 0d: for ever.'),
};

/** Once `url` is set. */
export type InfluxConfig = Omit<ConfigOf<typeof influxSettings>, 'url'> & { readonly url: string };

/** What is wrong with the settings together, in plain words. */
export function checkInfluxConfig({ token, user, password }: ConfigOf<typeof influxSettings>): string[] {
  const problems: string[] = [];
  if (token && user) problems.push('TOCSIN_INFLUX_TOKEN and TOCSIN_INFLUX_USER: set the token for 2.x and 3, the user for 1.x, not both');
  if ((user === undefined) !== (password === undefined))
    problems.push('TOCSIN_INFLUX_USER and TOCSIN_INFLUX_PASSWORD: set both or neither');
  return problems;
}

function isServerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && `${username}${password}${search}${hash}` === '';
}
