import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedLog } from '../../message-log/embedded/log.ts';
import { openStore } from '../../message-log/embedded/store.ts';
import { openFilesMax } from '../../proxy/http/file-limit.ts';
import { SystemProcess } from '../support/system.ts';
import { quietLogOptions } from '../support/quiet-log.ts';

const CONNECTIONS = 4_000;
const BYTES_PER_CONNECTION_MAX = 16 * 1024;

/** A sensor that keeps a connection of its own. */
class Sensor {
  readonly #id: number;
  readonly #socket: Socket;
  #answered: ((status: number) => void) | undefined;

  constructor(id: number, port: number) {
    this.#id = id;
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (bytes) => this.#answer(Number(bytes.toString('latin1', 9, 12))));
    this.#socket.on('error', () => this.#answer(0));
    this.#socket.on('close', () => this.#answer(0));
  }

  /** The status code of the answer; 0: the connection was closed without one. */
  report(): Promise<number> {
    const body = `{"id":${this.#id},"motion":false,"smoke":false,"temperature":20,"maxTemperature":30}`;
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(`POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #answer(status: number): void {
    this.#answered?.(status);
    this.#answered = undefined;
  }
}

/** Number of statuses in the log of a stopped system. */
async function recordsIn(dataDir: string): Promise<number> {
  const store = await openStore(dataDir);
  const log = await openEmbeddedLog(store, quietLogOptions());
  const { earliest, next } = await log.bounds('ENTRY', 0);
  await log.close();
  await store.close();
  return next - earliest;
}

describe('a started proxy', () => {
  let dataDir: string;
  let system: SystemProcess;
  const sensors: Sensor[] = [];
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tocsin-proxy-'));
    system = await SystemProcess.create({ dataDir });
    await system.start();
  });
  afterAll(async () => {
    for (const sensor of sensors) sensor.close();
    await system.end('SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
  });
  const port = () => Number(new URL(system.ingestUrl).port);
  const rssBytes = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${system.pid}/status`, 'utf8'))?.[1]) * 1024;
  const metric = async (line: string): Promise<number> => {
    const text = await (await fetch(`${system.ingestUrl}/metrics`)).text();
    return Number(
      text
        .split('\n')
        .find((each) => each.startsWith(`${line} `))
        ?.split(' ')
        .at(-1),
    );
  };

  it.skipIf(process.platform !== 'linux' || (openFilesMax() ?? 0) < CONNECTIONS + 1_000)(
    `keeps ${CONNECTIONS} connections open for little memory, and answers on each`,
    async () => {
      await fetch(`${system.ingestUrl}/entry`, { method: 'POST', body: '[]' });
      const before = rssBytes();
      for (let id = 0; id < CONNECTIONS; id += 100) {
        const some = Array.from({ length: 100 }, (_, i) => new Sensor(id + i, port()));
        sensors.push(...some);
        expect(new Set(await Promise.all(some.map((sensor) => sensor.report())))).toEqual(new Set([202]));
      }
      expect(await metric('tocsin_ingest_connections')).toBeGreaterThanOrEqual(CONNECTIONS);
      // The process warms up meanwhile, for which 32 MiB are allowed.
      expect(rssBytes() - before).toBeLessThan(CONNECTIONS * BYTES_PER_CONNECTION_MAX + 32 * 1024 ** 2);
      expect(new Set(await Promise.all(sensors.map((sensor) => sensor.report())))).toEqual(new Set([202]));
      expect(await metric('tocsin_ingest_records_total{topic="ENTRY",outcome="accepted"}')).toBe(2 * CONNECTIONS);
    },
  );

  it('when stopped under load answers everything it accepted and accepts nothing it does not answer', async () => {
    const load = Array.from({ length: 50 }, (_, id) => new Sensor(id, port()));
    sensors.push(...load);
    let accepted = 0;
    const others = new Set<number>();
    const before = await metric('tocsin_ingest_records_total{topic="ENTRY",outcome="accepted"}');
    const run = async (sensor: Sensor): Promise<void> => {
      for (;;) {
        const status = await sensor.report();
        if (status !== 202) {
          others.add(status);
          return;
        }
        accepted += 1;
      }
    };
    const all = Promise.all(load.map(run));
    while (accepted < 2_000) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await system.end('SIGTERM')).toBe(0);
    await all;
    expect([...others].filter((status) => status !== 0 && status !== 503)).toEqual([]);
    expect((await recordsIn(dataDir)) - before).toBe(accepted);
  });
});
