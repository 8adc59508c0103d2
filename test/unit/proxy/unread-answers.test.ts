/** Clients that ask and never read hold little memory, and not for ever; other clients aren't affected. */
import { connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { RawClient, STATUS, statusesIn, type TestProxy, testProxy } from '../../support/proxy.ts';

const post = (body: string): string => `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const SMALL = post('{"id":7}');
const MANY_ANSWERS = post(`[${Array.from({ length: 101 }, () => 'x')}]`);

let proxy: TestProxy;
const clients: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.stop();
});

/** Sends the same again and again, as long as it can, and reads nothing. */
function neverReads(request: string, times: number): Socket & { isClosed: boolean } {
  const client = Object.assign(connect({ port: proxy.port, host: '127.0.0.1' }), { isClosed: false });
  client.pause();
  client.on('error', () => undefined);
  client.on('close', () => {
    client.isClosed = true;
  });
  let left = times;
  const send = (): void => {
    while (left > 0 && !client.destroyed) {
      left -= 100;
      if (!client.write(request.repeat(100))) break;
    }
  };
  client.on('drain', send);
  send();
  clients.push(client);
  return client;
}

/** NaN: the machine was so busy that even the connection that asks was closed as one that doesn't read. */
const metric = async (name: string): Promise<number> => {
  const text = await fetch(`${proxy.url}/metrics`)
    .then((response) => response.text())
    .catch(() => '');
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1]);
};
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
};

it.each([
  ['statuses', SMALL],
  ['long answers', MANY_ANSWERS],
  ['what is not there', 'GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['descriptions', 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['metrics', 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'],
])('a connection that leaves too many answers unread is closed: %s', { timeout: 30_000 }, async (_, request) => {
  proxy = await testProxy({ TOCSIN_INGEST_UNREAD_MAX: '128KiB' });
  neverReads(request, 200_000);
  await until(async () => (await metric('tocsin_ingest_unread_closed_total')) === 1);
  await until(async () => (await metric('tocsin_ingest_unread_bytes')) < 100_000);
  expect((await proxy.post('/entry', STATUS)).status).toBe(202);
});

it('its accepted records are kept', { timeout: 30_000 }, async () => {
  proxy = await testProxy({ TOCSIN_INGEST_UNREAD_MAX: '64KiB' });
  neverReads(SMALL, 200_000);
  await until(async () => (await metric('tocsin_ingest_unread_closed_total')) === 1);
  const accepted = 'tocsin_ingest_records_total{topic="ENTRY",outcome="accepted"}'.replace(/[{}]/g, '\\$&');
  // What arrived before the connection was closed may still wait for its turn.
  await until(async () => (await metric('tocsin_ingest_waiting_bytes')) === 0);
  await until(async () => (await metric(accepted)) === proxy.log.all('ENTRY').length);
});

it('many that leave a little each are held to a share', { timeout: 30_000 }, async () => {
  proxy = await testProxy({ TOCSIN_INGEST_UNREAD_ALL_MAX: '128KiB' });
  for (let i = 0; i < 4; i += 1) neverReads(MANY_ANSWERS, 10_000);
  await until(async () => (await metric('tocsin_ingest_unread_closed_total')) > 0);
  await until(async () => (await metric('tocsin_ingest_unread_bytes')) < 256 * 1024);
  const good = await RawClient.open(proxy.port);
  for (let i = 1; i <= 5; i += 1) {
    good.send(post(STATUS));
    expect(await good.answers(i)).toEqual(Array.from({ length: i }, () => 202));
  }
  good.destroy();
});

it('a client that reads late, but reads, gets all of its answers', { timeout: 30_000 }, async () => {
  proxy = await testProxy();
  const client = await RawClient.open(proxy.port);
  client.socket.pause();
  client.send(SMALL.repeat(500));
  await until(async () => proxy.log.all('ENTRY').length === 500);
  client.socket.resume();
  while (statusesIn(client.received).length < 500) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(new Set(statusesIn(client.received))).toEqual(new Set([202]));
  expect(await metric('tocsin_ingest_unread_bytes')).toBeLessThan(100_000);
  client.destroy();
});

it('answers that nobody reads end with their connection after a time', { timeout: 30_000 }, async () => {
  proxy = await testProxy({
    TOCSIN_INGEST_ANSWER_TIMEOUT: '200ms',
    TOCSIN_INGEST_APPEND_TIMEOUT: '200ms',
    TOCSIN_INGEST_UNREAD_MAX: '1GiB',
  });
  neverReads(MANY_ANSWERS, 20_000);
  // Bytes in the system's own buffers count as sent.
  await until(async () => (await metric('tocsin_ingest_unread_bytes')) > 200_000);
  await until(async () => (await metric('tocsin_ingest_connections')) <= 2);
  expect(await metric('tocsin_ingest_unread_bytes')).toBeLessThan(100_000);
});

it('connections that come and go leave nothing behind', { timeout: 30_000 }, async () => {
  proxy = await testProxy();
  for (let round = 0; round < 20; round += 1) {
    const client = await RawClient.open(proxy.port);
    client.send(SMALL.repeat(20));
    if (round % 2 === 0) await client.until(/202/);
    client.socket.resetAndDestroy();
  }
  await until(async () => (await metric('tocsin_ingest_connections')) <= 2);
  // The page that is asked for is charged too.
  await until(async () => (await metric('tocsin_ingest_unread_bytes')) < 100_000);
});
