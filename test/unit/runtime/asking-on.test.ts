/** The server for health and metrics, and those who ask on without reading. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Gauge, Registry } from 'prom-client';
import { afterEach, expect, it, vi } from 'vitest';
import { Health } from '../../../runtime/health.ts';
import { startOperations } from '../../../runtime/operations.ts';
import { accessFrom } from '../../support/operations-access.ts';

const METRICS = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';
let server: Awaited<ReturnType<typeof startOperations>>;
let made = 0;
const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await server.stop();
});

async function start(): Promise<void> {
  const registry = new Registry();
  made = 0;
  new Gauge({
    name: 'tocsin_test',
    help: 'Counts how often the page was made',
    registers: [registry],
    collect() {
      made += 1;
    },
  });
  server = await startOperations({ host: '127.0.0.1', port: 0 }, new Health(), registry, accessFrom({}));
}

async function open(): Promise<Socket> {
  const client = connect(server.port, '127.0.0.1');
  client.on('error', () => undefined);
  clients.push(client);
  await once(client, 'connect');
  return client;
}

it('closes a connection that asks on without an answer, and makes no page for what came with it', async () => {
  await start();
  const client = await open();
  client.resume();
  client.write(METRICS.repeat(1_000));
  await once(client, 'close');
  expect(made).toBeLessThanOrEqual(8);
  expect((await fetch(`http://127.0.0.1:${server.port}/metrics`)).status).toBe(200);
});

it('answers a few that come at once, again and again', async () => {
  await start();
  const client = await open();
  let text = '';
  client.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  for (let round = 1; round <= 10; round += 1) {
    client.write(METRICS.repeat(4));
    await vi.waitFor(() => expect(text.split('200 OK')).toHaveLength(1 + 4 * round), { timeout: 10_000 });
  }
  expect([made, client.destroyed]).toEqual([40, false]);
});
