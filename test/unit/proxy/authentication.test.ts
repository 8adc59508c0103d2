import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimedSensor, parseGatewayTokens, sameSecret, sensorKey } from '../../../proxy/intake/credentials.ts';
import { RawClient, STATUS, type TestProxy, testProxy } from '../../support/proxy.ts';

const SECRET = 'a master secret for tests';
const JSON_TYPE = { 'content-type': 'application/json' };
const bearer = (key: string) => ({ ...JSON_TYPE, authorization: `Bearer ${key}` });
const NEIGHBOUR = STATUS.replace('42959', '42960');

describe("sensors' keys", () => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy({
      TOCSIN_SENSOR_MASTER_SECRET: SECRET,
      TOCSIN_GATEWAY_TOKENS: 'north:0123456789abcdef,south:fedcba9876543210',
    });
  });
  afterAll(() => proxy.stop());
  const key = sensorKey(SECRET, 42_959);

  it('stay the same for ever, or every sensor in the field has to be visited', () => {
    expect(key).toBe('42959.fX90vzEX3Ro2semUgwyYU8VhQbw');
    expect(claimedSensor(key)).toBe(42_959);
  });

  it('let a sensor send for itself, in either header', async () => {
    expect((await proxy.post('/entry', STATUS, bearer(key))).status).toBe(202);
    expect((await proxy.post('/ok', STATUS, { ...JSON_TYPE, 'x-tocsin-key': key })).status).toBe(202);
  });

  it('do not let it send for a neighbour', async () => {
    const before = proxy.log.all('ENTRY').length;
    const alone = await proxy.post('/entry', NEIGHBOUR, bearer(key));
    expect([alone.status, alone.json()]).toEqual([401, { accepted: 0, rejected: [{ index: 0, error: "the key is another sensor's" }] }]);
    const both = await proxy.post('/entry', `[${NEIGHBOUR},${STATUS}]`, bearer(key));
    expect([both.status, both.json()]).toEqual([207, { accepted: 1, rejected: [{ index: 0, error: "the key is another sensor's" }] }]);
    expect((await proxy.post('/topics/ENTRY/messages', NEIGHBOUR, bearer(key))).status).toBe(401);
    expect(proxy.log.all('ENTRY').slice(before)).toMatchObject([{ key: 42_959 }]);
  });

  it.each([
    ['none', JSON_TYPE],
    ["a neighbour's", bearer(`42959.${sensorKey(SECRET, 42_960).slice(6)}`)],
    ['a shortened one', bearer(key.slice(0, -1))],
    ['the id alone', bearer('42959.')],
    ["another installation's", bearer(sensorKey('another master secret', 42_959))],
    ['a wrong token', bearer('0123456789abcdeF')],
    ['another scheme', { ...JSON_TYPE, authorization: `Basic ${key}` }],
  ])('are checked: %s is answered 401', async (_, headers) => {
    const answer = await proxy.post('/entry', STATUS, headers);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="tocsin"']);
  });

  it('are checked for every request of a connection', async () => {
    const client = await RawClient.open(proxy.port);
    const post = (auth: string, body = STATUS) =>
      `POST /entry HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${auth}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    client.send(
      post(key) + post(key) + post(`${key.slice(0, -1)}x`) + post(sensorKey(SECRET, 42_960), NEIGHBOUR) + post(key) + post(key, NEIGHBOUR),
    );
    expect(await client.answers(6)).toEqual([202, 202, 401, 202, 202, 401]);
    client.destroy();
  });

  it('are not needed by a gateway, which sends for any sensor', async () => {
    expect((await proxy.post('/entry', `[${STATUS},${NEIGHBOUR}]`, bearer('fedcba9876543210'))).text).toBe('{"accepted":2}');
  });

  it('are not needed for the pages', async () => {
    expect((await fetch(`${proxy.url}/readyz`)).status).toBe(200);
  });
});

describe('gateway tokens', () => {
  it('are read from one line', () => {
    expect([...parseGatewayTokens(' north:0123456789abcdef , south:fedcba:9876543210,').tokens]).toEqual([
      ['north', '0123456789abcdef'],
      ['south', 'fedcba:9876543210'],
    ]);
  });

  it('are refused without being repeated', () => {
    for (const text of ['north', 'north:short', 'a b:0123456789abcdef', 'n:0123456789abcdef,n:0123456789abcdef']) {
      const { problem } = parseGatewayTokens(text);
      expect(problem).toBeDefined();
      expect(problem).not.toMatch(/short|0123/);
    }
  });
});

it('compares secrets by all of their characters', () => {
  expect(sameSecret('abc', 'abc')).toBe(true);
  for (const other of ['abd', 'xbc', 'ab', 'abcd', '']) expect(sameSecret('abc', other)).toBe(false);
});
