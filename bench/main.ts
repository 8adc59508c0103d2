import { writeFileSync } from 'node:fs';
import { command, option, text } from '../runtime/command-line.ts';
import { integer } from '../runtime/configuration.ts';
import { runProgram } from '../runtime/program.ts';
import { type Figure, reportOf, tableOf } from './report.ts';

interface Options {
  readonly records: number;
  readonly node?: string;
}

interface Bench {
  readonly what: string;
  /** How often each figure is measured unless something else is asked for. */
  readonly runs?: number;
  readonly run: (runs: number, options: Options) => Promise<readonly Figure[]>;
}

const RUNS = 5;

/** Each loads only the modules that it needs. */
const BENCHES: Readonly<Record<string, Bench>> = {
  ingest: {
    what: 'POST /entry, compared with a bare handler and with durability off (needs wrk)',
    run: async (runs) => (await import('./ingest.ts')).benchIngest(runs),
  },
  detection: {
    what: 'decode and detect, one thread, 50,000 and 1,000,000 sensors',
    run: async (runs) => (await import('./detection.ts')).benchDetection(runs),
  },
  'silent-sensors': {
    what: 'noticing which sensors are silent: memory for each, cost of a reading, one thread, 50,000 and 1,000,000 sensors (seconds)',
    run: async (runs) => (await import('./silent-sensors.ts')).benchSilentSensors(runs),
  },
  'end-to-end': {
    what: 'open loop: intended send time until the alarm is in the API',
    run: async (runs) => (await import('./end-to-end.ts')).benchEndToEnd(runs),
  },
  attack: {
    what: 'a bad sender beside good ones: what its bodies cost, how long the others wait, how much memory unread answers take (one run unless you ask for more: 3 minutes each)',
    runs: 1,
    run: async (runs) => (await import('./attack.ts')).benchAttack(runs),
  },
  restart: {
    what: 'time from start to ready: with 50,000 clients; after kill -9 with 10 M records',
    run: async (runs) => (await import('./restart.ts')).benchRestart(runs),
  },
  backup: {
    what: 'a backup of 10 M records beside hits: size, time, what a hit waits; and its restore',
    run: async (runs) => (await import('./backup.ts')).benchBackup(runs),
  },
  memory: {
    what: 'resident memory over 10 minutes at 1,400 messages/s',
    run: async (runs) => (await import('./memory.ts')).benchMemory(runs),
  },
  'open-alarms': {
    what: 'what operators wait for with 300,000 alarms open, beside 300',
    run: async (runs) => (await import('./open-alarms.ts')).benchOpenAlarms(runs),
  },
  'grave-mail': {
    what: "how long a fire's mail takes while 20,000 and 300,000 lesser mails wait, also right after kill -9",
    run: async (runs) => (await import('./grave-mail.ts')).benchGraveMail(runs),
  },
  connections: {
    what: '50,000 open connections (or as many as the system lets one process open) and 2,500 statuses/s',
    run: async (runs) => (await import('./connections.ts')).benchConnections(runs),
  },
  'kafka-backlog': {
    what: 'a backlog on a broker of its own: CPU per record, our processor and Kafka Streams in turns (needs Java, Maven)',
    run: async (runs, options) => (await import('./kafka-backlog.ts')).benchKafkaBacklog(runs, options),
  },
  'kafka-latency': {
    what: 'open loop into Kafka: due time until the alarm is committed, our processor and Kafka Streams (needs Java, Maven)',
    run: async (runs, options) => (await import('./kafka-latency.ts')).benchKafkaLatency(runs, options),
  },
  'kafka-restart': {
    what: 'kill -9 of a processor on Kafka at 10,000/s: restart, ours and Kafka Streams; take-over (needs Java, Maven)',
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

const count = integer(1, 1_000_000_000);

const BENCH = command({
  name: 'npm run bench',
  summary: 'Measures, as ratios within one run.',
  words: { name: 'BENCH', help: 'one of those below', min: 1, max: 1, known: Object.keys(BENCHES) },
  options: {
    runs: option('N', count.optional(), `how often each figure is measured; the table shows median and range (default: ${RUNS})`),
    records: option('N', count, 'size of a backlog; 40,000,000 give steady figures', '5000000'),
    node: option('PATH', text, 'the Node binary for our process in benches with a peer'),
    json: option('FILE', text, 'writes all values as JSON'),
  },
  lists: [{ heading: 'Benches', rows: Object.entries(BENCHES).map(([name, { what }]) => [name, what]) }],
  run: async ({ options: { runs, records, node, json }, words: [name = ''] }) => {
    const bench = BENCHES[name];
    const figures = (await bench?.run(runs ?? bench.runs ?? RUNS, { records, ...(node === undefined ? {} : { node }) })) ?? [];
    const report = reportOf(name, figures);
    process.stdout.write(`${tableOf(report)}\n`);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    return 0;
  },
});

await runProgram(BENCH, process.argv.slice(2));
