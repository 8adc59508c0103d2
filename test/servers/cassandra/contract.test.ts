import { beforeAll } from 'vitest';
import { openCassandraArchive } from '../../../archive/cassandra.ts';
import { openCassandraDirectory } from '../../../directory/cassandra.ts';
import { archiveContract } from '../../contract/archive.ts';
import { directoryContract } from '../../contract/directory.ts';
import type { CassandraServer } from '../../support/servers/cassandra.ts';
import { openKeyspace } from '../../support/servers/cassandra-keyspace.ts';
import { sharedCassandra } from '../../support/servers/shared-cassandra.ts';

let server: CassandraServer;
beforeAll(async () => {
  server = await sharedCassandra();
});

directoryContract('cassandra', async () => {
  const { session, deps, close } = await openKeyspace(server.contactPoints);
  return { directory: openCassandraDirectory(session, deps), close };
});

archiveContract('cassandra', async () => {
  const { session, deps, close } = await openKeyspace(server.contactPoints);
  return { archive: openCassandraArchive(session, { ...deps, days: 365 }), close };
});
