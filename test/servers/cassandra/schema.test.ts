import { beforeAll, describe, expect, it } from 'vitest';
import { createSchema } from '../../../cassandra/schema.ts';
import { openCassandra } from '../../../cassandra/session.ts';
import { openCassandraDirectory } from '../../../directory/cassandra.ts';
import type { CassandraServer } from '../../support/servers/cassandra.ts';
import { cassandraConfig, quietDeps, withDriver } from '../../support/servers/cassandra-keyspace.ts';
import { sharedCassandra } from '../../support/servers/shared-cassandra.ts';

/** The table as the reference system creates it. */
const REFERENCE_TABLE = `id int primary key, name text, surname text, gender text, nationalid text, birthday text, streetaddress text, city text,
  zipcode text, country text, telephonecountrycode text, telephonenumber text, latitude double, longitude double, emailaddress text, title text,
  occupation text, company text, username text`;

let server: CassandraServer;
beforeAll(async () => {
  server = await sharedCassandra();
});

async function told(config: Parameters<typeof createSchema>[0]): Promise<string[]> {
  const lines: string[] = [];
  await createSchema(config, (line) => lines.push(line));
  return lines;
}

describe('the schema', () => {
  it('is created once, and left alone if it exists', async () => {
    const config = cassandraConfig(server.contactPoints);
    expect((await told(config)).filter((line) => !line.includes('created'))).toEqual([]);
    expect((await told(config)).filter((line) => !line.endsWith('exists'))).toEqual([]);
  });

  it('replicates as configured, and changes with the setting', async () => {
    const config = cassandraConfig(server.contactPoints);
    const replication = () =>
      withDriver(config, async (client) => {
        const query = 'SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?';
        return (await client.execute(query, [config.keyspace], { prepare: true })).first()?.replication as Record<string, string>;
      });
    expect((await told(config))[0]).toContain("created with {'class': 'NetworkTopologyStrategy', 'datacenter1': '1'}");
    const simple = { ...config, replication: { kind: 'simple', copies: 1 } } as const;
    expect((await told(simple))[0]).toContain('changed to');
    expect((await told(simple))[0]).toContain('exists');
    expect(await replication()).toMatchObject({ class: expect.stringContaining('SimpleStrategy'), replication_factor: '1' });
    expect((await told(config))[0]).toContain('exists');
  });

  it("keeps the reference system's table and reads its rows, whatever they lack", async () => {
    const config = cassandraConfig(server.contactPoints);
    const { keyspace } = config;
    await withDriver(config, async (client) => {
      await client.execute(`CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'}`);
      await client.execute(`CREATE TABLE ${keyspace}.datosclientes (${REFERENCE_TABLE})`);
      const insert = `INSERT INTO ${keyspace}.datosclientes (id, name, city, latitude, longitude) VALUES (?, ?, ?, ?, ?)`;
      const rows = [
        [1, 'Ann', 'Skagen', 57.64911, 10.40744],
        [2, 'Bea', null, null, null],
        [3, 'Cid', 'Nowhere', 91, 10],
      ];
      for (const row of rows) await client.execute(insert, row, { prepare: true });
    });
    expect(await told(config)).toContain(`table ${keyspace}.datosclientes: exists, geohash and dashboard added`);
    const session = await openCassandra(config, quietDeps());
    const directory = openCassandraDirectory(session, quietDeps());
    expect(await directory.find(1)).toMatchObject({
      name: 'Ann',
      city: 'Skagen',
      geohash: 'u4pruydqq',
      region: 'NorthEurope',
      company: '',
    });
    expect(await directory.find(2)).toMatchObject({ name: 'Bea', city: '', latitude: Number.NaN, geohash: '', region: '' });
    expect(await directory.find(3)).toMatchObject({ name: 'Cid', latitude: 91, geohash: '', region: '' });
    const parts = [];
    for await (const part of directory.places()) parts.push(part);
    expect(parts.flatMap(({ unplaced }) => unplaced).sort()).toEqual([2, 3]);
    expect(parts.flatMap(({ placed }) => placed)).toEqual([
      { sensor: 1, latitude: 57.64911, longitude: 10.40744, geohash: 'u4pruydqq', region: 'NorthEurope' },
    ]);
    expect(await directory.size()).toBe(3);
    await session.close();
  });

  it('changes nothing if a table has columns of another type, and says which', async () => {
    const config = cassandraConfig(server.contactPoints);
    const { keyspace } = config;
    await withDriver(config, async (client) => {
      await client.execute(`CREATE KEYSPACE ${keyspace} WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'}`);
      await client.execute(`CREATE TABLE ${keyspace}.datosclientes (id text PRIMARY KEY, latitude text)`);
    });
    await expect(told(config)).rejects.toMatchObject({
      code: 'cassandra-schema',
      message: expect.stringMatching(/datosclientes\.id is text and not int.*datosclientes\.latitude is text and not double/),
    });
  });

  it('is asked for with an explanation when the system starts without it', async () => {
    const config = cassandraConfig(server.contactPoints);
    await expect(openCassandra(config, quietDeps())).rejects.toMatchObject({
      code: 'cassandra-schema',
      message: expect.stringMatching(/no table .*datosclientes: run npm run schema/),
    });
  });

  it('is not looked for in a data centre that does not exist', async () => {
    const config = cassandraConfig(server.contactPoints, { TOCSIN_CASSANDRA_DATA_CENTRE: 'dc9' });
    for (const attempt of [() => openCassandra(config, quietDeps()), () => told(config)]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'cassandra-data-centre', message: expect.stringContaining('datacenter1') });
    }
  });
});
