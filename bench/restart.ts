import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_FLAGS } from '../runtime/node-flags.ts';
import type { Figure } from './report.ts';
import { type Server, startServer } from './server.ts';
import { wrk } from './wrk.ts';

const RECORDS = 10_000_000;

/** The time until the whole system accepts statuses: with its clients, and after a kill -9 with a long log. */
export async function benchRestart(runs: number): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const environment = { TOCSIN_DATA_DIR: join(folder, 'data') };
  try {
    generateClients(environment);
    const clients = await starts(runs, environment);
    const filled = await fill(folder, environment);
    const killed = await starts(runs, environment);
    return [
      { name: 'start to ready, 50,000 clients', unit: 's', values: clients, bar: '1.5 (stretch 0.7)' },
      { name: `after kill -9, ${filled.toLocaleString('en')} records`, unit: 's', values: killed, bar: '3 (stretch 1)' },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends every run with kill -9, so that the next one starts after a crash. */
async function starts(runs: number, environment: NodeJS.ProcessEnv): Promise<number[]> {
  const seconds: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const server = await startServer('main.ts', environment);
    seconds.push(server.startMs / 1_000);
    await server.stop('SIGKILL');
  }
  return seconds;
}

/** Imports sample clients with the command in the README. */
export function generateClients(environment: NodeJS.ProcessEnv): void {
  const { status } = spawnSync(process.execPath, [...NODE_FLAGS, 'main/clients/main.ts', 'generate', '50000', '--import'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error('the sample clients could not be created');
}

async function fill(folder: string, environment: NodeJS.ProcessEnv): Promise<number> {
  const server = await startServer('main.ts', environment);
  let records = 0;
  while (records < RECORDS) {
    wrk(folder, server.ready.ingestPort, { connections: 16, seconds: 5, batch: 1_000 });
    records = await recordsIn(server);
  }
  await server.stop('SIGKILL');
  return records;
}

async function recordsIn({ ready }: Server): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${ready.ingestPort}/metrics`)).text();
  return Number(/^tocsin_task_records_total\{topic="ENTRY"\} (\d+)/m.exec(metrics)?.[1] ?? 0);
}
