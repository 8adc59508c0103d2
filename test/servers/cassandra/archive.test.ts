import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCassandraArchive } from '../../../archive/cassandra.ts';
import type { Archive, ArchivedAlarm } from '../../../archive/port.ts';
import { alarmOf } from '../../support/alarms.ts';
import type { CassandraServer } from '../../support/servers/cassandra.ts';
import { type Keyspace, openKeyspace, withDriver } from '../../support/servers/cassandra-keyspace.ts';
import { sharedCassandra } from '../../support/servers/shared-cassandra.ts';

const DAY_S = 86_400;
const DAYS = 30;
const RAISED_AT = Date.now() - 10 * DAY_S * 1_000;

let server: CassandraServer;
let keyspace: Keyspace;
let archive: Archive;
beforeAll(async () => {
  server = await sharedCassandra();
});
beforeEach(async () => {
  keyspace = await openKeyspace(server.contactPoints);
  archive = openCassandraArchive(keyspace.session, { ...keyspace.deps, days: DAYS });
  return () => keyspace.close();
});

const rowOf = (changes: Partial<ArchivedAlarm> = {}): ArchivedAlarm => ({
  ...alarmOf({ raisedAt: RAISED_AT }),
  ...{ region: 'UK', geohash: 'gcwfhf0kz', ...changes },
});

/** Seconds that a cell still has to live; null: it stays for ever. */
async function ttl(column: string, table: string): Promise<(number | null)[]> {
  const { rows } = await withDriver(keyspace.config, (client) =>
    client.execute(`SELECT TTL(${column}) AS left FROM ${keyspace.config.keyspace}.${table}`),
  );
  return rows.map(({ left }) => left as number | null);
}

const aroundDays = (days: number) => (seconds: number | null) => seconds !== null && Math.abs(seconds - days * DAY_S) < 600;

describe('an alarm in Cassandra', () => {
  it('stays as long as it is open, and then until a number of days after it was raised', async () => {
    await archive.put([rowOf()], [{ alarm: rowOf().id, entry: { key: 'raised', at: Date.now(), kind: 'raised' } }]);
    expect(await ttl('alarm', 'alarms')).toEqual([null]);
    expect(await ttl('state', 'alarms_by_period')).toEqual([null, null]);
    expect((await ttl('kind', 'alarm_custody')).every(aroundDays(DAYS))).toBe(true);
    await archive.put([rowOf({ state: 'CLEARED_ACK', version: 2 })], []);
    for (const [column, table] of [
      ['alarm', 'alarms'],
      ['region', 'alarms'],
      ['state', 'alarms_by_period'],
      ['region', 'alarms_by_period'],
    ] as const) {
      const left = await ttl(column, table);
      expect(left.length).toBeGreaterThan(0);
      expect(left.filter((seconds) => !aroundDays(DAYS - 10)(seconds))).toEqual([]);
    }
    expect(await ttl('alarm', 'alarms_open')).toEqual([]);
  });

  it('leaves no row that stays for ever when its place is not known at its end', async () => {
    await archive.put([rowOf()], []);
    await archive.put([rowOf({ state: 'CLEARED_ACK', version: 2, region: '', geohash: '' })], []);
    expect((await archive.query({ ...everything, limit: 9 })).alarms).toMatchObject([{ region: 'UK', geohash: 'gcwfhf0kz', version: 2 }]);
    expect((await ttl('region', 'alarms')).every(aroundDays(DAYS - 10))).toBe(true);
  });

  it('is found although thousands of others were raised in the same hour, of which a page looks at a bounded number', async () => {
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    const rows = Array.from({ length: 10_100 }, (_, i) =>
      rowOf({ id: `a${i}`, sensor: i, raisedAt: hour + i, evidence: [], type: i === 0 ? 'motion' : 'smoke', state: 'CLEARED_ACK' }),
    );
    for (let i = 0; i < rows.length; i += 500) await archive.put(rows.slice(i, i + 500), []);
    const first = await archive.query({ ...everything, type: 'motion', limit: 10 });
    expect(first.alarms).toEqual([]);
    const second = await archive.query({ ...everything, type: 'motion', limit: 10, cursor: first.cursor });
    expect(second.alarms.map(({ id }) => id)).toEqual(['a0']);
    expect(second.cursor).toBeUndefined();
  });
});

const everything = {
  states: undefined,
  type: undefined,
  region: undefined,
  sensor: undefined,
  from: undefined,
  to: undefined,
  cursor: undefined,
};
