/** Creates and checks the keyspace and its tables. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'cassandra-driver';
import { PermanentError, TransientError } from '../runtime/errors.ts';
import { createClient } from './client.ts';
import type { CassandraConfig } from './config.ts';
import { faultOf } from './errors.ts';
import { replicationMap } from './replication.ts';
import type { CassandraSchema, Table } from './table.ts';

/** A change of the schema takes a second or two on several nodes, more on slow ones. */
const STATEMENT_MS = 60_000;
const AGREEMENT_MS = 60_000;
const CHECK_EVERY_MS = 200;

type Columns = ReadonlyMap<string, string>;

/**
 * Creates the keyspace, tables and columns that don't exist yet, and reports each step; repeating it changes nothing. Rejects with PermanentError
 * `cassandra-schema` if a table of that name has columns of another type (then no table is changed), otherwise as `openCassandra` does; with
 * TransientError `cassandra-away` if Cassandra can't be reached, `cassandra-schema` if the nodes don't agree on the schema in time.
 */
export async function createSchema(config: CassandraSchema, report: (line: string) => void): Promise<void> {
  const client = createClient({ ...config, timeoutMs: Math.max(config.timeoutMs, STATEMENT_MS) });
  try {
    await client.connect();
    await createKeyspace(client, config, report);
    await createTables(client, config, report);
  } catch (error) {
    throw faultOf(error);
  } finally {
    await client.shutdown();
  }
}

async function createTables(client: Client, { keyspace, tables }: CassandraSchema, report: (line: string) => void): Promise<void> {
  const found = await tablesOf(client, keyspace);
  const wrong = tables.flatMap((table) => differences(table, found.get(table.name)));
  if (wrong.length > 0)
    throw new PermanentError('cassandra-schema', `${keyspace} has tables with columns of other types: ${wrong.join('; ')}`);
  for (const table of tables) {
    const name = `table ${keyspace}.${table.name}`;
    const columns = found.get(table.name);
    if (columns) {
      const missing = Object.keys(table.columns).filter((column) => !columns.has(column));
      for (const column of missing) await change(client, additionOf(table, column, keyspace));
      report(missing.length === 0 ? `${name}: exists` : `${name}: exists, ${missing.join(' and ')} added`);
    } else {
      await change(client, creationOf(table, keyspace));
      report(`${name}: created`);
    }
  }
}

/** One change at a time, on one node only, and known to all nodes before the next. */
async function change(client: Client, statement: string): Promise<void> {
  await client.execute(statement, [], { prepare: false, isIdempotent: false });
  await waitForAgreement(client);
}

/** All statements, for people who create the schema themselves. */
export function schemaText({ keyspace, tables }: Pick<CassandraSchema, 'keyspace' | 'tables'>): string {
  return tables.map((table) => `${creationOf(table, keyspace)};\n`).join('\n');
}

/** The first table or column that is missing, as a message; undefined if none is. */
export async function missingFromSchema(client: Client, { keyspace, tables }: CassandraSchema): Promise<string | undefined> {
  const found = await tablesOf(client, keyspace);
  for (const table of tables) {
    const columns = found.get(table.name);
    if (!columns) return `there is no table ${keyspace}.${table.name}`;
    const column = Object.keys(table.columns).find((name) => !columns.has(name));
    if (column !== undefined) return `the table ${keyspace}.${table.name} has no column ${column}`;
  }
  return undefined;
}

async function createKeyspace(client: Client, config: CassandraConfig, report: (line: string) => void): Promise<void> {
  const { keyspace } = config;
  const found = await client.execute('SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?', [keyspace]);
  const now = found.first()?.replication as Readonly<Record<string, string>> | undefined;
  const wanted = replicationMap(client, config);
  const map = `{${Object.entries(wanted)
    .map(([key, value]) => `'${key}': '${value}'`)
    .join(', ')}}`;
  if (!now) {
    await change(client, `CREATE KEYSPACE IF NOT EXISTS ${keyspace} WITH replication = ${map}`);
    report(`keyspace ${keyspace}: created with ${map}`);
  } else if (config.replication.kind === 'auto' || same(now, wanted)) {
    report(`keyspace ${keyspace}: exists`);
  } else {
    await change(client, `ALTER KEYSPACE ${keyspace} WITH replication = ${map}`);
    report(`keyspace ${keyspace}: changed to ${map}; run nodetool repair --full ${keyspace} on every node`);
  }
}

function same(now: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>>): boolean {
  const shown = (map: Readonly<Record<string, string>>): string =>
    Object.entries(map)
      .map(([key, value]) => `${key}=${value.replace(/^.*\./, '')}`)
      .sort()
      .join();
  return shown(now) === shown(wanted);
}

async function tablesOf(client: Client, keyspace: string): Promise<ReadonlyMap<string, Columns>> {
  const query = 'SELECT table_name, column_name, type FROM system_schema.columns WHERE keyspace_name = ?';
  const { rows } = await client.execute(query, [keyspace]);
  const tables = new Map<string, Map<string, string>>();
  for (const row of rows) {
    const columns = tables.get(row.table_name as string) ?? new Map<string, string>();
    tables.set(row.table_name as string, columns.set(row.column_name as string, row.type as string));
  }
  return tables;
}

function differences({ name, columns }: Table, found: Columns | undefined): string[] {
  return Object.entries(columns)
    .filter(([column, type]) => found?.has(column) && found.get(column) !== type)
    .map(([column, type]) => `${name}.${column} is ${found?.get(column)} and not ${type}`);
}

function additionOf({ name, columns }: Table, column: string, keyspace: string): string {
  return `ALTER TABLE ${keyspace}.${name} ADD IF NOT EXISTS ${column} ${columns[column]}`;
}

function creationOf({ name, columns, key, order, comment }: Table, keyspace: string): string {
  const lines = Object.entries(columns).map(([column, type]) => `  ${column} ${type},`);
  const options = [
    ...(order === undefined ? [] : [`CLUSTERING ORDER BY (${order})`]),
    `comment = '${comment.replaceAll("'", "''")}'`,
    // So that a read doesn't wait for a replica whose node has just died.
    "speculative_retry = 'MIN(99p,50ms)'",
  ];
  return `CREATE TABLE IF NOT EXISTS ${keyspace}.${name} (\n${lines.join('\n')}\n  PRIMARY KEY (${key})\n) WITH ${options.join('\n  AND ')}`;
}

/** Resolves once all nodes that are up know the same schema: writes to a table that only some nodes know are refused. */
async function waitForAgreement(client: Client): Promise<void> {
  const end = performance.now() + AGREEMENT_MS;
  // The driver's types lack it.
  const metadata = client.metadata as unknown as { checkSchemaAgreement(): Promise<boolean> };
  while (performance.now() < end) {
    if (await metadata.checkSchemaAgreement()) return;
    await sleep(CHECK_EVERY_MS);
  }
  throw new TransientError(
    'cassandra-schema',
    `the nodes of Cassandra did not agree on the schema within ${AGREEMENT_MS / 1_000} s: check that all of them are up`,
  );
}
