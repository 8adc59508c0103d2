import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Figure, reportOf, tableOf } from './report.ts';

/** Each loads only what it needs. */
const BENCHES: Readonly<Record<string, { readonly what: string; readonly run: (runs: number) => Promise<readonly Figure[]> }>> = {
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
};

const HELP = `Usage: npm run bench -- BENCH [--runs N] [--json FILE]

${Object.entries(BENCHES)
  .map(([name, { what }]) => `  ${name.padEnd(12)} ${what}`)
  .join('\n')}

  --runs N     how often each figure is measured; the table shows median and range (default 5)
  --json FILE  writes all values as JSON
`;

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, json: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  allowPositionals: true,
});
const bench = BENCHES[positionals[0] ?? ''];
const runs = Number(values.runs);

if (values.help) process.stdout.write(HELP);
else if (!bench || positionals.length !== 1 || !Number.isInteger(runs) || runs < 1) {
  process.stderr.write(HELP);
  process.exitCode = 2;
} else {
  const report = reportOf(positionals[0] ?? '', await bench.run(runs));
  process.stdout.write(`${tableOf(report)}\n`);
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
