import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_FLAGS } from '../runtime/node-flags.ts';
import type { Figure } from './report.ts';
import { generateClients } from './restart.ts';
import { API_TOKEN, memoryOf, pinned, startServer } from './server.ts';

const MINUTES = 10;
const SAMPLE_MS = 10_000;
const MIB = 1024 ** 2;

/** Resident memory of the whole system under the reference's load. One run takes ten minutes. */
export async function benchMemory(runs: number): Promise<readonly Figure[]> {
  const samples: { rss: number; anonymous: number; file: number }[][] = [];
  for (let run = 0; run < runs; run += 1) samples.push(await oneRun());
  const last = samples.map((run) => run.at(-1) ?? { rss: Number.NaN, anonymous: Number.NaN, file: Number.NaN });
  return [
    {
      name: 'resident after 10 minutes at 1,400 messages/s',
      unit: 'MiB',
      values: last.map(({ rss }) => rss / MIB),
      bar: '220 MB (stretch 150)',
    },
    { name: 'anonymous part', unit: 'MiB', values: last.map(({ anonymous }) => anonymous / MIB) },
    { name: 'pages of the store (clean, the kernel may reclaim them)', unit: 'MiB', values: last.map(({ file }) => file / MIB) },
    {
      name: 'growth of anonymous memory from minute 5 on',
      unit: 'MiB/minute',
      values: samples.map((run) => slope(run.slice(run.length / 2).map(({ anonymous }) => anonymous / MIB))),
      bar: 'none',
    },
  ];
}

async function oneRun(): Promise<{ rss: number; anonymous: number; file: number }[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const environment = { TOCSIN_DATA_DIR: join(folder, 'data') };
  generateClients(environment);
  const server = await startServer('main.ts', environment);
  const url = `http://127.0.0.1:${server.ready.ingestPort}`;
  const options = [
    '--apps',
    '4',
    '--rate',
    '350',
    '--minutes',
    String(MINUTES),
    '--url',
    url,
    '--console',
    server.ready.consoleUrl ?? '',
    '--token',
    API_TOKEN,
  ];
  const [command, args] = pinned(1, process.execPath, [...NODE_FLAGS, 'main/simulate/main.ts', ...options]);
  const load = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => load.once('exit', resolve));
  const samples: { rss: number; anonymous: number; file: number }[] = [];
  try {
    for (let ms = 0; ms < MINUTES * 60_000; ms += SAMPLE_MS) {
      await sleep(SAMPLE_MS);
      samples.push(await memoryOf(server.pid));
    }
    if ((await ended) !== 0) throw new Error('the simulator found a difference, or could not run');
    return samples;
  } finally {
    load.kill();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The slope per minute, by least squares. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const over = values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0);
  const under = values.reduce((sum, _value, i) => sum + (i - middle) ** 2, 0);
  return (over / under) * (60_000 / SAMPLE_MS);
}
