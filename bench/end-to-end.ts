import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './report.ts';
import { API_TOKEN, pinned, startServer } from './server.ts';

const LOADS = [
  { name: 'single POSTs at 10,000/s', rate: 10_000, batch: 1, bar: '15 (stretch 5)' },
  { name: 'batches of 100 at 300,000/s', rate: 300_000, batch: 100, bar: '10' },
  { name: 'batches of 100 at 500,000/s', rate: 500_000, batch: 100, bar: 'stretch: 10' },
] as const;

const SECONDS = 35;
const ALARMS_PER_SECOND = 50;

interface Measured {
  readonly ackP99: number;
  readonly alarmP50: number;
  readonly alarmP99: number;
  readonly failed: number;
  readonly unseen: number;
  /** Share of the time in which the generator had work: near 1 it would measure itself. */
  readonly busy: number;
}

/** From the time at which a status is due until it is acknowledged, and until its alarm is in the console's stream. */
export async function benchEndToEnd(runs: number): Promise<readonly Figure[]> {
  const results = LOADS.map(() => [] as Measured[]);
  for (let run = 0; run < runs; run += 1) for (const [i, load] of LOADS.entries()) results[i]?.push(await measure(load.rate, load.batch));
  return LOADS.flatMap(({ name, bar }, i) => {
    const of = (value: (m: Measured) => number): number[] => (results[i] ?? []).map(value);
    return [
      { name: `${name}: alarm visible, p50`, unit: 'ms', values: of((m) => m.alarmP50) },
      { name: `${name}: alarm visible, p99`, unit: 'ms', values: of((m) => m.alarmP99), bar },
      { name: `${name}: acknowledged, p99`, unit: 'ms', values: of((m) => m.ackP99) },
      { name: `${name}: the generator's own load`, unit: 'of a core', values: of((m) => m.busy), bar: 'below 0.8' },
      { name: `${name}: failed or unseen`, unit: 'count', values: of((m) => m.failed + m.unseen), bar: '0' },
    ];
  });
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
