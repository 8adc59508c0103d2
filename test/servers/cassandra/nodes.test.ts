import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCassandraArchive } from '../../../archive/cassandra.ts';
import type { ArchivedAlarm } from '../../../archive/port.ts';
import { openCassandraDirectory } from '../../../directory/cassandra.ts';
import { alarmOf, clientOf, NOON } from '../../support/alarms.ts';
import { type CassandraServer, startCassandra } from '../../support/servers/cassandra.ts';
import { type Keyspace, openKeyspace, withDriver } from '../../support/servers/cassandra-keyspace.ts';

/** Pause between writes while a node starts again; without it, they would leave the node no CPU. */
const PAUSE_MS = 15;

let server: CassandraServer;
let keyspace: Keyspace;
beforeAll(async () => {
  server = await startCassandra({ nodes: 3 });
  keyspace = await openKeyspace(server.contactPoints, { TOCSIN_CASSANDRA_CACHE: '0s' });
});
afterAll(async () => {
  await keyspace.session.close();
  await server.destroy();
});

const rowOf = (i: number): ArchivedAlarm => ({
  ...alarmOf({ id: `a${i}`, sensor: i, raisedAt: NOON + i }),
  region: 'UK',
  geohash: 'gcwfhf0kz',
});

describe('three nodes', () => {
  it('hold three copies of every row by default', async () => {
    const replication = await withDriver(keyspace.config, async (client) => {
      const query = 'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?';
      return (await client.execute(query, [keyspace.config.keyspace], { prepare: true })).first()?.replication;
    });
    expect(replication).toMatchObject({ datacenter1: '3' });
  });

  it.each([
    { fault: 'killed', begin: () => server.kill(1), end: () => server.restart(1), pauseMs: PAUSE_MS },
    { fault: 'stopped in its tracks', begin: () => server.freeze(1), end: async () => server.continue(1), pauseMs: 0 },
  ])('take every write and answer every read while one of them is $fault', async ({ begin, end, pauseMs }) => {
    const { session, deps } = keyspace;
    const archive = openCassandraArchive(session, { ...deps, days: 365 });
    const directory = openCassandraDirectory(session, deps);
    const faults: unknown[] = [];
    const problems = new Set<string>();
    let [written, running, longestMs] = [0, true, 0];
    const writing = (async () => {
      while (running) {
        const i = written;
        const began = performance.now();
        try {
          await archive.put([rowOf(i)], []);
          await directory.put([clientOf({ id: i })]);
          await directory.find(i);
        } catch (error) {
          faults.push(error);
          await sleep(20);
        }
        for (const problem of Object.values(deps.health.problems())) problems.add(problem);
        longestMs = Math.max(longestMs, performance.now() - began);
        written += 1;
        if (pauseMs > 0) await sleep(pauseMs);
      }
    })();
    await sleep(1_000);
    await begin();
    await sleep(5_000);
    await end();
    await sleep(1_000);
    running = false;
    await writing;
    process.stdout.write(`${written} writes of alarm and client, the slowest ${Math.round(longestMs)} ms\n`);
    expect(faults).toEqual([]);
    expect([...problems]).toEqual([]);
    // It went on; how fast is the machine's business.
    expect(written).toBeGreaterThan(20);
    for (let i = 0; i < written; i += 1) expect(await archive.find(`a${i}`)).toMatchObject({ id: `a${i}` });
    expect(await directory.size()).toBeGreaterThanOrEqual(written);
  });
});
