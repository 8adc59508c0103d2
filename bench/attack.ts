import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { goodBody, HOSTILE } from './hostile-bodies.ts';
import { PostConnection } from './peers/post-connection.ts';
import { type Figure, quantile } from './report.ts';
import { cpuSecondsOf, memoryOf, startServer } from './server.ts';

/** Short, so that all kinds fit into three minutes; `--runs` measures longer. */
const COST_MS = 400;
const WARM_UP_MS = 200;
const BESIDE_MS = 2_500;
const GOOD_PER_SECOND = 400;
const GOOD_CONNECTIONS = 20;
const BAD_PER_SECOND = 5;
/** The bad sender is another client. */
const BAD_ADDRESS = '127.0.0.2';
const DEAF_CONNECTIONS = 300;
const STATUS = '{"id":7,"motion":false,"smoke":false,"temperature":21.5,"maxTemperature":30.0}';

/** One bad sender beside good ones: what its bodies cost, how much longer the others wait, and how much memory unread answers take. */
export async function benchAttack(runs: number): Promise<readonly Figure[]> {
  const costs = new Map<string, number[]>();
  const beside = new Map<string, number[]>();
  const add = (to: Map<string, number[]>, name: string, value: number): unknown => to.set(name, [...(to.get(name) ?? []), value]);
  const quiet: number[] = [];
  const deaf: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await withProxy(async (url, pid) => {
      for (const { name, body, type } of HOSTILE) {
        const bad = await cpuMicrosOf(pid, url, body, type);
        const good = await cpuMicrosOf(pid, url, goodBody(body.length), 'application/json');
        add(costs, name, bad / good);
        const before = await p99Beside(url, undefined, BESIDE_MS / 2);
        const during = await p99Beside(url, { body, type }, BESIDE_MS);
        quiet.push(before);
        add(beside, name, during / before);
        said(`${name}: cost ${(bad / good).toPrecision(3)}, p99 of good statuses ${during.toFixed(1)} ms, quiet ${before.toFixed(1)} ms`);
      }
    });
    await withProxy(async (url, pid) => deaf.push((await deafBytes(url, pid)) / 1024 ** 2));
    said(`memory of ${DEAF_CONNECTIONS} connections that never read: ${deaf.at(-1)?.toFixed(0)} MiB`);
  }
  return [
    ...[...costs].map(([name, values]) => ({ name: `cost to a good body of its size: ${name}`, unit: 'ratio', values, bar: '3' })),
    { name: 'p99 of good statuses, quiet', unit: 'ms', values: quiet },
    ...[...beside].map(([name, values]) => ({ name: `p99 beside five a second, to quiet: ${name}`, unit: 'ratio', values, bar: '3' })),
    { name: `memory of ${DEAF_CONNECTIONS} connections that never read`, unit: 'MiB', values: deaf, bar: '130' },
  ];
}

/** Each figure as soon as it is measured, for whoever waits. */
function said(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function withProxy(use: (url: URL, pid: number) => Promise<unknown>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const server = await startServer('bench/peers/proxy.ts', { TOCSIN_DATA_DIR: join(folder, 'data') });
  try {
    await use(new URL(`http://127.0.0.1:${server.ready.ingestPort}`), server.pid);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const post = (connection: PostConnection, body: string): Promise<boolean> => new Promise((resolve) => connection.post(body, resolve));

/** CPU time per body, all threads, when bodies are sent one after the other. */
async function cpuMicrosOf(pid: number, url: URL, body: string, type: string): Promise<number> {
  const connection = new PostConnection(url, '/entry', type);
  const warmUntil = performance.now() + WARM_UP_MS;
  while (performance.now() < warmUntil) await post(connection, body);
  const before = await cpuSecondsOf(pid);
  const until = performance.now() + COST_MS;
  let sent = 0;
  for (; performance.now() < until; sent += 1) await post(connection, body);
  const cpu = (await cpuSecondsOf(pid)) - before;
  connection.close();
  return (cpu * 1e6) / sent;
}

const ANSWERED_WITHIN_MS = 10_000;

/** The good sender's latency, measured from when each status was due, with or without a bad sender. */
async function p99Beside(url: URL, bad: { readonly body: string; readonly type: string } | undefined, ms: number): Promise<number> {
  const good = Array.from({ length: GOOD_CONNECTIONS }, () => new PostConnection(url, '/entry'));
  const hostile = bad && new PostConnection(url, '/entry', bad.type, BAD_ADDRESS);
  const latencies: number[] = [];
  const free = [...good];
  /** When those were due for which no connection is free; they wait for one, and their time runs. */
  const waiting: number[] = [];
  const send = (due: number): void => {
    const connection = free.pop();
    if (connection === undefined) {
      waiting.push(due);
      return;
    }
    connection.post(STATUS, () => {
      latencies.push(performance.now() - due);
      free.push(connection);
      const next = waiting.shift();
      if (next !== undefined) send(next);
    });
  };
  const began = performance.now();
  let attacks = 0;
  let sent = 0;
  for (; sent * 1_000 < GOOD_PER_SECOND * ms; sent += 1) {
    const due = began + (sent * 1_000) / GOOD_PER_SECOND;
    if (due > performance.now()) await sleep(due - performance.now());
    if (hostile && bad && attacks * 1_000 <= (due - began) * BAD_PER_SECOND) {
      attacks += 1;
      hostile.post(bad.body, () => undefined);
    }
    send(due);
  }
  const until = performance.now() + ANSWERED_WITHIN_MS;
  while (latencies.length < sent && performance.now() < until) await sleep(20);
  for (const connection of [...good, hostile]) connection?.close();
  if (latencies.length < sent) throw new Error(`${sent - latencies.length} good statuses of ${sent} got no answer`);
  return quantile(latencies, 0.99);
}

/** How much memory grows while connections send as many requests as they can, and read nothing. */
async function deafBytes(url: URL, pid: number): Promise<number> {
  const before = (await memoryOf(pid)).anonymous;
  const body = `[${Array.from({ length: 101 }, () => 'x')}]`;
  const requests = `POST /entry HTTP/1.1\r\nhost: tocsin\r\ncontent-length: ${body.length}\r\n\r\n${body}`.repeat(500);
  const sockets: Socket[] = [];
  for (let i = 0; i < DEAF_CONNECTIONS; i += 1) {
    const socket = connect(Number(url.port), url.hostname);
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(requests.repeat(4));
    sockets.push(socket);
  }
  await sleep(10_000);
  const after = (await memoryOf(pid)).anonymous;
  for (const socket of sockets) socket.destroy();
  return after - before;
}
