import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_FLAGS } from '../runtime/node-flags.ts';
import type { Figure } from './report.ts';
import { generateClients } from './restart.ts';
import { cpuSecondsOf, startServer } from './server.ts';

const MIB = 1024 ** 2;
const RECORDS = 10_000_000;
const IN_A_POST = 2_000;
const SENDERS = 4;
const AGAIN_MS = 200;
const FIRES_EVERY_MS = 20;
const LOOK_EVERY_MS = 100;
const FIRES = 500;

/** A backup of 10 M records while statuses come in: its size, how long it and its restore take, and how long a fire's acknowledgement takes beside it. */
export async function benchBackup(_runs: number): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const environment = { TOCSIN_DATA_DIR: join(folder, 'data') };
  try {
    generateClients(environment);
    const server = await startServer('main.ts', environment);
    await fill(server.ready.ingestPort);
    const quiet = await fires(server.ready.ingestPort, 1, FIRES);
    let running = true;
    const backup = took('main/backup/main.ts', [join(folder, 'backup')], environment).finally(() => {
      running = false;
    });
    const beside: number[] = [];
    for (let first = 1_000_000; running; first += FIRES)
      beside.push(...(await fires(server.ready.ingestPort, first, FIRES, () => running)));
    const copied = await backup;
    await server.stop('SIGKILL');
    rmSync(join(folder, 'data'), { recursive: true });
    const restored = await took('main/restore/main.ts', [join(folder, 'backup')], environment);
    const again = await startServer('main.ts', environment);
    await again.stop('SIGTERM');
    const mib = sizeOf(join(folder, 'backup')) / MIB;
    const of = RECORDS.toLocaleString('en');
    return [
      { name: `backup of ${of} records, at 50 MiB/s`, unit: 's', values: [copied.seconds] },
      { name: 'its processor time', unit: 's', values: [copied.cpuSeconds] },
      { name: 'its size', unit: 'MiB', values: [mib] },
      { name: 'restore', unit: 's', values: [restored.seconds] },
      { name: 'its processor time', unit: 's', values: [restored.cpuSeconds] },
      { name: 'start to ready after it', unit: 's', values: [again.startMs / 1_000] },
      { name: 'a hit acknowledged, p99, without a backup', unit: 'ms', values: [p99(quiet)] },
      { name: 'a hit acknowledged, p99, during the backup', unit: 'ms', values: [p99(beside)] },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Sends quiet statuses of 50,000 sensors until 10 M are acknowledged. */
async function fill(port: number): Promise<void> {
  const statuses = (first: number): string =>
    Array.from({ length: IN_A_POST }, (_, i) => {
      return `{"id":${((first + i) % 50_000) + 1},"motion":false,"smoke":false,"temperature":21.5,"maxTemperature":30.0}`;
    }).join('\n');
  const bodies = Array.from({ length: 25 }, (_, i) => statuses(i * IN_A_POST));
  let sent = 0;
  const send = async (): Promise<void> => {
    while (sent < RECORDS) {
      const body = bodies[(sent / IN_A_POST) % bodies.length] ?? '';
      sent += IN_A_POST;
      // A machine that is busy with other things is given time.
      while ((await post(port, 'application/x-ndjson', body)) !== 202) await sleep(AGAIN_MS);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, send));
}

/** The time in ms until each hit is acknowledged, one sent every 20 ms whatever the answers do. */
async function fires(port: number, first: number, count: number, goesOn: () => boolean = () => true): Promise<number[]> {
  const taken: Promise<number>[] = [];
  for (let i = 0; i < count && goesOn(); i += 1) {
    taken.push(fire(port, first + i));
    await sleep(FIRES_EVERY_MS);
  }
  return await Promise.all(taken);
}

async function fire(port: number, id: number): Promise<number> {
  const began = performance.now();
  const body = JSON.stringify({ id, motion: true, smoke: false, temperature: 21.5, maxTemperature: 30 });
  const status = await post(port, 'application/json', body);
  if (status !== 202) throw new Error(`a hit was answered with ${status}`);
  return performance.now() - began;
}

/** Resolves with the status once the whole answer is there. */
async function post(port: number, type: string, body: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/entry`, { method: 'POST', headers: { 'content-type': type }, body });
  await answer.arrayBuffer();
  return answer.status;
}

interface Took {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

function took(path: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Took> {
  const began = performance.now();
  let cpuSeconds = 0;
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, [...NODE_FLAGS, path, ...args], { env: { ...process.env, ...environment } }, (error) => {
      clearInterval(looking);
      if (error) reject(error);
      else resolve({ seconds: (performance.now() - began) / 1_000, cpuSeconds });
    });
    // Known only while it runs.
    const look = async (): Promise<void> => {
      cpuSeconds = Math.max(cpuSeconds, await cpuSecondsOf(child.pid ?? 0).catch(() => 0));
    };
    const looking = setInterval(() => void look(), LOOK_EVERY_MS);
  });
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true }).reduce((sum, name) => sum + statSync(join(folder, String(name))).size, 0);
}
