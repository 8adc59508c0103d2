/** Bytes after a complete request never get its answer: accepted records are always confirmed. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uncaughtDuring } from '../../support/uncaught.ts';
import { RawClient, STATUS, statusesIn, type TestProxy, testProxy } from '../../support/proxy.ts';

const request = (headers = '', version = '1.1', body = STATUS): string =>
  `POST /entry HTTP/${version}\r\nHost: x\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const CHUNKED = `POST /entry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${STATUS.length.toString(16)}\r\n${STATUS}\r\n0\r\n\r\n`;
const CLOSE = 'Connection: close\r\n';

const TAILS = {
  'a NUL': '\0',
  'a line end': '\r\n',
  garbage: 'garbage\r\n\r\n',
  'the body once more': STATUS,
  'half a request': 'POST /entry HTTP/1.1\r\nHo',
  'a request whose body does not end': 'POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{',
  'a request that is none': 'POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
  'the wish for a tunnel': 'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
  'a greeting of TLS': '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
};

describe.each(Object.entries(TAILS))('%s behind a request', (_, tail) => {
  let proxy: TestProxy;
  beforeEach(async () => {
    proxy = await testProxy();
    proxy.log.hold();
  });
  afterEach(() => proxy.stop());

  /** Sends all of it at once or the tail a little later, ends its half of the connection, and lets the log answer only when the tail has long been there. */
  const answersTo = async (head: string, apart: boolean): Promise<number[]> => {
    const client = await RawClient.open(proxy.port);
    const appended = proxy.log.appends.length;
    if (apart) {
      client.send(head);
      while (proxy.log.appends.length === appended) await new Promise((resolve) => setImmediate(resolve));
      client.socket.end(Buffer.from(tail, 'latin1'));
    } else client.socket.end(Buffer.from(head + tail, 'latin1'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    proxy.log.release();
    return statusesIn(await client.end());
  };

  it('harms no other sender if the client is gone before its answers', async () => {
    const faults = await uncaughtDuring(async () => {
      const client = await RawClient.open(proxy.port);
      client.send(Buffer.from(request() + request() + tail, 'latin1'));
      await expect.poll(() => proxy.log.appends.length).toBeGreaterThan(0);
      client.socket.resetAndDestroy();
      await new Promise((resolve) => setTimeout(resolve, 20));
      proxy.log.release();
      expect((await proxy.post('/entry', STATUS)).status).toBe(202);
    });
    expect(faults).toEqual([]);
  });

  it.each([
    ['', request(), [202]],
    [' that is the last', request(CLOSE), [202]],
    [' of HTTP/1.0', request('', '1.0'), [202]],
    [' in chunks', CHUNKED, [202]],
    [' that asked to go on', request('Expect: 100-continue\r\n'), [100, 202]],
    [' among others', request() + request() + request(), [202, 202, 202]],
    [' behind a refused one', request('', '1.1', '{}') + request(), [400, 202]],
    [' before a refused one', request() + request('', '1.1', '{}'), [202, 400]],
  ])('leaves it its answer%s', async (_, head, expected) => {
    for (const apart of [false, true]) {
      const before = proxy.log.all('ENTRY').length;
      const answers = await answersTo(head, apart);
      expect(answers.slice(0, expected.length)).toEqual(expected);
      // A request that was never completed may be answered with an error, after the others.
      expect(answers.slice(expected.length).filter((status) => status !== 400)).toEqual([]);
      expect(proxy.log.all('ENTRY').slice(before)).toHaveLength(expected.filter((status) => status === 202).length);
      proxy.log.hold();
    }
  });
});

it('closes by itself after the answer, and says so', async () => {
  const proxy = await testProxy();
  for (const [head, answers] of [
    [request(), [202]],
    [request() + request('', '1.1', '{}'), [202, 400]],
  ] as const) {
    proxy.log.hold();
    const client = await RawClient.open(proxy.port);
    client.send(`${head}\0`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    proxy.log.release();
    const received = await client.end();
    expect(statusesIn(received)).toEqual(answers);
    if (answers.length === 1) expect(received).toContain('Connection: close\r\n');
  }
  await proxy.stop();
});

it('answers a client that ends its half of the connection as soon as it has sent', async () => {
  const proxy = await testProxy();
  proxy.log.hold();
  const heads = [request(), request(CLOSE), request('', '1.0'), CHUNKED, request() + request(), request('Expect: 100-continue\r\n')];
  const clients = await Promise.all(heads.map(() => RawClient.open(proxy.port)));
  for (const [i, client] of clients.entries()) client.socket.end(heads[i] ?? '');
  await new Promise((resolve) => setTimeout(resolve, 50));
  proxy.log.release();
  expect(await Promise.all(clients.map(async (client) => statusesIn(await client.end())))).toEqual([
    [202],
    [202],
    [202],
    [202],
    [202, 202],
    [100, 202],
  ]);
  expect(proxy.log.all('ENTRY')).toHaveLength(7);
  await proxy.stop();
});

it('says what is wrong with an incomplete request', async () => {
  const proxy = await testProxy();
  const answerTo = async (bytes: string): Promise<string> => {
    const client = await RawClient.open(proxy.port);
    client.socket.end(bytes);
    return (await client.end()).split('\r\n\r\n')[1] ?? '';
  };
  const length = (n: number): string => `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: ${n}\r\n\r\n${STATUS}`;
  expect(JSON.parse(await answerTo(length(STATUS.length + 1)))).toEqual({
    error: 'the connection was closed before the request was complete: is its Content-Length right?',
  });
  expect(await answerTo(`POST /entry HTTP/1.1\r\nHost: x\r\n\r\n${STATUS}`)).toMatch(/neither Content-Length nor Transfer-Encoding/);
  expect(await answerTo(`POST /entry HTTP/1.0\r\n\r\n${STATUS}`)).toMatch(/neither Content-Length nor Transfer-Encoding/);
  expect(await answerTo(`POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n${STATUS}`)).toMatch(/Content-Length/);
  expect(proxy.log.all('ENTRY')).toEqual([]);
  await proxy.stop();
});
