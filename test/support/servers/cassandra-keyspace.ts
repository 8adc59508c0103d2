/** A keyspace of its own for a test, with our tables in it. */
import { Client } from 'cassandra-driver';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { cassandraSettings } from '../../../cassandra/config.ts';
import { createSchema } from '../../../cassandra/schema.ts';
import { type CassandraDeps, type CassandraSession, openCassandra } from '../../../cassandra/session.ts';
import type { CassandraSchema } from '../../../cassandra/table.ts';
import { ARCHIVE_TABLES } from '../../../archive/cassandra-tables.ts';
import { CLIENT_TABLES } from '../../../directory/cassandra-tables.ts';
import { systemClock } from '../../../runtime/clock.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { Health } from '../../../runtime/health.ts';
import type { RemovalClock } from '../../../runtime/removal-clock.ts';

const TABLES = [...CLIENT_TABLES, ...ARCHIVE_TABLES];

let keyspaces = 0;

export function cassandraConfig(contactPoints: readonly string[], settings: NodeJS.ProcessEnv = {}): CassandraSchema {
  const config = readSettings(cassandraSettings, {
    TOCSIN_CASSANDRA_CONTACT_POINTS: contactPoints.join(','),
    TOCSIN_CASSANDRA_KEYSPACE: `world${process.pid}_${keyspaces++}`,
    ...settings,
  });
  return { ...config, tables: TABLES };
}

export function quietDeps(changes: Partial<CassandraDeps> = {}): CassandraDeps & { readonly removalClock: RemovalClock } {
  return {
    clock: systemClock,
    removalClock: systemClock,
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    health: new Health(),
    ...changes,
  };
}

export interface Keyspace {
  readonly config: CassandraSchema;
  readonly deps: ReturnType<typeof quietDeps>;
  readonly session: CassandraSession;
  /** Closes the session and removes the keyspace. */
  close(): Promise<void>;
}

export async function openKeyspace(
  contactPoints: readonly string[],
  settings: NodeJS.ProcessEnv = {},
  changes: Partial<CassandraDeps> = {},
): Promise<Keyspace> {
  const config = cassandraConfig(contactPoints, settings);
  const deps = quietDeps(changes);
  await createSchema(config, () => undefined);
  const session = await openCassandra(config, deps);
  return {
    config,
    deps,
    session,
    close: async () => {
      await session.close();
      await withDriver(config, (client) => client.execute(`DROP KEYSPACE IF EXISTS ${config.keyspace}`));
    },
  };
}

/** Empties the keyspace as if it had just been created, in a tenth of the time. */
export function emptyKeyspace({ config }: Pick<Keyspace, 'config'>): Promise<void> {
  return withDriver(config, async (client) => {
    for (const { name } of TABLES) await client.execute(`TRUNCATE ${config.keyspace}.${name}`);
  });
}

/** The bare driver, for what other programs would do. */
export async function withDriver<T>(
  { contactPoints = [] }: Pick<CassandraSchema, 'contactPoints'>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    contactPoints: contactPoints.map(({ host, port }) => `${host}:${port}`),
    localDataCenter: 'datacenter1',
    socketOptions: { readTimeout: 60_000 },
  });
  try {
    return await work(client);
  } finally {
    await client.shutdown();
  }
}
