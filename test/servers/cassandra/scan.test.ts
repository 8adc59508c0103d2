import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PlacesKeeper } from '../../../console/live/places-keeper.ts';
import { openCassandra } from '../../../cassandra/session.ts';
import { openCassandraDirectory } from '../../../directory/cassandra.ts';
import type { Directory } from '../../../directory/port.ts';
import { Health } from '../../../runtime/health.ts';
import { clientOf } from '../../support/alarms.ts';
import type { CassandraServer } from '../../support/servers/cassandra.ts';
import { type Keyspace, openKeyspace, quietDeps } from '../../support/servers/cassandra-keyspace.ts';
import { sharedCassandra } from '../../support/servers/shared-cassandra.ts';

const CLIENTS = 6_000;
const BACK_MS = 60_000;

let server: CassandraServer;
let keyspace: Keyspace;
beforeAll(async () => {
  server = await sharedCassandra();
  keyspace = await openKeyspace(server.contactPoints, { TOCSIN_CASSANDRA_TIMEOUT: '1s' });
  const nowhere = { latitude: Number.NaN, longitude: Number.NaN, geohash: '', region: '' };
  const clients = Array.from({ length: CLIENTS }, (_, id) => clientOf(id % 100 === 0 ? { id, ...nowhere } : { id }));
  await vi.waitFor(() => openCassandraDirectory(keyspace.session, keyspace.deps).put(clients), { timeout: BACK_MS });
});
afterAll(() => keyspace.close());

describe('all places, from a Cassandra that hangs now and then', () => {
  it('come completely and once, the map is the last to wait, and the outage is reported once', async () => {
    const health = new Health();
    const lines: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line).msg as string) });
    const session = await openCassandra(keyspace.config, quietDeps({ health, logger }));
    const directory = openCassandraDirectory(session, keyspace.deps);
    const parts: number[] = [];
    let standing = 0;
    const watched: Directory = {
      ...directory,
      places: async function* (from) {
        for await (const part of directory.places(from)) {
          parts.push(part.placed.length + part.unplaced.length);
          yield part;
          if (parts.length % 4 === 0 && standing < 2) {
            standing += 1;
            await server.freeze();
            setTimeout(() => server.continue(), 2_500);
          }
        }
      },
    };
    // The console's own health; problems of its stores are in that of the process.
    const ofConsole = new Health(health);
    const keeper = new PlacesKeeper({ directory: watched, health: ofConsole });
    while (keeper.file === undefined) {
      await keeper.refresh();
      expect(ofConsole.ready).toBe(true);
      if (keeper.file === undefined) expect(health.notices()).toHaveProperty('console-places');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(standing).toBe(2);
    expect(Math.max(...parts)).toBeLessThanOrEqual(500);
    expect(parts.reduce((sum, rows) => sum + rows, 0)).toBe(CLIENTS);
    expect(keeper.file.count).toBe(CLIENTS - CLIENTS / 100);
    expect(keeper.file.unplaced).toEqual(Array.from({ length: CLIENTS / 100 }, (_, i) => i * 100));
    expect(await directory.size()).toBe(CLIENTS);
    expect(health.notices()).toEqual({});
    await vi.waitFor(() => expect(lines).toHaveLength(2), { timeout: BACK_MS, interval: 500 });
    expect(lines).toEqual([expect.stringContaining('requests to Cassandra fail'), 'Cassandra answers again']);
    await session.close();
  }, 180_000);
});
