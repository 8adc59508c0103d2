import { performance } from 'node:perf_hooks';
import type { CassandraDeps, CassandraSession } from '../../cassandra/session.ts';
import { clientOf, placeOf, ROW_COLUMNS, valuesOf } from './cassandra-rows.ts';
import { ClientCache } from './client-cache.ts';
import type { Client, Directory, Place } from './port.ts';

const ROWS_PER_PAGE = 5_000;
/** Counting reads every row: a count holds so many times as long as it took. */
const COUNT_HOLDS = 200;

/**
 * The directory in Cassandra, in the table of the reference system. A client is remembered for a short while, one that isn't there never: so a
 * new client is found at once, and a changed one as late as the cache allows. Resolves and rejects as the session does.
 */
export function openCassandraDirectory(session: CassandraSession, { clock }: CassandraDeps): Directory {
  const { keyspace, cacheMs } = session.config;
  const table = `${keyspace}.datosclientes`;
  const find = `SELECT ${ROW_COLUMNS.join(', ')} FROM ${table} WHERE id = ?`;
  const put = `INSERT INTO ${table} (${ROW_COLUMNS.join(', ')}) VALUES (${ROW_COLUMNS.map(() => '?').join(', ')})`;
  const places = `SELECT id, latitude, longitude, geohash, dashboard FROM ${table}`;
  const ids = `SELECT id FROM ${table}`;
  const cache = new ClientCache(cacheMs, clock);
  let counted = { size: 0, until: 0 };

  return {
    find: async (sensor) => {
      const known = cache.get(sensor);
      if (known) return known;
      const keep = cache.lookingUp();
      const row = await session.first(find, [sensor]);
      if (!row) return undefined;
      const client = clientOf(row);
      keep(client);
      return client;
    },
    put: async (clients) => {
      // Of two with one id the later one holds: they are written in no order.
      const latest = new Map(clients.map((client): [number, Client] => [client.id, client]));
      cache.changed(latest.keys());
      counted.until = 0;
      try {
        await session.write([...latest.values()].map((client) => ({ query: put, params: valuesOf(client) })));
      } finally {
        cache.changed(latest.keys());
      }
    },
    size: async () => {
      const began = performance.now();
      if (began < counted.until) return counted.size;
      let size = 0;
      for await (const rows of session.pages(ids, [], ROWS_PER_PAGE)) size += rows.length;
      const now = performance.now();
      counted = { size, until: now + COUNT_HOLDS * (now - began) };
      return size;
    },
    places: async function* () {
      for await (const rows of session.pages(places, [], ROWS_PER_PAGE)) {
        yield rows.map(placeOf).filter((place): place is Place => place !== undefined);
      }
    },
    close: async () => undefined,
  };
}
