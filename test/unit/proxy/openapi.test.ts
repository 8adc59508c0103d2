/** What the description says is what a sensor gets. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { TransientError } from '../../../runtime/errors.ts';
import { sensorKey } from '../../../proxy/intake/credentials.ts';
import { NOW, RawClient, RECOVERY, STATUS, statusesIn, type TestProxy, testProxy } from '../../support/proxy.ts';

const Response = z.object({
  headers: z.record(z.string(), z.unknown()).optional(),
  content: z.object({ 'application/json': z.object({ schema: z.object({ properties: z.record(z.string(), z.unknown()) }) }) }).optional(),
});
const Description = z.object({
  paths: z.record(z.string(), z.object({ post: z.object({ responses: z.record(z.string(), Response) }).optional() })),
  components: z.object({ schemas: z.record(z.string(), z.object({ required: z.array(z.string()) })) }),
});

let proxy: TestProxy;
let description: z.infer<typeof Description>;
beforeAll(async () => {
  proxy = await testProxy({ TOCSIN_INGEST_BATCH_MAX: '3' });
  description = Description.parse(await (await fetch(`${proxy.url}/openapi.json`)).json());
});
afterAll(() => proxy.stop());

const JSON_TYPE = { 'content-type': 'application/json' };
const PIXY = '/topics/{topic}/messages';
const NAN = '{"id":1,"motion":true,"smoke":nan}';

it.each([
  ['/entry', '/entry', STATUS, JSON_TYPE, 202],
  ['/entry', '/entry', `[${NAN},{"id":-1}]`, JSON_TYPE, 207],
  ['/entry', '/entry', 'x', JSON_TYPE, 400],
  ['/entry', '/entry', `[${[STATUS, STATUS, STATUS, STATUS]}]`, JSON_TYPE, 413],
  ['/entry', '/entry', STATUS, { 'content-type': 'text/xml' }, 415],
  ['/entry', '/entry', STATUS, { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415],
  ['/entry', '/entry', STATUS, { ...JSON_TYPE, origin: 'https://a.example' }, 403],
  ['/ok', '/ok', RECOVERY, JSON_TYPE, 202],
  ['/ok', '/ok', NAN, JSON_TYPE, 202],
  [PIXY, '/topics/ENTRY/messages?sync', STATUS, JSON_TYPE, 200],
  [PIXY, '/topics/ENTRY/messages', 'x', JSON_TYPE, 400],
  [PIXY, '/topics/ENTRY/messages', STATUS, { 'content-type': 'text/plain', origin: 'https://a.example' }, 403],
  [PIXY, '/topics/ENTRY/messages', STATUS, { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415],
  [PIXY, '/topics/ALARM/messages', STATUS, JSON_TYPE, 404],
  [`/clusters/{cluster}${PIXY}`, '/clusters/c/topics/OK/messages?key=7', RECOVERY, JSON_TYPE, 200],
])('describes POST %s: %s with %s', async (described, path, body, headers, status) => {
  const answer = await proxy.post(path, body, headers as Record<string, string>);
  expect(answer.status).toBe(status);
  const response = description.paths[described]?.post?.responses[String(status)];
  const { properties } = response?.content?.['application/json'].schema ?? { properties: {} };
  for (const field of Object.keys(z.record(z.string(), z.unknown()).parse(answer.json()))) expect(Object.keys(properties)).toContain(field);
  for (const name of ['accept', 'accept-encoding', 'retry-after'])
    if (answer.headers.has(name)) expect(Object.keys(response?.headers ?? {}).map((header) => header.toLowerCase())).toContain(name);
});

it('describes a log that takes no records', async () => {
  proxy.log.fault = new TransientError('clock-off', 'the clock is off');
  const answer = await proxy.post('/entry', STATUS);
  proxy.log.fault = undefined;
  expect([answer.status, answer.headers.has('retry-after')]).toEqual([503, true]);
  expect(description.paths['/entry']?.post?.responses['503']?.headers).toHaveProperty('Retry-After');
});

it('wants no more of a status than its sensor', () => {
  expect(description.components.schemas.Status?.required).toEqual(['id']);
  expect(description.components.schemas.Recovery?.required).toEqual(['id']);
});

it('describes every refusal that depends on who sends: 401, 403, 409, 421, 429, and where a body was not read on', async () => {
  const secret = 'a master secret of the test';
  const settings = {
    TOCSIN_SENSOR_MASTER_SECRET: secret,
    TOCSIN_GATEWAY_TOKENS: 'north:0123456789abcdef',
    TOCSIN_INGEST_CLIENT_RATE: '60',
  };
  const strict = await testProxy(settings, { isUnknown: (sensor) => sensor === 7 });
  const post = async (body: string, headers: Record<string, string>) => {
    const answer = await strict.post('/entry', body, { ...JSON_TYPE, ...headers });
    const described = description.paths['/entry']?.post?.responses[String(answer.status)];
    expect(described, String(answer.status)).toBeDefined();
    const { properties } = described?.content?.['application/json'].schema ?? { properties: {} };
    for (const field of Object.keys(z.record(z.string(), z.unknown()).parse(answer.json())))
      expect(Object.keys(properties)).toContain(field);
    if (answer.headers.has('retry-after')) expect(described?.headers).toHaveProperty('Retry-After');
    return answer;
  };
  const seconds = NOW / 1_000;
  const nonce = 'nonce-of-the-first-1';
  const mac = createHmac('sha256', sensorKey(secret, 42_959)).update(`${seconds}\n${nonce}\n/entry\n${STATUS}`).digest('base64url');
  const signed = { 'x-tocsin-signature': `42959.${seconds}.${nonce}.${mac}` };
  const gateway = { authorization: 'Bearer 0123456789abcdef' };
  expect((await post(STATUS, {})).status).toBe(401);
  expect([(await post(STATUS, signed)).status, (await post(STATUS, signed)).status]).toEqual([202, 409]);
  expect((await post('{"id":7,"motion":true}', gateway)).status).toBe(403);
  expect((await post(`[${STATUS},${Array.from({ length: 300 }, () => '{"id":-1}')}]`, gateway)).json()).toHaveProperty('notReadFrom');
  let last = 0;
  for (let i = 0; i < 200 && last !== 429; i += 1) last = (await post(STATUS, gateway)).status;
  expect(last).toBe(429);
  const raw = await RawClient.open(proxy.port);
  raw.send(
    'POST /entry HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}',
  );
  const [elsewhere] = statusesIn(await raw.end());
  expect(elsewhere).toBe(421);
  expect(description.paths['/entry']?.post?.responses).toHaveProperty('421');
  await strict.stop();
});
