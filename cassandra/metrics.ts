import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export function cassandraMetrics(registry: Registry, nodesUp: () => number) {
  const registers = [registry];
  return {
    seconds: new Histogram({
      name: 'tocsin_cassandra_request_seconds',
      help: 'Time from a request to Cassandra to its answer, retries on other nodes included',
      labelNames: ['kind'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    failures: new Counter({
      name: 'tocsin_cassandra_failures_total',
      help: 'Requests to Cassandra that failed on every node they were tried on',
      labelNames: ['code'],
      registers,
    }),
    nodes: new Gauge({
      name: 'tocsin_cassandra_nodes_up',
      help: 'Nodes of Cassandra that this process reaches',
      registers,
      collect() {
        this.set(nodesUp());
      },
    }),
  };
}
