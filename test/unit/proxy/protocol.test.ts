import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient, STATUS, statusesIn, type TestProxy, testProxy } from '../../support/proxy.ts';

const post = (body: string, headers = '', version = '1.1'): string =>
  `POST /entry HTTP/${version}\r\nHost: x\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe('what is not quite HTTP', () => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy({ TOCSIN_INGEST_BODY_MAX: '8KiB' });
  });
  afterAll(() => proxy.stop());

  const exchange = async (bytes: string | Buffer): Promise<string> => {
    const client = await RawClient.open(proxy.port);
    client.send(bytes);
    return client.end();
  };
  const CLOSING = 'Connection: close\r\n';

  it('takes a chunked body', async () => {
    const pieces = [...STATUS].map((letter) => `1\r\n${letter}\r\n`).join('');
    const before = proxy.log.all('ENTRY').length;
    expect(await exchange(`POST /entry HTTP/1.1\r\nHost: x\r\n${CLOSING}Transfer-Encoding: chunked\r\n\r\n${pieces}0\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 202 /,
    );
    expect(proxy.log.all('ENTRY').slice(before)).toMatchObject([{ value: STATUS }]);
  });

  it('cuts a body that comes in thousands of tiny chunks', async () => {
    expect(await exchange(`POST /entry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(2_000)}`)).toBe('');
  });

  it('takes a body that comes byte by byte', async () => {
    const client = await RawClient.open(proxy.port);
    client.socket.setNoDelay(true);
    for (const letter of post(STATUS)) {
      client.send(letter);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await client.until(/accepted/)).toMatch(/^HTTP\/1.1 202 /);
    client.destroy();
  });

  it('answers pipelined requests in order', async () => {
    expect(statusesIn(await exchange(post(STATUS) + post('x') + post(STATUS) + post(STATUS, CLOSING)))).toEqual([202, 400, 202, 202]);
  });

  it('takes HTTP/1.0', async () => {
    expect(statusesIn(await exchange(post(STATUS, '', '1.0')))).toEqual([202]);
  });

  it('keeps a refused request from putting its connection out of step', async () => {
    expect(statusesIn(await exchange(post(STATUS, 'Content-Type: text/html\r\n') + post(STATUS, CLOSING)))).toEqual([415, 202]);
  });

  it('says 100 Continue only to what it will take', async () => {
    const client = await RawClient.open(proxy.port);
    client.send(`POST /entry HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${STATUS.length}\r\n\r\n`);
    await client.until(/100 Continue/);
    client.send(STATUS);
    expect(statusesIn(await client.until(/accepted/))).toEqual([100, 202]);
    client.destroy();
    expect(statusesIn(await exchange('POST /entry HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 999999\r\n\r\n'))).toEqual(
      [413],
    );
    const html = 'POST /entry HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n';
    expect(statusesIn(await exchange(html))).toEqual([415]);
    expect(statusesIn(await exchange(post(STATUS, `Expect: a miracle\r\n${CLOSING}`)))).toEqual([417]);
  });

  it('answers 413 at once where a body is announced too large, or turns out so', { timeout: 30_000 }, async () => {
    expect(statusesIn(await exchange('POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nxxx'))).toEqual([413]);
    const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
    expect(statusesIn(await exchange(`POST /entry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(3)}`))).toEqual([
      413,
    ]);
  });

  it.each([
    [
      'both Content-Length and Transfer-Encoding',
      `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n`,
    ],
    ['two Content-Lengths', `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x`],
    ['a list as Content-Length', `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: 2, 2\r\n\r\n{}`],
    ['a negative Content-Length', `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\n{}`],
    ['chunked that is not last', `POST /entry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    ['chunked after a compression', `POST /entry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['chunked in disguise', `POST /entry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
    ['a space before a colon', `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length : 2\r\n\r\n{}`],
    ['a folded header', `POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n Transfer-Encoding: chunked\r\n\r\n{}`],
    [
      'a chunk size that overflows',
      `POST /entry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n`,
    ],
    ['a chunk size that is no number', `POST /entry HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n`],
    ['bare line feeds', `POST /entry HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}`],
    ['a NUL in a header', `POST /entry HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\nContent-Length: 2\r\n\r\n{}`],
    ['no Host', `POST /entry HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}`],
    ['no HTTP at all', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a method of its own', 'ALARM /entry HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('answers 400 to %s and closes', async (_, bytes) => {
    const before = proxy.log.all('ENTRY').length;
    const received = await exchange(bytes);
    expect(statusesIn(received)).toEqual([400]);
    expect(received.toLowerCase()).toContain('connection: close');
    expect(proxy.log.all('ENTRY')).toHaveLength(before);
  });

  it('answers 431 to headers that are too large', async () => {
    expect(statusesIn(await exchange(post(STATUS, `X-Long: ${'x'.repeat(9_000)}\r\n`)))).toEqual([431]);
  });

  it.each([
    '/entry/',
    '//entry',
    '//entry//',
    '/entry?a=/x',
    '/entry#part',
    'http://x//entry',
    'http://x/entry/?y',
    '/ok/',
    '//topics//ENTRY/messages/',
  ])('takes a path with a slash too many and the like: %s', async (path) => {
    const json = `${CLOSING}Content-Type: application/json\r\n`;
    expect(statusesIn(await exchange(post(STATUS, json).replace('/entry', path)))).toEqual([path.includes('topics') ? 200 : 202]);
  });

  it.each([
    '/../../etc/passwd',
    '/%00',
    '/entry/x',
    '/x/entry',
    '/entry%2f',
    '*',
    `/${'a'.repeat(4_000)}`,
    '/ENTRY',
    '/constructor',
    '/__proto__',
  ])('answers 404 to %s', async (path) => {
    expect(statusesIn(await exchange(`POST ${path} HTTP/1.1\r\nHost: x\r\n${CLOSING}Content-Length: 0\r\n\r\n`))).toEqual([404]);
  });

  it('takes a whole URL as the target', async () => {
    expect(statusesIn(await exchange(post(STATUS, CLOSING).replace('/entry', 'http://tocsin.example/entry')))).toEqual([202]);
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])('answers 405 to %s /entry', async (method) => {
    const received = await exchange(`${method} /entry HTTP/1.1\r\nHost: x\r\n${CLOSING}\r\n`);
    expect(statusesIn(received)).toEqual([405]);
    expect(received).toContain('Allow: POST\r\n');
  });

  it('answers 405 to CONNECT and to POST on pages', async () => {
    expect(statusesIn(await exchange('CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n'))).toEqual([405]);
    expect(await exchange(`POST /healthz HTTP/1.1\r\nHost: x\r\n${CLOSING}Content-Length: 0\r\n\r\n`)).toContain('Allow: GET, HEAD\r\n');
  });

  it('does not let a body on a page become a request', async () => {
    const smuggled = post(STATUS);
    const received = await exchange(`GET / HTTP/1.1\r\nHost: x\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`);
    expect(statusesIn(received)).toEqual([200]);
  });

  it('survives clients that vanish at any point', async () => {
    const request = post(STATUS, 'Content-Type: application/json\r\n');
    for (let length = 1; length < request.length; length += 7) {
      const client = await RawClient.open(proxy.port);
      client.send(request.slice(0, length));
      client.socket.end();
      client.socket.resetAndDestroy();
    }
    expect((await proxy.post('/entry', STATUS)).status).toBe(202);
    const text = await (await fetch(`${proxy.url}/metrics`)).text();
    expect(text).toContain('tocsin_ingest_unfinished_bytes 0\n');
  });

  it('survives clients that vanish while the log writes, and keeps what they sent', async () => {
    const before = proxy.log.all('ENTRY').length;
    proxy.log.hold();
    const appends = proxy.log.appends.length;
    const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.open(proxy.port)));
    for (const client of clients) client.send(post(STATUS));
    while (proxy.log.appends.slice(appends).reduce((sum, { records }) => sum + records, 0) < 5)
      await new Promise((resolve) => setImmediate(resolve));
    for (const client of clients) client.socket.resetAndDestroy();
    const open = async () => /tocsin_ingest_connections (\d+)/.exec(await (await fetch(`${proxy.url}/metrics`)).text())?.[1];
    // The one that asks is still open.
    while (Number(await open()) > 2) await new Promise((resolve) => setImmediate(resolve));
    proxy.log.release();
    expect((await proxy.post('/entry', STATUS)).status).toBe(202);
    expect(proxy.log.all('ENTRY')).toHaveLength(before + 6);
  });

  it('serves its pages', async () => {
    for (const path of ['/', '/openapi.json', '/healthz', '/readyz', '/metrics', '/_ping'])
      expect((await fetch(proxy.url + path)).status).toBe(200);
    expect(await (await fetch(`${proxy.url}/openapi.json`)).json()).toMatchObject({ openapi: '3.1.0' });
    expect(await exchange(`HEAD / HTTP/1.1\r\nHost: x\r\n${CLOSING}\r\n`)).toMatch(/\r\n\r\n$/);
  });
});
