import { expect, it } from 'vitest';
import { cassandraSettings } from '../../../cassandra/config.ts';
import { createClient } from '../../../cassandra/client.ts';
import { readSettings } from '../../../runtime/configuration.ts';

/** How long a node of Cassandra waits for a dead one at most: read_request_timeout / 2 before it reads another copy, and write_request_timeout. */
const NODE_GIVES_UP_MS = { read: 2_500, write: 2_000 };

it('a request has time for a node that waits for a dead one, and then for a write on another node', () => {
  const config = readSettings(cassandraSettings, { TOCSIN_CASSANDRA_CONTACT_POINTS: 'one,two,three' });
  const { readTimeout = 0 } = (createClient(config) as unknown as { options: { socketOptions: { readTimeout: number } } }).options
    .socketOptions;
  expect(readTimeout).toBeGreaterThan(NODE_GIVES_UP_MS.read + 200);
  expect(config.timeoutMs - readTimeout).toBeGreaterThan(NODE_GIVES_UP_MS.write + 200);
});
