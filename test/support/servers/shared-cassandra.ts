import { type CassandraServer, startCassandra } from './cassandra.ts';

let started: Promise<CassandraServer> | undefined;

/**
 * One node for all test files that only need a keyspace of their own, since a start takes half a minute. Its data survive being killed; a test that
 * kills or freezes it must leave it running. It ends with the process of the tests, and temporary-folder.ts removes its data.
 */
export function sharedCassandra(): Promise<CassandraServer> {
  started ??= startCassandra({ durable: true });
  return started;
}
