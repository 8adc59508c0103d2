import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Figure, reportOf, tableOf } from './report.ts';

interface Options {
  readonly records: number;
  readonly node?: string;
}

/** Each loads only what it needs. */
const BENCHES: Readonly<
  Record<string, { readonly what: string; readonly run: (runs: number, options: Options) => Promise<readonly Figure[]> }>
> = {
  ingest: {
    what: 'POST /entry against a bare handler and against durability off (needs wrk)',
    run: async (runs) => (await import('./ingest.ts')).benchIngest(runs),
  },
  detection: {
    what: 'decode and detect, one thread, 50,000 and 1,000,000 sensors',
    run: async (runs) => (await import('./detection.ts')).benchDetection(runs),
  },
  'end-to-end': {
    what: 'open loop: intended send time until the alarm is in the API',
    run: async (runs) => (await import('./end-to-end.ts')).benchEndToEnd(runs),
  },
  restart: {
    what: 'start to ready: with 50,000 clients; after kill -9 with 10 M records',
    run: async (runs) => (await import('./restart.ts')).benchRestart(runs),
  },
  memory: {
    what: 'resident memory over 10 minutes at 1,400 messages/s',
    run: async (runs) => (await import('./memory.ts')).benchMemory(runs),
  },
  connections: {
    what: '50,000 open connections (or as many as the system lets one process open) and 2,500 statuses/s',
    run: async (runs) => (await import('./connections.ts')).benchConnections(runs),
  },
  'kafka-backlog': {
    what: 'a backlog on a broker of its own: CPU per record, ours and Kafka Streams in turns (needs Java, Maven)',
    run: async (runs, options) => (await import('./kafka-backlog.ts')).benchKafkaBacklog(runs, options),
  },
  'kafka-latency': {
    what: 'open loop into Kafka: due time until the alarm is committed, ours and Kafka Streams (needs Java, Maven)',
    run: async (runs, options) => (await import('./kafka-latency.ts')).benchKafkaLatency(runs, options),
  },
  'kafka-restart': {
    what: 'kill -9 of a processor on Kafka at 10,000/s: restarted, ours and Kafka Streams; taken over (needs Java, Maven)',
    run: async (runs, options) => (await import('./kafka-restart.ts')).benchKafkaRestart(runs, options),
  },
  'kafka-proxy': {
    what: 'POST /entry of a proxy on Kafka, beside a bare handler (needs Java, Maven, wrk)',
    run: async (runs) => (await import('./kafka-proxy.ts')).benchKafkaProxy(runs),
  },
  'kafka-memory': {
    what: 'resident memory of a processor on Kafka after 2 minutes at 5,000/s, ours and Kafka Streams (needs Java, Maven)',
    run: async (runs, options) => (await import('./kafka-memory.ts')).benchKafkaMemory(runs, options),
  },
};

const HELP = `Usage: npm run bench -- BENCH [--runs N] [--records N] [--node PATH] [--json FILE]

${Object.entries(BENCHES)
  .map(([name, { what }]) => `  ${name.padEnd(13)} ${what}`)
  .join('\n')}

  --runs N     how often each figure is measured; the table shows median and range (default 5)
  --records N  of a backlog (default 5,000,000; for steady figures 40,000,000)
  --node PATH  the Node that runs ours, where a peer runs beside it
  --json FILE  writes all values as JSON
`;

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string', default: '5' },
    records: { type: 'string', default: '5000000' },
    node: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
  allowPositionals: true,
});
const bench = BENCHES[positionals[0] ?? ''];
const runs = Number(values.runs);
const records = Number(values.records);

if (values.help) process.stdout.write(HELP);
else if (!bench || positionals.length !== 1 || ![runs, records].every((n) => Number.isInteger(n) && n > 0)) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else {
  const report = reportOf(positionals[0] ?? '', await bench.run(runs, { records, ...(values.node ? { node: values.node } : {}) }));
  process.stdout.write(`${tableOf(report)}\n`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
