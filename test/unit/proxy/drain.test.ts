import { expect, it } from 'vitest';
import { RawClient, STATUS, statusesIn, testProxy } from '../../support/proxy.ts';

const REQUEST = `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: ${STATUS.length}\r\n\r\n${STATUS}`;
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('answers what is in flight, then closes', async () => {
  const proxy = await testProxy({}, { drainMs: 60_000 });
  const idle = await RawClient.open(proxy.port);
  idle.send(REQUEST);
  await idle.until(/accepted/);
  proxy.log.hold();
  const waiting = await RawClient.open(proxy.port);
  waiting.send(REQUEST);
  while (proxy.log.appends.length < 2) await turn();
  const stopped = proxy.stop();
  expect(await idle.end()).toContain('202');
  expect(proxy.health.problems()).toMatchObject({ 'ingest-stop': 'the proxy is stopping' });
  proxy.log.release();
  const received = await waiting.end();
  expect(statusesIn(received)).toEqual([202]);
  expect(received).toContain('Connection: close');
  await stopped;
  await expect(fetch(proxy.url)).rejects.toThrow();
  expect(proxy.log.all('ENTRY')).toHaveLength(2);
});

it('refuses what comes on an open connection once it drains', async () => {
  const proxy = await testProxy({}, { drainMs: 60_000 });
  proxy.log.hold();
  const client = await RawClient.open(proxy.port);
  client.send(REQUEST);
  while (proxy.log.appends.length < 1) await turn();
  const stopped = proxy.stop();
  await turn();
  client.send(REQUEST);
  await turn();
  proxy.log.release();
  // The first answer already says that the connection closes; what came after it was not accepted.
  expect(statusesIn(await client.end())[0]).toBe(202);
  await stopped;
  expect(proxy.log.all('ENTRY')).toHaveLength(1);
});

it('says that it is going before it refuses anything', async () => {
  const proxy = await testProxy({ TOCSIN_INGEST_DRAIN_DELAY: '1s' });
  const stopped = proxy.stop();
  expect((await fetch(`${proxy.url}/readyz`)).status).toBe(503);
  expect((await proxy.post('/entry', STATUS)).status).toBe(202);
  await stopped;
});

it('answers 503 with Connection: close while it drains', async () => {
  const proxy = await testProxy({}, { drainMs: 60_000 });
  proxy.log.hold();
  const held = await RawClient.open(proxy.port);
  held.send(REQUEST);
  const begun = await RawClient.open(proxy.port);
  begun.send(REQUEST.slice(0, 20));
  while (proxy.log.appends.length < 1) await turn();
  const stopped = proxy.stop();
  await turn();
  begun.send(REQUEST.slice(20));
  const received = await begun.end();
  expect(statusesIn(received)).toEqual([503]);
  expect(received).toMatch(/Retry-After: 1\r\n/);
  expect(received).toMatch(/Connection: close\r\n/);
  proxy.log.release();
  await stopped;
  expect(statusesIn(await held.end())).toEqual([202]);
});

it('does not wait beyond its deadline', async () => {
  const proxy = await testProxy({}, { drainMs: 50 });
  proxy.log.hold();
  const client = await RawClient.open(proxy.port);
  client.send(REQUEST);
  while (proxy.log.appends.length < 1) await turn();
  await proxy.stop();
  expect(await client.end()).toBe('');
});

it('says what to do when its port is taken', async () => {
  const proxy = await testProxy();
  await expect(testProxy({ TOCSIN_INGEST_PORT: String(proxy.port) })).rejects.toThrow(
    /is in use by another program: stop it, or set a free port, such as TOCSIN_INGEST_PORT=\d+$/,
  );
  await proxy.stop();
});
