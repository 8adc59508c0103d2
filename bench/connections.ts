import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure } from './report.ts';
import { memoryOf, pinned, startServer } from './server.ts';

/** 50,000, or as many as one process may open on this machine. */
const CONNECTIONS = Math.min(50_000, openFilesMax() - 1_000);
const RATE = 2_500;
/** Several, since an address has only some 28,000 ports for clients. */
const CROWDS = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'];
const SECONDS = 20;

interface Crowd {
  readonly accepted: number;
  readonly sent: number;
  readonly refused: number;
  readonly closed: number;
}

/** 50,000 sensors with a connection each, 2,500 statuses a second over them: what a connection costs the server. */
export async function benchConnections(runs: number): Promise<readonly Figure[]> {
  const perConnection: number[] = [];
  const answered: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const { bytes, share } = await oneRun();
    perConnection.push(bytes);
    answered.push(share);
  }
  return [
    {
      name: `memory per connection, ${CONNECTIONS.toLocaleString('en')} open`,
      unit: 'KiB',
      values: perConnection.map((b) => b / 1024),
      bar: '16 (stretch 8)',
    },
    { name: `statuses answered 202, ${RATE.toLocaleString('en')}/s`, unit: 'share', values: answered, bar: '1' },
  ];
}

async function oneRun(): Promise<{ bytes: number; share: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const server = await startServer('main.ts', { TOCSIN_DATA_DIR: join(folder, 'data') });
  const crowds: ChildProcess[] = [];
  try {
    await sleep(2_000);
    const before = (await memoryOf(server.pid)).anonymous;
    for (const [i, address] of CROWDS.entries()) {
      const share = CONNECTIONS / CROWDS.length;
      const [command, args] = pinned(1, process.execPath, [
        '--import',
        'tsx',
        'bench/peers/crowd.ts',
        String(server.ready.ingestPort),
        String(share),
        String(RATE / CROWDS.length),
        String(1 + i * share),
        address,
      ]);
      const crowd = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
      crowds.push(crowd);
      await message(crowd, 'open');
    }
    await sleep(SECONDS * 1_000);
    const after = (await memoryOf(server.pid)).anonymous;
    const results = await Promise.all(
      crowds.map((crowd) => {
        const result = message<Crowd>(crowd, 'result');
        crowd.send('stop');
        return result;
      }),
    );
    const sum = (field: keyof Crowd): number => results.reduce((total, result) => total + result[field], 0);
    if (sum('closed') > 0) throw new Error(`${sum('closed')} connections were closed by the server`);
    return { bytes: (after - before) / CONNECTIONS, share: sum('accepted') / sum('sent') };
  } finally {
    for (const crowd of crowds) crowd.kill();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function openFilesMax(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 51_000);
}

function message<T>(child: ChildProcess, type: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const onMessage = (received: unknown): void => {
      if ((received as { type: string }).type !== type) return;
      child.off('message', onMessage);
      resolve(received as T);
    };
    child.on('message', onMessage);
    child.once('exit', (code) => reject(new Error(`the crowd ended with ${code} before it reported ${type}`)));
  });
}
