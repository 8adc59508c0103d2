import { type CassandraServer, startCassandra } from './cassandra.ts';

let started: Promise<CassandraServer> | undefined;

/**
 * One node for all files that want no more of it than a keyspace of their own: it takes half a minute to start. What is written to it outlasts its being
 * killed; whoever kills or freezes it leaves it running. Nobody ends it: it goes with the process of the tests, and its data with temporary-folder.ts.
 */
export function sharedCassandra(): Promise<CassandraServer> {
  started ??= startCassandra({ durable: true });
  return started;
}
