import { createHmac } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimedSensor, parseGatewayTokens, sameSecret, sensorKey } from '../../../proxy/intake/credentials.ts';
import { parseVersionedSecrets } from '../../../runtime/versioned-secrets.ts';
import { Nonces } from '../../../proxy/intake/nonces.ts';
import { readRevoked } from '../../../proxy/intake/revoked.ts';
import { TransientError } from '../../../runtime/errors.ts';
import { NOW, RawClient, STATUS, type TestProxy, testProxy } from '../../support/proxy.ts';

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

describe('a master secret that is being changed', () => {
  const OLD = 'a master secret, with a comma';
  const post = async (proxy: TestProxy, key: string) => (await proxy.post('/entry', STATUS, bearer(key))).status;

  it('has the keys of both taken as long as both stand, and counts who uses which', async () => {
    const proxy = await testProxy({ TOCSIN_SENSOR_MASTER_SECRET: `v2:${SECRET},v1:${OLD}` });
    for (const secret of [SECRET, OLD, OLD]) expect(await post(proxy, sensorKey(secret, 42_959))).toBe(202);
    expect(await post(proxy, sensorKey('another master secret', 42_959))).toBe(401);
    const metrics = await (await fetch(`${proxy.url}/metrics`)).text();
    expect(metrics).toMatch(/^tocsin_ingest_sensor_keys_total\{version="2"\} [1-9]/m);
    expect(metrics).toMatch(/^tocsin_ingest_sensor_keys_total\{version="1"\} [1-9]/m);
    await proxy.stop();
  });

  it('has only the keys of the new one taken afterwards', async () => {
    const proxy = await testProxy({ TOCSIN_SENSOR_MASTER_SECRET: `v2:${SECRET}` });
    expect(await post(proxy, sensorKey(SECRET, 42_959))).toBe(202);
    expect(await post(proxy, sensorKey(OLD, 42_959))).toBe(401);
    await proxy.stop();
  });

  it.each([
    [OLD, [{ version: 1, secret: OLD }]],
    [`v7:${OLD}`, [{ version: 7, secret: OLD }]],
    [
      `v2:${SECRET}, v1:${OLD}`,
      [
        { version: 2, secret: SECRET },
        { version: 1, secret: OLD },
      ],
    ],
  ])('is read: %s', (text, secrets) => {
    expect(parseVersionedSecrets(text)).toEqual({ secrets });
  });

  it('is refused without being repeated', () => {
    const many = [1, 2, 3, 4].map((version) => `v${version}:secret-of-many-sensors`).join(',');
    for (const text of ['secret', 'v2:secret', `v2:${SECRET},v1:secret`, `v1:${SECRET},v1:${OLD}`, many]) {
      const { problem } = parseVersionedSecrets(text);
      expect(problem, text).toBeDefined();
      expect(problem).not.toContain('secret');
    }
  });
});

describe('nonces', () => {
  it('are remembered for as long as their signature may be valid, in bounded memory, and never keep a sender out', () => {
    let now = 1_000_000;
    const nonces = new Nonces(60_000, () => now);
    expect(nonces.begin('7', 'a')).toBe('new');
    expect(nonces.begin('7', 'a')).toBe('under-way');
    nonces.end('7', 'a', true);
    for (let s = 0; s < 120; s += 1) {
      now = 1_000_000 + s * 1_000;
      expect(nonces.begin('7', 'a')).toBe('taken');
    }
    for (let i = 0; i < 10_000; i += 1) expect(nonces.begin('8', `b${i}`)).toBe('new');
    expect(nonces.forgotten).toBe(8_000);
    expect(nonces.begin('7', 'a')).toBe('taken');
    now += 600_000;
    nonces.begin('7', 'c');
    now += 600_000;
    expect(nonces.begin('7', 'a')).toBe('new');
  });
});

describe('a signature', () => {
  const NOW_S = NOW / 1_000;
  const KEY = sensorKey(SECRET, 42_959);
  const TOKEN = '0123456789abcdef';
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy({
      TOCSIN_SENSOR_MASTER_SECRET: `v2:a new master secret,v1:${SECRET}`,
      TOCSIN_GATEWAY_TOKENS: `north.7:${TOKEN}`,
      TOCSIN_SENSORS_REVOKED: '13',
    });
  });
  afterAll(() => proxy.stop());

  /** As a sender would make it, from the documentation. */
  const signed = (who: string, key: string, { path = '/entry', body = STATUS, at = NOW_S, nonce = '' } = {}): Record<string, string> => {
    const time = Math.floor(at);
    const mac = createHmac('sha256', key)
      .update(`${time}\n${nonce && `${nonce}\n`}${path}\n${body}`)
      .digest('base64url');
    return { ...JSON_TYPE, 'x-tocsin-signature': `${who}.${time}.${nonce && `${nonce}.`}${mac}` };
  };
  const post = async (headers: Record<string, string>, path = '/entry', body = STATUS) => (await proxy.post(path, body, headers)).status;

  it('is the one of the documentation', () => {
    expect(signed('42959', '42959.fX90vzEX3Ro2semUgwyYU8VhQbw', { path: '/ok', body: '{"id":42959}', at: 1_767_225_600 })).toMatchObject({
      'x-tocsin-signature': '42959.1767225600.KivRj07RES9BKEb9h6J0PdJP4dp8iCe09_liLqaqstA',
    });
  });

  it('lets a sensor send without its key, for itself', async () => {
    expect(await post(signed('42959', KEY))).toBe(202);
    expect(await post(signed('42959', sensorKey('a new master secret', 42_959)))).toBe(202);
    expect(await post(signed('42959', KEY, { path: '/ok' }), '/ok')).toBe(202);
    expect(await post(signed('42959', KEY, { body: NEIGHBOUR }), '/entry', NEIGHBOUR)).toBe(401);
    expect(await post(signed('42959', KEY, { path: '/topics/ENTRY/messages' }), '/topics/ENTRY/messages?sync')).toBe(200);
  });

  it('lets a gateway send for any sensor', async () => {
    expect(await post(signed('north.7', TOKEN, { body: NEIGHBOUR }), '/entry', NEIGHBOUR)).toBe(202);
  });

  it('is of no use for another body or path, nor under another name or key', async () => {
    const before = proxy.log.all('ENTRY').length;
    expect(await post(signed('42959', KEY), '/entry', STATUS.replace('false', 'true'))).toBe(401);
    expect(await post(signed('42959', KEY), '/ok')).toBe(401);
    expect(await post(signed('42960', KEY))).toBe(401);
    expect(await post(signed('42959', sensorKey('another master secret', 42_959)))).toBe(401);
    expect(await post(signed('south', TOKEN))).toBe(401);
    expect(await post(signed('13', sensorKey(SECRET, 13), { body: '{"id":13}' }), '/entry', '{"id":13}')).toBe(401);
    expect(proxy.log.all('ENTRY')).toHaveLength(before);
  });

  it('is of no use later, nor before its time', async () => {
    for (const seconds of [-59, 59]) expect(await post(signed('42959', KEY, { at: NOW_S + seconds })), String(seconds)).toBe(202);
    for (const seconds of [-62, 62, -86_400]) expect(await post(signed('42959', KEY, { at: NOW_S + seconds })), String(seconds)).toBe(401);
  });

  it('with a nonce is the one of the documentation', () => {
    const options = { path: '/ok', body: '{"id":42959}', at: 1_767_225_600, nonce: '8fVhQbwEX3Ro2semUgwy' };
    expect(signed('42959', '42959.fX90vzEX3Ro2semUgwyYU8VhQbw', options)).toMatchObject({
      'x-tocsin-signature': '42959.1767225600.8fVhQbwEX3Ro2semUgwy.FukBrDetey3Kld230wonacmtg4V8_5zRon4E8PFQ7NQ',
    });
  });

  it('with a nonce is accepted once, a copy of it never again; the same body with another nonce is', async () => {
    const first = signed('42959', KEY, { nonce: 'nonce-of-the-first-1' });
    const before = proxy.log.all('ENTRY').length;
    expect(await post(first)).toBe(202);
    for (let copy = 0; copy < 20; copy += 1) expect(await post(first)).toBe(409);
    expect(await post(signed('42959', KEY, { nonce: 'nonce-of-the-second1' }))).toBe(202);
    // Another sender may happen to have the same.
    expect(await post(signed('north.7', TOKEN, { body: NEIGHBOUR, nonce: 'nonce-of-the-first-1' }), '/entry', NEIGHBOUR)).toBe(202);
    expect(proxy.log.all('ENTRY')).toHaveLength(before + 3);
  });

  it('with a nonce that somebody else put in or took out is refused', async () => {
    const { 'x-tocsin-signature': header = '' } = signed('42959', KEY, { nonce: 'nonce-of-a-sensor-12' });
    for (const other of [header.replace('of-a', 'of-b'), header.replace('nonce-of-a-sensor-12.', '')])
      expect(await post({ ...JSON_TYPE, 'x-tocsin-signature': other })).toBe(401);
    expect(await post({ ...JSON_TYPE, 'x-tocsin-signature': header })).toBe(202);
  });

  it('with a nonce may be sent again as it is when nothing was taken, so that no hit is lost', async () => {
    const request = signed('42959', KEY, { nonce: 'nonce-of-a-retry-123' });
    proxy.log.fault = new TransientError('disk-full', 'no room');
    expect(await post(request)).toBe(503);
    proxy.log.fault = undefined;
    expect(await post(request)).toBe(202);
    expect(await post(request)).toBe(409);
  });

  it('without a nonce is refused where one is required, and keys in other headers are not', async () => {
    const strict = await testProxy({ TOCSIN_SENSOR_MASTER_SECRET: SECRET, TOCSIN_SIGNED_NONCE: 'required' });
    const send = async (headers: Record<string, string>) => (await strict.post('/entry', STATUS, headers)).status;
    expect(await send(signed('42959', KEY))).toBe(401);
    expect(await send(signed('42959', KEY, { nonce: 'nonce-of-the-first-1' }))).toBe(202);
    expect(await send(bearer(KEY))).toBe(202);
    await strict.stop();
  });

  it.each(['', '42959', '42959.1767225600.', `42959.1767225600.${'x'.repeat(42)}`, `42959.x.${'x'.repeat(43)}`])(
    'is not "%s"',
    async (header) => {
      expect(await post({ ...JSON_TYPE, 'x-tocsin-signature': header })).toBe(401);
    },
  );
});

describe('revoked sensors', () => {
  it('get in with no key, and are told by number; others do', async () => {
    const proxy = await testProxy({
      TOCSIN_SENSOR_MASTER_SECRET: SECRET,
      TOCSIN_GATEWAY_TOKENS: 'north:0123456789abcdef',
      TOCSIN_SENSORS_REVOKED: '7,42950-42959',
    });
    expect((await proxy.post('/entry', STATUS, bearer(sensorKey(SECRET, 42_959)))).status).toBe(401);
    expect((await proxy.post('/entry', NEIGHBOUR, bearer(sensorKey(SECRET, 42_960)))).status).toBe(202);
    expect((await proxy.post('/entry', STATUS, bearer('0123456789abcdef'))).status).toBe(202);
    const metrics = await (await fetch(`${proxy.url}/metrics`)).text();
    expect(metrics).toMatch(/^tocsin_ingest_revoked_sensors 11$/m);
    expect(metrics).toMatch(/^tocsin_ingest_revoked_requests_total 1$/m);
    await proxy.stop();
  });

  it('may stand in a file', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'tocsin-revoked-')), 'revoked');
    await writeFile(path, '# stolen in March\n7\n\n10-12 # the annex\r\n');
    expect(readRevoked(`file:${path}`)).toEqual({ sensors: new Set([7, 10, 11, 12]) });
    await writeFile(path, '7\nmy secret\n');
    expect(readRevoked(`file:${path}`).problem).toMatch(/entry 2 is not a sensor's id/);
    expect(readRevoked(`file:${path}`).problem).not.toContain('secret');
    expect(readRevoked(`file:${path}.missing`).problem).toMatch(/cannot be read/);
  });

  it.each(['x', '9-7', '1-', '-1', '2147483648', '0-2147483647', '1;2'])('are not "%s"', async (text) => {
    await expect(testProxy({ TOCSIN_SENSORS_REVOKED: text })).rejects.toThrow('TOCSIN_SENSORS_REVOKED');
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
