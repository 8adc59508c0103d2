import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './report.ts';
import { API_TOKEN, pinned, startServer } from './server.ts';
import { wrk } from './wrk.ts';

interface Load {
  readonly name: string;
  readonly batch: number;
  readonly bar?: string;
  /** Messages/s, given the rate of the bare handler in the same run. */
  readonly rate: (bare: number) => number;
}

/** The fixed rates compare versions on one machine; the relative one compares machines. */
const LOADS: readonly Load[] = [
  { name: 'single POSTs at 40 % of the bare handler', batch: 1, bar: '15 (stretch 5)', rate: (bare) => Math.round(0.4 * bare) },
  { name: 'single POSTs at 10,000/s', batch: 1, bar: '15 (stretch 5)', rate: () => 10_000 },
  { name: 'batches of 100 at 300,000/s', batch: 100, bar: '10', rate: () => 300_000 },
  { name: 'batches of 100 at 500,000/s', batch: 100, bar: 'stretch: 10', rate: () => 500_000 },
];

/** The share of the bare handler's rate that the durable proxy reaches (bench ingest), by statuses per POST: a rate above that is too much for the machine. */
const carriedShare = (batch: number): number => (batch === 1 ? 0.6 : 1);

const SECONDS = 35;
const ALARMS_PER_SECOND = 50;

interface Measured {
  readonly ackP99: number;
  readonly alarmP50: number;
  readonly alarmP99: number;
  readonly failed: number;
  readonly unseen: number;
  /** Share of the time in which the generator was busy: near 1 it would measure itself. */
  readonly busy: number;
}

interface Run extends Measured {
  readonly rate: number;
  /** The rate of the bare handler in the same run, messages/s. */
  readonly bare: number;
}

/** The time from when a status is due until it is acknowledged, and until its alarm is in the console's stream. */
export async function benchEndToEnd(runs: number): Promise<readonly Figure[]> {
  const results = LOADS.map(() => [] as Run[]);
  for (let run = 0; run < runs; run += 1) {
    const bare = new Map([1, 100].map((batch) => [batch, 0]));
    for (const batch of bare.keys()) bare.set(batch, await bareRate(batch));
    for (const [i, load] of LOADS.entries()) {
      const most = bare.get(load.batch) ?? 0;
      const rate = load.rate(most);
      results[i]?.push({ ...(await measure(rate, load.batch)), rate, bare: most });
    }
  }
  return LOADS.flatMap((load, i) => figuresOf(load, results[i] ?? []));
}

function figuresOf({ name, batch, bar }: Load, runs: readonly Run[]): Figure[] {
  const of = (value: (run: Run) => number): number[] => runs.map(value);
  const carried = carriedShare(batch);
  const beyond = runs.some(({ rate, bare }) => rate > carried * bare) ? 'measures the machine, which is too slow for the rate' : undefined;
  return [
    {
      name: `${name}: rate to the bare handler's`,
      unit: 'ratio',
      values: of((run) => run.rate / run.bare),
      bar: beyond ?? `below ${carried}`,
    },
    { name: `${name}: alarm visible, p50`, unit: 'ms', values: of((run) => run.alarmP50) },
    { name: `${name}: alarm visible, p99`, unit: 'ms', values: of((run) => run.alarmP99), bar: beyond ?? bar ?? '' },
    { name: `${name}: acknowledged, p99`, unit: 'ms', values: of((run) => run.ackP99) },
    { name: `${name}: the generator's own load`, unit: 'of a core', values: of((run) => run.busy), bar: 'below 0.8' },
    { name: `${name}: failed or unseen`, unit: 'count', values: of((run) => run.failed + run.unseen), bar: '0' },
  ];
}

/** The rate, in messages/s, of a handler that only reads bodies and answers, on one core with the load on the other. */
async function bareRate(batch: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const server = await startServer('bench/peers/bare.ts');
  try {
    wrk(folder, server.ready.ingestPort, { connections: 64, seconds: 2, batch });
    return wrk(folder, server.ready.ingestPort, { connections: 64, seconds: 6, batch }).requestsPerSecond * batch;
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(rate: number, batch: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const server = await startServer('main.ts', { TOCSIN_DATA_DIR: join(folder, 'data') }, 'free');
  try {
    const options = [
      `http://127.0.0.1:${server.ready.ingestPort}`,
      server.ready.consoleUrl ?? '',
      API_TOKEN,
      rate,
      batch,
      SECONDS,
      ALARMS_PER_SECOND,
      1,
    ];
    const [command, args] = pinned(1, process.execPath, ['--import', 'tsx', 'bench/peers/open-loop.ts', ...options.map(String)]);
    const load = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    return await new Promise<Measured>((resolve, reject) => {
      load.once('message', (message) => resolve(message as Measured));
      load.once('exit', (code) => reject(new Error(`the load ended with ${code} and no result`)));
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
