import { describe, expect, it } from 'vitest';
import type { CassandraDeps, CassandraSession, Row } from '../../../cassandra/session.ts';
import { openCassandraDirectory } from '../../../directory/cassandra.ts';
import { TransientError } from '../../../runtime/errors.ts';

const CLIENTS = 2_300;

/** A Cassandra of which every third page fails; counts the pages that came. */
function unsteady() {
  const pages: number[] = [];
  let asked = 0;
  const scan: CassandraSession['scan'] = async function* (_query, rowsPerPage, from = '0') {
    for (let first = Number(from); first < CLIENTS; first += rowsPerPage) {
      asked += 1;
      if (asked % 3 === 0) throw new TransientError('cassandra-timeout', 'Cassandra did not answer within 5 s');
      pages.push(first);
      const rows = Array.from({ length: Math.min(rowsPerPage, CLIENTS - first) }, (_, i) => {
        const id = first + i;
        return { id, latitude: id % 100 === 0 ? null : 50, longitude: 8, geohash: null, dashboard: null } as unknown as Row;
      });
      yield { rows, next: first + rowsPerPage < CLIENTS ? String(first + rowsPerPage) : undefined };
    }
  };
  const session = { config: { keyspace: 'world', cacheMs: 0 }, scan } as unknown as CassandraSession;
  return { pages, directory: openCassandraDirectory(session, { clock: Date.now } as unknown as CassandraDeps) };
}

async function untilItWorks<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const result = await work().catch(() => undefined);
    if (result !== undefined) return result;
  }
  throw new Error('it never worked');
}

describe('the directory on a Cassandra whose pages often do not come', () => {
  it('counts all clients without reading a page twice', async () => {
    const { pages, directory } = unsteady();
    expect(await untilItWorks(() => directory.size())).toBe(CLIENTS);
    expect(pages).toEqual([0, 500, 1_000, 1_500, 2_000]);
  });

  it('gives all places without reading a page twice to one who goes on where it broke off', async () => {
    const { pages, directory } = unsteady();
    const [placed, unplaced]: [number[], number[]] = [[], []];
    let from: string | undefined;
    await untilItWorks(async () => {
      for await (const part of directory.places(from)) {
        placed.push(...part.placed.map(({ sensor }) => sensor));
        unplaced.push(...part.unplaced);
        from = part.next;
      }
      return true;
    });
    expect(pages).toEqual([0, 500, 1_000, 1_500, 2_000]);
    expect(unplaced).toEqual(Array.from({ length: 23 }, (_, i) => i * 100));
    expect(new Set([...placed, ...unplaced]).size).toBe(CLIENTS);
  });
});
