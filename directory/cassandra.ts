import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CassandraDeps, CassandraSession } from '../cassandra/session.ts';
import { PermanentError } from '../runtime/errors.ts';
import { clientOf, placeOf, ROW_COLUMNS, valuesOf } from './cassandra-rows.ts';
import { ClientCache } from './client-cache.ts';
import { isPlace } from './placed.ts';
import type { Client, Directory } from './port.ts';

/** Some milliseconds of work for a node. */
const ROWS_PER_PAGE = 500;
/** After each page, so that a scan takes a part of one core at most; 50,000 clients are read in a few seconds. */
const PAUSE_MS = 20;
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
  const cache = new ClientCache(cacheMs, clock);
  const count = new RowCount(session, `SELECT id FROM ${table}`);

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
      count.changed();
      try {
        await session.write([...latest.values()].map((client) => ({ query: put, params: valuesOf(client) })));
      } finally {
        cache.changed(latest.keys());
      }
    },
    size: () => count.read(),
    places: async function* (from) {
      for await (const { rows, next } of session.scan(places, ROWS_PER_PAGE, from)) {
        const all = rows.map(placeOf);
        yield { placed: all.filter(isPlace), unplaced: all.filter((place) => !isPlace(place)).map(({ sensor }) => sensor), next };
        await sleep(PAUSE_MS);
      }
    },
    close: async () => undefined,
  };
}

/** How many rows a table has. A count that fails goes on where it came to, the next time it is asked for. */
class RowCount {
  readonly #session: Pick<CassandraSession, 'scan'>;
  readonly #query: string;
  #counted = { size: 0, until: 0 };
  #counting: Promise<number> | undefined;
  #partial = { size: 0, next: undefined as string | undefined, tookMs: 0 };

  constructor(session: Pick<CassandraSession, 'scan'>, query: string) {
    this.#session = session;
    this.#query = query;
  }

  /** The next one counts anew. */
  changed(): void {
    this.#counted.until = 0;
  }

  read(): Promise<number> {
    if (performance.now() < this.#counted.until) return Promise.resolve(this.#counted.size);
    this.#counting ??= this.#count().finally(() => {
      this.#counting = undefined;
    });
    return this.#counting;
  }

  async #count(): Promise<number> {
    const partial = this.#partial;
    const began = performance.now();
    try {
      for await (const { rows, next } of this.#session.scan(this.#query, ROWS_PER_PAGE, partial.next)) {
        partial.size += rows.length;
        partial.next = next;
        await sleep(PAUSE_MS);
      }
    } catch (error) {
      partial.tookMs += performance.now() - began;
      // Where it came to may be what is refused.
      if (error instanceof PermanentError) this.#partial = { size: 0, next: undefined, tookMs: 0 };
      throw error;
    }
    const now = performance.now();
    this.#counted = { size: partial.size, until: now + COUNT_HOLDS * (partial.tookMs + now - began) };
    this.#partial = { size: 0, next: undefined, tookMs: 0 };
    return this.#counted.size;
  }
}
