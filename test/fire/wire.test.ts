/**
 * Hostile input over the wire to proxy and console, beside a sender that does all right: no answer but 503 says that it is our fault, nothing crashes, the good
 * sender is served, and memory comes back. WIRE_INPUTS is how many requests, WIRE_SECONDS how long at most, WIRE_SEED repeats them as far as time allows;
 * WIRE_CORPUS names a folder whose files are mutated into bodies, too.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { HostileRequests, samplesIn, type Visit } from '../support/hostile-requests.ts';
import { randomOf } from '../support/random.ts';
import { API_TOKEN, SystemProcess } from '../support/system.ts';

const INPUTS = Number(process.env.WIRE_INPUTS ?? 3_000);
const SECONDS = Number(process.env.WIRE_SECONDS ?? 1_500);
const SEED = Number(process.env.WIRE_SEED ?? Math.floor(Math.random() * 1e6));
const CORPUS = process.env.WIRE_CORPUS;
const CONNECTIONS = 8;
/** What a connection is waited for; slow ones are cut off by us. */
const PATIENCE_MS = 5_000;
const PIECE_MS = 300;
const QUIET_MS = 3_000;
const GOOD_EVERY_MS = 20;
const CALM_MS = 120_000;
/** From here on the run is long enough for memory to be compared; before, the engine itself still grows. */
const LONG = 100_000;

it(`hostile requests stop nobody: ${INPUTS} (seed ${SEED})`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-wire-'));
  const system = await SystemProcess.create({ dataDir: join(folder, 'data'), environment: { TOCSIN_LOG_LEVEL: 'error' } });
  const hosts = { ingest: new URL(system.ingestUrl).host, console: new URL(system.consoleUrl).host };
  const hostile = new HostileRequests(randomOf(SEED), hosts, API_TOKEN, CORPUS === undefined ? [] : samplesIn(CORPUS));
  try {
    await system.start();
    const ports = { ingest: Number(new URL(system.ingestUrl).port), console: Number(new URL(system.consoleUrl).port) };
    const good = new GoodSender(system.ingestUrl);
    await sleep(QUIET_MS);
    const quiet = good.takeP99();
    const until = Date.now() + SECONDS * 1_000;
    const faults: string[] = [];
    const counts = new Map<number, number>();
    let sent = 0;
    let baseline = 0;
    const work = async (): Promise<void> => {
      while (sent < INPUTS && Date.now() < until) {
        if (system.hasEnded) throw new Error(`the system has ended after ${sent} requests: ${system.output.slice(-4_000)}`);
        const visit = hostile.visit();
        sent += visit.requests;
        for (const status of await statusesOf(visit, ports[visit.to])) {
          counts.set(status, (counts.get(status) ?? 0) + 1);
          if (status >= 500 && status !== 503) faults.push(`${status} ${visit.to} ${Buffer.concat(visit.pieces).toString('base64')}`);
        }
        if (baseline === 0 && (sent > INPUTS / 10 || Date.now() > until - 900 * SECONDS)) baseline = await rssOf(system.pid);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
    const beside = good.takeP99();
    const peak = await rssOf(system.pid);
    const calm = Date.now() + (sent >= LONG ? CALM_MS : 0);
    while (Date.now() < calm && (await rssOf(system.pid)) > 1.2 * baseline) await sleep(1_000);
    const after = await rssOf(system.pid);
    await good.stop();
    const answers = [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    process.stdout.write(
      `${sent} requests, answers ${answers.join(', ')}; the good sender: ${good.sent} sent, p99 ${quiet.toFixed(1)} ms quiet, ${beside.toFixed(1)} ms beside; RSS ${mib(baseline)} MiB after a tenth, ${mib(peak)} at the end, ${mib(after)} afterwards\n`,
    );
    expect(faults.slice(0, 5)).toEqual([]);
    expect(good.refused).toEqual([]);
    expect((await fetch(`${system.operationsUrl}/readyz`)).status).toBe(200);
    if (sent >= LONG) expect(after).toBeLessThan(1.2 * baseline);
    expect(await system.end('SIGTERM'), system.output.slice(-2_000)).toBe(0);
  } finally {
    await system.end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});

const mib = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);

async function rssOf(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** The status codes that a connection is answered with, until it ends or patience does. */
function statusesOf({ pieces, end }: Visit, port: number): Promise<number[]> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    const done = (): void => {
      clearTimeout(patience);
      socket.destroy();
      resolve([...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)));
    };
    const patience = setTimeout(done, PATIENCE_MS);
    socket.setEncoding('latin1').on('data', (data: string) => {
      text += data;
      // A live stream doesn't end by itself.
      if (data.includes('text/event-stream')) done();
    });
    socket.on('error', done).on('end', done).on('close', done);
    if (end === 'slow') void drip(socket, pieces);
    else socket.write(pieces[0] ?? '', () => (end === 'close' ? done() : socket.end()));
  });
}

async function drip(socket: ReturnType<typeof connect>, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    if (!socket.writable) return;
    socket.write(piece);
    await sleep(PIECE_MS);
  }
  socket.end();
}

/** A sensor that reports at fixed times, whatever the answers before. */
class GoodSender {
  sent = 0;
  readonly refused: string[] = [];
  readonly #pending = new Set<Promise<void>>();
  #latencies: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(url: string) {
    let due = performance.now();
    this.#timer = setInterval(() => {
      for (; due <= performance.now(); due += GOOD_EVERY_MS) {
        const report = this.#report(url, due).finally(() => this.#pending.delete(report));
        this.#pending.add(report);
      }
    }, GOOD_EVERY_MS / 2);
  }

  /** Ms within which 99 of 100 were answered since the last call. */
  takeP99(): number {
    const sorted = this.#latencies.sort((a, b) => a - b);
    this.#latencies = [];
    return sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }

  async #report(url: string, due: number): Promise<void> {
    const id = 1 + (this.sent % 50);
    this.sent += 1;
    try {
      const body = `{"id":${id},"motion":false,"smoke":false,"temperature":21.5,"maxTemperature":30.0}`;
      const answer = await fetch(`${url}/entry`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
      const text = await answer.text();
      if (answer.status !== 202) this.refused.push(`${answer.status} ${text}`);
    } catch (error) {
      this.refused.push(String(error));
    }
    this.#latencies.push(performance.now() - due);
  }
}
