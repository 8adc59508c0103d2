import { afterAll, beforeAll } from 'vitest';
import { openCassandraArchive } from '../../../archive/cassandra.ts';
import { openCassandraDirectory } from '../../../directory/cassandra.ts';
import { archiveContract } from '../../contract/archive.ts';
import { directoryContract } from '../../contract/directory.ts';
import { emptyKeyspace, type Keyspace, openKeyspace } from '../../support/servers/cassandra-keyspace.ts';
import { sharedCassandra } from '../../support/servers/shared-cassandra.ts';

let keyspace: Keyspace;
beforeAll(async () => {
  keyspace = await openKeyspace((await sharedCassandra()).contactPoints);
});
afterAll(() => keyspace.close());

directoryContract('cassandra', async () => ({
  directory: openCassandraDirectory(keyspace.session, keyspace.deps),
  close: () => emptyKeyspace(keyspace),
}));

archiveContract('cassandra', async () => ({
  archive: openCassandraArchive(keyspace.session, { ...keyspace.deps, days: 365 }),
  close: () => emptyKeyspace(keyspace),
}));
