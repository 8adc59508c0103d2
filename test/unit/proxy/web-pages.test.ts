/** A web page in a browser on this machine, or in its network, can't send for sensors; sensors are not affected. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sensorKey } from '../../../proxy/intake/credentials.ts';
import { RawClient, RECOVERY, STATUS, statusesIn, type TestProxy, testProxy } from '../../support/proxy.ts';

const FORM = `msg=${encodeURIComponent(STATUS)}`;
const WAYS: readonly (readonly [string, string, string])[] = [
  ['/entry', 'application/json', STATUS],
  ['/entry', 'application/x-ndjson', STATUS],
  ['/entry', '', STATUS],
  ['/ok', 'application/json', RECOVERY],
  ['/ok', '', RECOVERY],
  ['/topics/ENTRY/messages', 'text/plain', STATUS],
  ['/topics/ENTRY/messages', 'application/x-www-form-urlencoded', FORM],
  ['/topics/ENTRY/messages', 'application/json', STATUS],
  ['/topics/OK/messages', 'text/plain', RECOVERY],
  ['/clusters/default/topics/OK/messages', 'text/plain', RECOVERY],
];

/** One POST with exactly these headers; an empty type is left out. */
async function post(proxy: TestProxy, path: string, type: string, body: string, headers: readonly string[]): Promise<string> {
  const client = await RawClient.open(proxy.port);
  const all = [...headers, ...(type === '' ? [] : [`Content-Type: ${type}`]), `Content-Length: ${body.length}`, 'Connection: close'];
  client.send(`POST ${path} HTTP/1.1\r\n${all.join('\r\n')}\r\n\r\n${body}`);
  return client.end();
}

const kept = (proxy: TestProxy): number => proxy.log.all('ENTRY').length + proxy.log.all('OK').length;

describe.each(WAYS)('POST %s with Content-Type "%s"', (path, type, body) => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy();
  });
  afterAll(() => proxy.stop());
  const own = (): string => `127.0.0.1:${proxy.port}`;

  it.each([
    ['a page of the web', () => [`Host: ${own()}`, 'Origin: https://evil.example', 'Sec-Fetch-Site: cross-site'], 403],
    ['a page of the web in an older browser', () => [`Host: ${own()}`, 'Origin: http://evil.example'], 403],
    ['a page of another port', () => [`Host: ${own()}`, 'Origin: http://127.0.0.1:3000', 'Sec-Fetch-Site: same-site'], 403],
    ['a page of another port in an older browser', () => [`Host: ${own()}`, 'Origin: http://127.0.0.1:3000'], 403],
    ['a page without a name', () => [`Host: ${own()}`, 'Origin: null'], 403],
    ['a page that hides its origin', () => [`Host: ${own()}`, 'Sec-Fetch-Site: cross-site'], 403],
    ['a page that was made to point here', () => ['Host: evil.example:19092', 'Origin: http://evil.example:19092'], 403],
    ['a page that was made to point here, without an Origin', () => ['Host: evil.example:19092'], 421],
    ['a page that was made to point here, in capitals', () => ['Host: Evil.Example.'], 421],
    ['a page whose name looks like an address', () => ['Host: 127.0.0.1.evil.example'], 421],
  ])('is refused from %s', async (_, headers, status) => {
    const before = kept(proxy);
    expect(statusesIn(await post(proxy, path, type, body, headers()))).toEqual([status]);
    expect(kept(proxy)).toBe(before);
  });

  it('is accepted from our own page only if no other page could have sent it', async () => {
    const before = kept(proxy);
    const headers = [`Host: ${own()}`, `Origin: http://${own()}`, 'Sec-Fetch-Site: same-origin'];
    const [status = 0] = statusesIn(await post(proxy, path, type, body, headers));
    expect(status < 300).toBe(type === 'application/json' || type === 'application/x-ndjson');
    expect(kept(proxy) - before).toBe(status < 300 ? 1 : 0);
  });

  it.each(['localhost', 'LOCALHOST:1234', '127.0.0.1', '[::1]:19092', '192.168.1.20:19092', 'x', 'homeassistant:80', 'tocsin', ''])(
    'is taken from a sensor that calls us "%s"',
    async (host) => {
      const before = kept(proxy);
      expect(statusesIn(await post(proxy, path, type, body, [`Host: ${host}`, 'User-Agent: ESP8266HTTPClient']))[0]).toBeLessThan(300);
      expect(kept(proxy)).toBe(before + 1);
    },
  );
});

describe('a proxy with a public name', () => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy({ TOCSIN_INGEST_URL: 'https://sensors.example.org, http://sensors.example.net:8000/' });
  });
  afterAll(() => proxy.stop());
  const answerTo = async (...headers: string[]): Promise<number[]> =>
    statusesIn(await post(proxy, '/entry', 'application/json', STATUS, headers));

  it('answers to it, with any port, and to addresses, but to no other', async () => {
    for (const host of ['sensors.example.org', 'Sensors.Example.org:8443', 'sensors.example.net', '10.0.0.7:19092', 'localhost'])
      expect(await answerTo(`Host: ${host}`)).toEqual([202]);
    expect(await answerTo('Host: sensors.example.com')).toEqual([421]);
  });

  it('takes what its own page sends, also where TLS ends in front of it', async () => {
    expect(await answerTo('Host: 10.0.0.7', 'Origin: https://sensors.example.org', 'Sec-Fetch-Site: same-origin')).toEqual([202]);
    expect(await answerTo('Host: sensors.example.org', 'Origin: https://sensors.example.org.evil.example')).toEqual([403]);
  });
});

describe('where senders authenticate', () => {
  const SECRET = 'a master secret for tests';
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy({ TOCSIN_SENSOR_MASTER_SECRET: SECRET });
  });
  afterAll(() => proxy.stop());
  const KEY = `Authorization: Bearer ${sensorKey(SECRET, 42_959)}`;

  it('a key lets in by any name and from any page, since no page could know it', async () => {
    for (const headers of [['Host: any.example'], ['Host: x', 'Origin: https://panel.example']])
      expect(statusesIn(await post(proxy, '/entry', 'application/json', STATUS, [...headers, KEY]))).toEqual([202]);
  });

  it('no browser sends what needs no preflight, whatever it knows', async () => {
    const headers = ['Host: x', 'Origin: https://panel.example', KEY];
    expect(statusesIn(await post(proxy, '/topics/ENTRY/messages', 'text/plain', STATUS, headers))).toEqual([415]);
  });
});

it('metrics cannot be read by a page whose name was made to point here; anybody may probe health', async () => {
  const proxy = await testProxy();
  const get = async (path: string, host: string): Promise<number[]> => {
    const client = await RawClient.open(proxy.port);
    client.send(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    return statusesIn(await client.end());
  };
  expect(await get('/metrics', 'evil.example')).toEqual([421]);
  expect(await get('/metrics', `localhost:${proxy.port}`)).toEqual([200]);
  expect(await get('/readyz', 'evil.example')).toEqual([200]);
  proxy.health.report('log', 'no room in /var/lib/tocsin');
  const readiness = async (headers: Record<string, string>) => (await fetch(`${proxy.url}/readyz`, { headers })).text();
  expect(await readiness({})).toContain('/var/lib/tocsin');
  expect(await readiness({ 'x-forwarded-for': '203.0.113.9' })).toBe('{"status":"not ready"}');
  await proxy.stop();
});

it('an Origin that asks first is not let in either', async () => {
  const proxy = await testProxy();
  const client = await RawClient.open(proxy.port);
  client.send(
    'OPTIONS /entry HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\nConnection: close\r\n\r\n',
  );
  const received = await client.end();
  expect(statusesIn(received)).toEqual([405]);
  expect(received.toLowerCase()).not.toContain('access-control-allow');
  await proxy.stop();
});

it('names that are no origins are refused at the start', async () => {
  for (const url of ['sensors.example.org', 'https://a.example/path', 'https://a.example,', 'ftp://a.example'])
    await expect(testProxy({ TOCSIN_INGEST_URL: url })).rejects.toThrow('TOCSIN_INGEST_URL: must be origins');
});
