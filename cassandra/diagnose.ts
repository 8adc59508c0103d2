import type { Client } from 'cassandra-driver';
import { type DiagnosisDeps, type Finding, fine, wrong } from '../runtime/diagnosis.ts';
import { PermanentError, reasonOf } from '../runtime/errors.ts';
import { createClient } from './client.ts';
import { type CassandraConfig, usesTls } from './config.ts';
import { faultOf } from './errors.ts';
import { missingFromSchema } from './schema.ts';
import type { CassandraSchema } from './table.ts';

const NAME = 'Cassandra';
const CLOCK_DIFFERENCE_MAX_MS = 1_000;

/** Checks the nodes, the log-in, the clock and the schema. See DiagnosisDeps. */
export async function diagnoseCassandra(config: CassandraSchema, { clock, timeoutMs }: DiagnosisDeps): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  let client: Client | undefined;
  try {
    client = createClient({ ...config, timeoutMs });
    await client.connect();
    findings.push(...(await nodesOf(client, config, clock)));
    const missing = await missingFromSchema(client, config);
    findings.push(
      missing === undefined
        ? fine(`${NAME} keyspace ${config.keyspace}`, 'has its tables')
        : wrong(`${NAME} keyspace ${config.keyspace}`, missing, 'npm run schema creates what is missing'),
    );
  } catch (error) {
    const fault = faultOf(error);
    const nodes = (config.contactPoints ?? []).map(({ host, port }) => `${host}:${port}`).join(', ');
    findings.push(wrong(`${NAME} ${nodes}`, reasonOf(fault), adviceFor(fault)));
  } finally {
    await client?.shutdown().catch(() => undefined);
  }
  return findings;
}

async function nodesOf(client: Client, config: CassandraConfig, clock: () => number): Promise<Finding[]> {
  const askedAt = clock();
  const answer = await client.execute('SELECT release_version, cluster_name, toUnixTimestamp(now()) AS now FROM system.local', [], {
    prepare: false,
  });
  const answeredAt = clock();
  const row = answer.first();
  const nodes = client.hosts.values();
  const up = nodes.filter((node) => node.isUp());
  const how = [usesTls(config) ? 'TLS' : 'no TLS', config.user ? `signed in as ${config.user}` : 'no log-in'];
  const found = `${row?.release_version}, cluster ${row?.cluster_name}, ${up.length} of ${nodes.length} nodes up, ${how.join(', ')}`;
  const down = nodes.filter((node) => !node.isUp()).map(({ address }) => address);
  return [
    down.length === 0 ? fine(NAME, found) : wrong(NAME, found, `find out why ${down.join(', ')} cannot be reached`),
    clockFinding(Number(row?.now), askedAt, answeredAt),
  ];
}

/** Compares the node's clock with ours, which was read just before and just after it. */
function clockFinding(theirs: number, askedAt: number, answeredAt: number): Finding {
  const check = `${NAME} clock`;
  const ahead = theirs > answeredAt ? theirs - answeredAt : Math.min(0, theirs - askedAt);
  return Math.abs(ahead) <= CLOCK_DIFFERENCE_MAX_MS
    ? fine(check, 'agrees with the one here')
    : wrong(check, `${Math.abs(ahead) / 1_000} s ${ahead > 0 ? 'ahead of' : 'behind'} the one here`, 'synchronize both machines by NTP');
}

function adviceFor(error: unknown): string {
  const code = error instanceof PermanentError ? error.code : '';
  if (code === 'cassandra-login') return 'see TOCSIN_CASSANDRA_USER and TOCSIN_CASSANDRA_PASSWORD';
  if (code === 'cassandra-data-centre') return 'set TOCSIN_CASSANDRA_DATA_CENTRE to one of those';
  if (code === 'file') return 'name a file that can be read';
  return 'start it, or set TOCSIN_CASSANDRA_CONTACT_POINTS to addresses that can be reached from here; with TLS see TOCSIN_CASSANDRA_TLS';
}
