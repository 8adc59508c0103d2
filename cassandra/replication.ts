import type { Client } from 'cassandra-driver';
import type { CassandraConfig } from './config.ts';

const COPIES_AUTO = 3;

/** Replication as Cassandra has it. `auto` counts the nodes of the own data centre, so that one node alone works and three are used. */
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
