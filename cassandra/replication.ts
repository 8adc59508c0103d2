import type { Client } from 'cassandra-driver';
import type { CassandraConfig } from './config.ts';

const COPIES_AUTO = 3;

/** The replication options of the keyspace. `auto` counts the nodes of the configured data centre: a single node works, and three are all used. */
export function replicationMap(client: Client, { replication, dataCentre }: CassandraConfig): Record<string, string> {
  switch (replication.kind) {
    case 'simple':
      return { class: 'SimpleStrategy', replication_factor: String(replication.copies) };
    case 'data-centres': {
      const copies = Object.entries(replication.copies).map(([name, count]) => [name === '' ? dataCentre : name, String(count)]);
      return { class: 'NetworkTopologyStrategy', ...Object.fromEntries(copies) };
    }
    case 'auto': {
      const nodes = client.getState().getConnectedHosts().length;
      const own = client.hosts.values().filter(({ datacenter }) => datacenter === dataCentre).length;
      return { class: 'NetworkTopologyStrategy', [dataCentre]: String(Math.min(COPIES_AUTO, Math.max(1, own || nodes))) };
    }
  }
}
