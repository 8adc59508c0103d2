/** Rows that somebody has changed by CQL: each hides nothing but itself, all else goes on, and nothing that stands in it is told. */
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCassandraArchive } from '../../../archive/cassandra.ts';
import type { AlarmQuery, Archive, ArchivedAlarm, CustodyEntry } from '../../../archive/port.ts';
import { ROW_COLUMNS } from '../../../directory/cassandra-rows.ts';
import { openCassandraDirectory } from '../../../directory/cassandra.ts';
import type { Directory } from '../../../directory/port.ts';
import { alarmOf, clientOf } from '../../support/alarms.ts';
import { emptyKeyspace, type Keyspace, openKeyspace, withDriver } from '../../support/servers/cassandra-keyspace.ts';
import { sharedCassandra } from '../../support/servers/shared-cassandra.ts';

const PERSON = 'Zwingenberger';
const RAISED_AT = Date.now() - 3_600_000;
const said: string[] = [];

let keyspace: Keyspace;
let archive: Archive;
let directory: Directory;
/** Of one test, since a row is told once in the life of a process. */
let registry: Registry;
beforeAll(async () => {
  const logger = pino({ level: 'trace' }, { write: (line: string) => void said.push(line) });
  keyspace = await openKeyspace((await sharedCassandra()).contactPoints, { TOCSIN_CASSANDRA_CACHE: '1ms' }, { logger });
});
afterAll(() => keyspace.close());
beforeEach(async () => {
  said.length = 0;
  await emptyKeyspace(keyspace);
  registry = new Registry();
  archive = openCassandraArchive(keyspace.session, { ...keyspace.deps, registry, days: 30 });
  directory = openCassandraDirectory(keyspace.session, keyspace.deps);
});

const rowOf = (id: string, changes: Partial<ArchivedAlarm> = {}): ArchivedAlarm => ({
  ...alarmOf({ id, raisedAt: RAISED_AT, lastSeenAt: RAISED_AT, acknowledgedBy: PERSON }),
  ...{ region: 'UK', geohash: 'gcwfhf0kz', ...changes },
});
const QUERY: AlarmQuery = {
  ...{ states: undefined, type: undefined, region: undefined, sensor: undefined, from: undefined, to: undefined },
  ...{ limit: 10, cursor: undefined },
};
/** Dated after everything that the archive has written. */
const LATER = 'USING TIMESTAMP 9000000000000000';

async function cql(statement: string, ...params: unknown[]): Promise<void> {
  await withDriver(keyspace.config, (client) =>
    client.execute(statement.replace(/\bk\./, `${keyspace.config.keyspace}.`), params, { prepare: true }),
  );
}

async function everythingTold(...more: unknown[]): Promise<string> {
  const { health } = keyspace.deps;
  return [
    ...said,
    await keyspace.deps.registry.metrics(),
    await registry.metrics(),
    JSON.stringify([health.problems(), health.notices(), more]),
  ].join('');
}

async function ofOpen(): Promise<{ readonly ids: string[]; readonly missing: string[] }> {
  const [ids, missing]: [string[], string[]] = [[], []];
  for await (const part of archive.open(({ id }) => void missing.push(id))) ids.push(...part.map(({ id }) => id));
  return { ids, missing };
}

const { region: _, geohash: __, ...JSON_OF_BAD } = rowOf('bad');

describe('an alarm', () => {
  it.each<[string, unknown]>([
    ['that is cut off', `{"id":"bad","acknowledgedBy":"${PERSON}`],
    ['that is a list', `["${PERSON}"]`],
    ['that is empty', ''],
    ['that is null as JSON', 'null'],
    ['of another id', JSON.stringify({ ...JSON_OF_BAD, id: 'other' })],
    ['whose sensor is a text', JSON.stringify({ ...JSON_OF_BAD, sensor: PERSON })],
    ['without its time', JSON.stringify({ ...JSON_OF_BAD, raisedAt: undefined })],
    ['without its readings', JSON.stringify({ ...JSON_OF_BAD, evidence: undefined })],
    ['in a state that there is not', JSON.stringify({ ...JSON_OF_BAD, state: PERSON })],
  ])('%s is said by its id; all others are listed', async (_case, json) => {
    await archive.put([rowOf('bad'), rowOf('fine', { sensor: 7 })], []);
    await cql(`UPDATE k.alarms ${LATER} SET alarm = ? WHERE id = 'bad'`, json);
    await cql(`UPDATE k.alarms_open ${LATER} SET alarm = ? WHERE bucket = ? AND id = 'bad'`, json, await bucketOf('bad'));

    expect(await ofOpen()).toEqual({ ids: ['fine'], missing: ['bad'] });
    expect(await archive.find('bad')).toBe('damaged');
    for (const query of [QUERY, { ...QUERY, states: ['ACTIVE_UNACK'] as const }]) {
      const page = await archive.query(query);
      expect([page.alarms.map(({ id }) => id), page.damaged?.map(({ id }) => id)]).toEqual([['fine'], ['bad']]);
      expect(await everythingTold(page.damaged)).not.toContain(PERSON);
    }
    expect(said.join('')).toContain('"key":"bad"');
  });

  it('that is open and without its column is said too', async () => {
    await archive.put([rowOf('bad'), rowOf('fine')], []);
    await cql(`UPDATE k.alarms_open ${LATER} SET alarm = null WHERE bucket = ? AND id = 'bad'`, await bucketOf('bad'));
    expect(await ofOpen()).toEqual({ ids: ['fine'], missing: ['bad'] });
  });

  it.each([
    ['state', null],
    ['state', PERSON],
    ['type', null],
  ])('is listed although its row in the list has %s %j', async (column, value) => {
    await archive.put([rowOf('bad'), rowOf('fine')], []);
    for (const [list, ms] of [
      ['all', 3_600_000],
      ['42959', 86_400_000],
    ] as const)
      await cql(
        `UPDATE k.alarms_by_period ${LATER} SET ${column} = ? WHERE list = '${list}' AND period = ? AND raised_at = ? AND id = 'bad'`,
        ...[value, new Date(Math.floor(RAISED_AT / ms) * ms), new Date(RAISED_AT)],
      );
    for (const query of [
      { ...QUERY, states: ['ACTIVE_UNACK', 'CLEARED_ACK'] as const, type: 'smoke' },
      { ...QUERY, sensor: 42_959, states: ['ACTIVE_UNACK'] as const },
    ])
      expect((await archive.query(query)).alarms.map(({ id }) => id).sort()).toEqual(['bad', 'fine']);
    expect((await archive.query({ ...QUERY, type: 'motion' })).alarms).toEqual([]);
    expect(await everythingTold()).not.toContain(PERSON);
  });

  it.each([
    ['region', null],
    ['region', PERSON],
    ['geohash', null],
  ])('is listed and found although its %s is %j', async (column, value) => {
    await archive.put([rowOf('bad')], []);
    await cql(`UPDATE k.alarms ${LATER} SET ${column} = ? WHERE id = 'bad'`, value);
    await cql(`UPDATE k.alarms_open ${LATER} SET ${column} = ? WHERE bucket = ? AND id = 'bad'`, value, await bucketOf('bad'));
    expect((await ofOpen()).ids).toEqual(['bad']);
    expect(await archive.find('bad')).toMatchObject({ id: 'bad', version: 1 });
  });
});

describe('a step of custody', () => {
  const step = (key: string, at: number): { readonly alarm: string; readonly entry: CustodyEntry } => ({
    alarm: 'a',
    entry: { key, at, kind: 'noted', by: PERSON, note: PERSON },
  });

  it.each([
    ['at', null],
    ['kind', null],
    ['kind', PERSON],
  ])('with %s %j is left out and said by its key; all others are there', async (column, value) => {
    await archive.put([rowOf('a')], [step('1', RAISED_AT), step('2', RAISED_AT + 1), step('3', RAISED_AT + 2)]);
    await cql(`UPDATE k.alarm_custody SET ${column} = ? WHERE alarm = 'a' AND step = '2'`, value);
    expect((await archive.custody('a')).map(({ key }) => key)).toEqual(['1', '3']);
    expect(await everythingTold()).not.toContain(PERSON);
    expect(await everythingTold()).toMatch(/"kind":"custody","key":"a 2"/);
  });

  it.each(['position', 'operator', 'note', 'message_id', 'reply'])('without its %s is there', async (column) => {
    await archive.put([rowOf('a')], [step('1', RAISED_AT)]);
    await cql(`UPDATE k.alarm_custody SET ${column} = null WHERE alarm = 'a' AND step = '1'`);
    expect((await archive.custody('a')).map(({ key }) => key)).toEqual(['1']);
  });
});

describe('a client', () => {
  it.each<[string, unknown]>([
    ['latitude', null],
    ['latitude', Number.NaN],
    ['longitude', Number.POSITIVE_INFINITY],
    ['latitude', 1e300],
    ['name', null],
    ['name', ''],
    ['geohash', null],
    ['geohash', PERSON],
    ['geohash', 'g'.repeat(10_000)],
    ['dashboard', null],
    ['dashboard', PERSON],
  ])('with %s %j is found, and so are the places of all others', async (column, value) => {
    await directory.put([clientOf({ id: 5, surname: PERSON }), clientOf({ id: 7 })]);
    await cql(`UPDATE k.datosclientes SET ${column} = ? WHERE id = 5`, value);
    const found = await directory.find(5);
    expect(found).toMatchObject({ id: 5, surname: PERSON, name: expect.any(String), region: expect.any(String) });
    expect(found).toMatchObject({ region: expect.not.stringContaining(PERSON), geohash: expect.stringMatching(/^[0-9b-z]{0,12}$/) });
    const places = [];
    for await (const { placed, unplaced } of directory.places(undefined)) places.push(...placed.map(({ sensor }) => sensor), ...unplaced);
    expect(places.sort()).toEqual([5, 7]);
    expect(await directory.find(7)).toMatchObject({ id: 7 });
    expect(await everythingTold()).not.toContain(PERSON);
  });

  it('in a table of another program, where some texts are numbers or bytes, has texts', async () => {
    const others: Readonly<Record<string, string>> = { id: 'int PRIMARY KEY', latitude: 'double', longitude: 'double' };
    const odd: Readonly<Record<string, string>> = { telephonenumber: 'bigint', zipcode: 'int', occupation: 'blob', birthday: 'timestamp' };
    const columns = ROW_COLUMNS.map((column) => `${column} ${others[column] ?? odd[column] ?? 'text'}`);
    await cql('DROP TABLE k.datosclientes');
    await cql(`CREATE TABLE k.datosclientes (${columns.join(', ')})`);
    await cql(
      "INSERT INTO k.datosclientes (id, name, telephonenumber, zipcode, occupation, birthday) VALUES (9, 'Ann', 5550123456, 1234, 0xff, 0)",
    );
    expect(await directory.find(9)).toMatchObject({
      ...{ id: 9, name: 'Ann', telephonenumber: '5550123456', zipcode: '1234', occupation: '' },
      ...{ birthday: expect.any(String), surname: '', geohash: '', region: '' },
    });
  });
});

/** Where the archive has put it. */
async function bucketOf(id: string): Promise<number> {
  const { rows } = await withDriver(keyspace.config, (client) =>
    client.execute(`SELECT bucket, id FROM ${keyspace.config.keyspace}.alarms_open`),
  );
  return rows.find((row) => row.id === id)?.bucket as number;
}
