import { z } from 'zod';
import { type ConfigOf, duration, secret, setting } from '../runtime/configuration.ts';
import type { Unencrypted } from '../runtime/unencrypted.ts';

export interface ContactPoint {
  readonly host: string;
  readonly port: number;
}

/**
 * Copies of every row. `auto`: as many as there are nodes, at most 3. `simple`: with SimpleStrategy, which knows no data centres. `data-centres`: by
 * the name of the data centre, '' being the configured one.
 */
export type Replication =
  | { readonly kind: 'auto' }
  | { readonly kind: 'simple'; readonly copies: number }
  | { readonly kind: 'data-centres'; readonly copies: Readonly<Record<string, number>> };

export const DEFAULT_PORT = 9042;
/** The levels that work for both reads and repeatable writes. */
const CONSISTENCIES = ['ONE', 'LOCAL_ONE', 'TWO', 'THREE', 'QUORUM', 'LOCAL_QUORUM', 'EACH_QUORUM', 'ALL'] as const;

const contactPoints = z
  .string()
  .transform((list) => list.split(',').map((item) => item.trim()))
  .pipe(z.array(z.string().regex(/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$/, 'must be host or host:port, separated by commas')))
  .transform((list): readonly ContactPoint[] => list.map(contactPointOf))
  .refine((list) => list.every(({ port }) => port > 0 && port < 65_536), 'has an invalid port')
  .refine(
    (list) => new Set(list.map(({ port }) => port)).size === 1,
    'must have the same port everywhere: all nodes of a cluster listen on one',
  )
  .optional();

const replication = z
  .string()
  .regex(
    /^(auto|simple:[1-9]|[1-9]|[A-Za-z0-9_-]+:[1-9](,[A-Za-z0-9_-]+:[1-9])*)$/,
    'must be auto, a number of copies, data centres with theirs such as dc1:3,dc2:2, or simple:2',
  )
  .transform(replicationOf);

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/, 'must be the name of a data centre');
const keyspace = z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'must be lower-case letters, digits and _, a letter first');
const consistency = z.enum(CONSISTENCIES);

export const cassandraSettings = {
  contactPoints: setting(
    'TOCSIN_CASSANDRA_CONTACT_POINTS',
    contactPoints,
    undefined,
    'Nodes of Cassandra to connect to first, host or host:port, separated by commas. Not set: directory and archive are embedded.',
  ),
  dataCentre: setting('TOCSIN_CASSANDRA_DATA_CENTRE', name, 'datacenter1', 'The data centre that requests go to, as Cassandra names it.'),
  keyspace: setting('TOCSIN_CASSANDRA_KEYSPACE', keyspace, 'world', 'Keyspace of clients and archive.'),
  user: setting('TOCSIN_CASSANDRA_USER', z.string().min(1).optional(), undefined, 'User name, if Cassandra requires one.'),
  password: secret('TOCSIN_CASSANDRA_PASSWORD', z.string().min(1).optional(), 'Password of that user.'),
  tls: setting('TOCSIN_CASSANDRA_TLS', z.enum(['auto', 'on', 'off']), 'auto', 'TLS to Cassandra; auto: on if a CA is named.'),
  tlsCa: setting(
    'TOCSIN_CASSANDRA_TLS_CA',
    z.string().min(1).optional(),
    undefined,
    "File (PEM) with the authority of Cassandra's certificates; not set: the authorities that the system trusts.",
  ),
  readConsistency: setting('TOCSIN_CASSANDRA_READ_CONSISTENCY', consistency, 'LOCAL_QUORUM', 'How many copies must answer a read.'),
  writeConsistency: setting('TOCSIN_CASSANDRA_WRITE_CONSISTENCY', consistency, 'LOCAL_QUORUM', 'How many copies must take a write.'),
  replication: setting(
    'TOCSIN_CASSANDRA_REPLICATION',
    replication,
    'auto',
    'Copies of every row, for npm run schema: a number, dc1:3,dc2:2, or simple:2. auto: as many as there are nodes, 3 at most.',
  ),
  timeoutMs: setting('TOCSIN_CASSANDRA_TIMEOUT', duration, '5s', 'How long a request may take, its retries on other nodes included.'),
  cacheMs: setting(
    'TOCSIN_CASSANDRA_CACHE',
    duration,
    '30s',
    'How long a client that was looked up is remembered; another process notices an import this much later at worst.',
  ),
};

/** The settings once Cassandra is in use, so that `contactPoints` is set. */
export type CassandraConfig = ConfigOf<typeof cassandraSettings>;

/** Problems between settings, one line each. */
export function checkCassandraConfig({ contactPoints, user, password, tls, tlsCa }: CassandraConfig): string[] {
  if (!contactPoints) return [];
  const problems: string[] = [];
  if ((user === undefined) !== (password === undefined))
    problems.push('TOCSIN_CASSANDRA_USER and TOCSIN_CASSANDRA_PASSWORD: one needs the other');
  if (tls === 'off' && tlsCa !== undefined) problems.push('TOCSIN_CASSANDRA_TLS_CA: is not used while TOCSIN_CASSANDRA_TLS is off');
  return problems;
}

export function unencryptedToCassandra(config: CassandraConfig): Unencrypted[] {
  if (config.password === undefined || usesTls(config)) return [];
  const hosts = (config.contactPoints ?? []).map(({ host }) => host);
  return [{ what: 'TOCSIN_CASSANDRA_PASSWORD', hosts, instead: 'set TOCSIN_CASSANDRA_TLS=on' }];
}

export function usesTls({ tls, tlsCa }: Pick<CassandraConfig, 'tls' | 'tlsCa'>): boolean {
  return tls === 'on' || (tls === 'auto' && tlsCa !== undefined);
}

function contactPointOf(text: string): ContactPoint {
  const [, host = '', port] = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  return { host: host.replace(/^\[|\]$/g, ''), port: port === undefined ? DEFAULT_PORT : Number(port) };
}

function replicationOf(text: string): Replication {
  if (text === 'auto') return { kind: 'auto' };
  if (text.startsWith('simple:')) return { kind: 'simple', copies: Number(text.slice('simple:'.length)) };
  // A number without a name is for the configured data centre.
  const entries = text.split(',').map((item) => item.split(':'));
  return {
    kind: 'data-centres',
    copies: Object.fromEntries(
      entries.map(([first = '', second]) => (second === undefined ? ['', Number(first)] : [first, Number(second)])),
    ),
  };
}
