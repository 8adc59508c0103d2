import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSchema } from '../../../cassandra/schema.ts';
import { openCassandra } from '../../../cassandra/session.ts';
import { openCassandraDirectory } from '../../../directory/cassandra.ts';
import { clientOf } from '../../support/alarms.ts';
import { type CassandraServer, startCassandra } from '../../support/servers/cassandra.ts';
import { cassandraConfig, quietDeps } from '../../support/servers/cassandra-keyspace.ts';
import { makeCertificates } from '../../support/servers/certificates.ts';

let folder: string;
let server: CassandraServer;
/** Settings for a server that requires both. Cassandra creates its first user a moment after its start. */
let settings: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-cassandra-tls-'));
  const { caFile, serverFile } = await makeCertificates(folder, 'cassandra');
  const yaml = `authenticator: PasswordAuthenticator
client_encryption_options:
  enabled: true
  optional: false
  require_client_auth: false
  keystore: ${serverFile}
  ssl_context_factory:
    class_name: org.apache.cassandra.security.PEMBasedSslContextFactory`;
  server = await startCassandra({ yaml });
  settings = { TOCSIN_CASSANDRA_USER: 'cassandra', TOCSIN_CASSANDRA_PASSWORD: 'cassandra', TOCSIN_CASSANDRA_TLS_CA: caFile };
  await vi.waitFor(() => createSchema(cassandraConfig(server.contactPoints, settings), () => undefined), {
    timeout: 60_000,
    interval: 500,
  });
});
afterAll(async () => {
  await server.destroy();
  await rm(folder, { recursive: true });
});

describe('a Cassandra that requires TLS and a password', () => {
  it('is used with both', async () => {
    const config = cassandraConfig(server.contactPoints, settings);
    await createSchema(config, () => undefined);
    const session = await openCassandra(config, quietDeps());
    const directory = openCassandraDirectory(session, quietDeps());
    await directory.put([clientOf()]);
    expect(await directory.find(42_959)).toEqual(clientOf());
    await session.close();
  });

  it('rejects a wrong password permanently', async () => {
    const config = cassandraConfig(server.contactPoints, { ...settings, TOCSIN_CASSANDRA_PASSWORD: 'wrong' });
    await expect(openCassandra(config, quietDeps())).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'cassandra-login',
      message: expect.not.stringContaining('wrong'),
    });
  });

  it('is not trusted with a certificate of an unknown authority', async () => {
    const config = cassandraConfig(server.contactPoints, { ...settings, TOCSIN_CASSANDRA_TLS_CA: '', TOCSIN_CASSANDRA_TLS: 'on' });
    const deps = quietDeps();
    const session = await openCassandra(config, deps);
    expect(deps.health.problems().cassandra).toMatch(/certificate|self-signed/i);
    await session.close();
  });

  it('names a certificate file that cannot be read', async () => {
    const config = cassandraConfig(server.contactPoints, { ...settings, TOCSIN_CASSANDRA_TLS_CA: '/nowhere/ca.pem' });
    await expect(openCassandra(config, quietDeps())).rejects.toMatchObject({ code: 'file' });
  });
});
