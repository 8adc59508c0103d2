import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openCassandraArchive } from '../../../archive/cassandra.ts';
import type { Archive, ArchivedAlarm } from '../../../archive/port.ts';
import { openCassandra } from '../../../cassandra/session.ts';
import { openCassandraDirectory } from '../../../directory/cassandra.ts';
import type { Directory } from '../../../directory/port.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { alarmOf, clientOf, NOON } from '../../support/alarms.ts';
import { allOf } from '../../support/parts.ts';
import type { CassandraServer } from '../../support/servers/cassandra.ts';
import { cassandraConfig, type Keyspace, openKeyspace, quietDeps } from '../../support/servers/cassandra-keyspace.ts';
import { sharedCassandra } from '../../support/servers/shared-cassandra.ts';

/** How long a request may take: its own time-out, and an allowance for a busy machine. */
const BOUND_MS = 8_000;
const BACK_MS = 60_000;

let server: CassandraServer;
let keyspace: Keyspace;
let archive: Archive;
let directory: Directory;

beforeAll(async () => {
  server = await sharedCassandra();
});
beforeEach(async () => {
  keyspace = await openKeyspace(server.contactPoints, { TOCSIN_CASSANDRA_CACHE: '0s' });
  directory = openCassandraDirectory(keyspace.session, keyspace.deps);
  archive = openCassandraArchive(keyspace.session, { ...keyspace.deps, days: 365 });
});
afterEach(() => keyspace.session.close());

const rowOf = (i: number): ArchivedAlarm => ({
  ...alarmOf({ id: `a${i}`, sensor: i, raisedAt: NOON + i }),
  region: 'UK',
  geohash: 'gcwfhf0kz',
});

/**
 * Writes one after another, each until it is accepted, as the archiver does. `back` resolves once Cassandra accepts requests again: until then
 * its start takes what the machine needs, and after that BACK_MS are left to notice it.
 */
async function writeAll(count: number, back: Promise<void>, onWritten: (i: number) => void): Promise<unknown[]> {
  const faults: unknown[] = [];
  let end = Number.POSITIVE_INFINITY;
  const over = () => {
    end = performance.now() + BACK_MS;
  };
  back.then(over, over);
  const writeOne = async (i: number): Promise<void> => {
    try {
      await archive.put([rowOf(i)], [{ alarm: `a${i}`, entry: { key: 'raised', at: NOON + i, kind: 'raised' } }]);
      await directory.put([clientOf({ id: i })]);
    } catch (error) {
      faults.push(error);
      if (performance.now() > end) throw error;
      await delay(100);
      await writeOne(i);
    }
  };
  for (let i = 0; i < count; i += 1) {
    await writeOne(i);
    onWritten(i);
  }
  return faults;
}

async function expectAll(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    expect(await archive.find(`a${i}`)).toEqual(rowOf(i));
    expect(await archive.custody(`a${i}`)).toHaveLength(1);
    expect(await directory.find(i)).toEqual(clientOf({ id: i }));
  }
  expect(await allOf(archive.open())).toHaveLength(count);
}

describe.each([
  {
    fault: 'killed and started again',
    begin: () => server.kill(),
    end: () => server.restart(),
  },
  {
    fault: 'stopped in its tracks and let go on',
    begin: () => server.freeze(),
    end: async () => server.continue(),
  },
])('a Cassandra that is $fault', ({ begin, end }) => {
  it('fails requests within their time-out, is reported to health, loses nothing, and is used again by itself', async () => {
    const { deps } = keyspace;
    let problemSeen: string | undefined;
    let beginOutage = () => {};
    const outage = new Promise<void>((resolve) => {
      beginOutage = resolve;
    }).then(async () => {
      await begin();
      problemSeen = await vi.waitUntil(() => deps.health.problems().cassandra, { timeout: BOUND_MS * 2 });
      await end();
    });
    const faults = await writeAll(60, outage, (i) => {
      if (i === 20) beginOutage();
    });
    await outage;
    expect(problemSeen).toMatch(/Cassandra/);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.filter((error) => !(error instanceof TransientError))).toEqual([]);
    await vi.waitUntil(() => deps.health.ready, { timeout: BACK_MS });
    await expectAll(60);
  });

  it('keeps nobody waiting', async () => {
    await begin();
    const requests = [() => directory.find(1), () => archive.find('a1'), () => allOf(archive.open()), () => archive.put([rowOf(1)], [])];
    // Each has its own time-out, so they can wait side by side.
    await Promise.all(
      requests.map(async (request) => {
        const began = performance.now();
        await expect(request()).rejects.toBeInstanceOf(TransientError);
        expect(performance.now() - began).toBeLessThan(BOUND_MS);
      }),
    );
    await end();
    // It is noticed even without requests.
    await vi.waitUntil(() => keyspace.deps.health.ready, { timeout: BACK_MS });
    expect(await directory.find(1)).toBeUndefined();
  });
});

describe('a Cassandra that is away at the start', () => {
  it('is waited for in the background', async () => {
    await server.kill();
    const deps = quietDeps();
    const session = await openCassandra(keyspace.config, deps);
    const late = openCassandraDirectory(session, deps);
    await expect(late.find(1)).rejects.toMatchObject({ code: 'cassandra-away' });
    expect(deps.health.problems()).toMatchObject({ cassandra: expect.stringContaining('out of reach') });
    await server.restart();
    await vi.waitUntil(() => deps.health.ready, { timeout: BACK_MS });
    expect(await late.find(1)).toBeUndefined();
    await session.close();
  });

  it('can be closed without ever having been there', async () => {
    const deps = quietDeps();
    const session = await openCassandra(cassandraConfig(['127.0.0.1:1']), deps);
    expect(deps.health.ready).toBe(false);
    await session.close();
    expect(deps.health.ready).toBe(true);
  });
});
