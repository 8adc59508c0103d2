import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CassandraDeps, CassandraSession } from '../cassandra/session.ts';
import { PermanentError } from '../runtime/errors.ts';
import { clientOf, placeOf, ROW_COLUMNS, valuesOf } from './cassandra-rows.ts';
import { ClientCache } from './client-cache.ts';
import { isPlace } from './placed.ts';
import type { Client, Directory } from './port.ts';

/** Takes a node a few milliseconds. */
const ROWS_PER_PAGE = 500;
/** Pause after each page, so that a scan uses only part of one core; 50,000 clients still take only a few seconds. */
const PAUSE_MS = 20;
/** Counting reads every row, so a count is reused for this many times as long as it took. */
const COUNT_HOLDS = 200;

/**
 * The directory in Cassandra, in the table of the reference system. A client that was found is cached for a short while, the absence of one is not: a
 * new client is found at once, and a change by another process is noticed once the cache expires. Rejects as the session does.
 */
export function openCassandraDirectory(session: CassandraSession, { clock }: CassandraDeps): Directory {
  const { keyspace, cacheMs } = session.config;
  const table = `${keyspace}.datosclientes`;
  const find = `SELECT ${ROW_COLUMNS.join(', ')} FROM ${table} WHERE id = ?`;
  const put = `INSERT INTO ${table} (${ROW_COLUMNS.join(', ')}) VALUES (${ROW_COLUMNS.map(() => '?').join(', ')})`;
  const places = `SELECT id, latitude, longitude, geohash, dashboard FROM ${table}`;
  const ids = `SELECT id FROM ${table}`;
  const cache = new ClientCache(cacheMs, clock);
  const count = new RowCount(session, ids);

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
      // Only the last one of each id, because the statements run in no particular order.
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
    ids: async function* (from) {
      for await (const { rows, next } of session.scan(ids, ROWS_PER_PAGE, from)) {
        yield { ids: rows.map(({ id }) => id as number), next };
        await sleep(PAUSE_MS);
      }
    },
    close: async () => undefined,
  };
}

/** Counts the rows of a table. After a failure the next call continues where the count stopped. */
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

  /** Makes the next call count again. */
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
      // The position where it stopped may be the reason.
      if (error instanceof PermanentError) this.#partial = { size: 0, next: undefined, tookMs: 0 };
      throw error;
    }
    const now = performance.now();
    this.#counted = { size: partial.size, until: now + COUNT_HOLDS * (partial.tookMs + now - began) };
    this.#partial = { size: 0, next: undefined, tookMs: 0 };
    return this.#counted.size;
  }
}
