import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient, STATUS, statusesIn, type TestProxy, testProxy } from '../../support/proxy.ts';

const PATHS = [
  '/entry',
  '/ok',
  '/topics/ENTRY/messages',
  '/topics/OK/messages?sync',
  '/topics/x/messages',
  '/',
  '/readyz',
  '/metrics',
  '/_ping',
  '/openapi.json',
];
const TYPES = ['application/json', 'application/x-ndjson', 'text/plain', 'application/x-www-form-urlencoded', 'x/y; charset="', ''];
const RUNS = { numRuns: 150, interruptAfterTimeLimit: 2_000, markInterruptAsFailure: false };

describe('whatever comes in', { timeout: 30_000 }, () => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy({ TOCSIN_INGEST_BODY_MAX: '16KiB' });
  });
  afterAll(async () => {
    expect((await proxy.post('/entry', STATUS)).text).toBe('{"accepted":1}');
    await proxy.stop();
  });

  const healthy = async (): Promise<void> => {
    expect((await fetch(`${proxy.url}/healthz`)).status).toBe(200);
  };

  /** A status or something close to one. */
  const nearStatus = fc.oneof(
    fc.record(
      {
        id: fc.oneof(fc.integer(), fc.nat().map(String), fc.jsonValue()),
        motion: fc.oneof(fc.boolean(), fc.constantFrom('true', 'false'), fc.jsonValue()),
        smoke: fc.boolean(),
        temperature: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.string()),
        maxTemperature: fc.double({ noNaN: true, noDefaultInfinity: true }),
        seq: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
    fc.constant(JSON.parse(STATUS) as unknown),
    fc.jsonValue(),
  );

  it('as JSON is answered 202, 207 or 400, and adds up', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(nearStatus, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        fc.constantFrom('/entry', '/ok'),
        async (members, lines, path) => {
          const topic = path === '/entry' ? 'ENTRY' : 'OK';
          const before = proxy.log.all(topic).length;
          const texts = members.map((member) => JSON.stringify(member));
          const answer = await proxy.post(path, lines ? texts.join('\n') : `[${texts}]`, {
            'content-type': lines ? 'application/x-ndjson' : 'application/json',
          });
          const { accepted, rejected = [] } = answer.json() as { accepted: number; rejected?: { index: number }[] };
          expect(accepted + rejected.length).toBe(members.length);
          expect(answer.status).toBe(rejected.length === 0 ? 202 : accepted > 0 ? 207 : 400);
          const refused = new Set(rejected.map(({ index }) => index));
          expect(
            proxy.log
              .all(topic)
              .slice(before)
              .map(({ value }) => value),
          ).toEqual(texts.filter((_, i) => !refused.has(i)));
        },
      ),
      RUNS,
    );
  });

  it('as bytes in a body is answered, never with a 5xx', async () => {
    const damaged = fc.tuple(fc.nat(STATUS.length - 1), fc.uint8Array({ minLength: 1, maxLength: 4 })).map(([at, bytes]) => {
      const body = Buffer.from(`[${STATUS},${STATUS}]`);
      body.set(bytes, at);
      return body;
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...PATHS),
        fc.constantFrom(...TYPES),
        fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })),
        async (path, type, body) => {
          const answer = await proxy.post(path, Buffer.from(body), { 'content-type': type });
          expect(answer.status).toBeGreaterThanOrEqual(200);
          expect(answer.status).toBeLessThan(500);
          if (answer.status >= 400) expect(answer.text).toMatch(/error/);
        },
      ),
      RUNS,
    );
  });

  it('as bytes on a connection is answered or closed, never with a 5xx', async () => {
    const request = fc
      .tuple(
        fc.constantFrom('POST', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'M-SEARCH', 'post', ''),
        fc.oneof(fc.constantFrom(...PATHS), fc.webPath(), fc.string()),
        fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9', ''),
        fc.array(
          fc.oneof(
            fc.constantFrom(
              'Host: x',
              'Content-Length: 5',
              'Content-Length: 99999',
              'Transfer-Encoding: chunked',
              'Expect: 100-continue',
              'Connection: upgrade',
              'Upgrade: websocket',
              'Content-Type: application/json',
              'Authorization: Bearer 1.x',
            ),
            fc.string(),
          ),
          { maxLength: 5 },
        ),
        fc.oneof(fc.string(), fc.constantFrom(STATUS, '5\r\nabcde\r\n0\r\n\r\n', 'ffffffff\r\n')),
      )
      .map(([method, path, version, headers, body]) =>
        Buffer.from(`${method} ${path} ${version}\r\n${headers.join('\r\n')}\r\n\r\n${body}`),
      );
    const noise = fc.tuple(request, fc.nat(), fc.uint8Array({ maxLength: 8 })).map(([bytes, at, patch]) => {
      bytes.set(patch.subarray(0, Math.max(0, bytes.length - (at % bytes.length))), at % bytes.length);
      return bytes;
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(request, noise, fc.uint8Array({ minLength: 1 })), async (bytes) => {
        const client = await RawClient.open(proxy.port);
        client.send(Buffer.from(bytes));
        client.socket.end();
        for (const status of statusesIn(await client.end())) expect(status).toBeLessThan(500);
      }),
      RUNS,
    );
    await healthy();
  });
});
