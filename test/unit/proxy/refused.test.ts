/** Refused records cost the sender more than accepted ones, and the proxy little. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sensorKey } from '../../../proxy/intake/credentials.ts';
import { STATUS, type TestProxy, testProxy } from '../../support/proxy.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const times = (count: number, text: string): string[] => Array.from({ length: count }, () => text);

interface Answer {
  readonly accepted: number;
  readonly rejected: readonly { readonly index: number; readonly error: string }[];
  readonly notReadFrom?: number;
  readonly warnings?: readonly unknown[];
  readonly warningsOmitted?: number;
}

describe('a body with many members that are refused', () => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy();
  });
  afterAll(() => proxy.stop());

  const RUBBISH: Readonly<Record<string, string>> = {
    letters: 'x',
    numbers: '17',
    strings: '"x"',
    'objects without an id': '{}',
    'ids that are none': '{"id":-1}',
    'huge ids': `{"id":1e${'9'.repeat(60)}}`,
    nesting: '['.repeat(40) + ']'.repeat(40),
    'broken escapes': '{"\\u00zz":1}',
    'bytes that are no text': '\u0001\u0002',
  };

  it.each(Object.entries(RUBBISH))('is read up to the hundredth, and says from where on it was not: %s', async (_, member) => {
    for (const path of ['/entry', '/ok'])
      for (const [body, headers] of [
        [`[${STATUS},${times(9_000, member)},${STATUS}]`, undefined],
        [[STATUS, ...times(9_000, member), STATUS].join('\n'), NDJSON],
      ] as const) {
        const answer = await proxy.post(path, body, headers);
        const { accepted, rejected, notReadFrom } = answer.json() as Answer;
        expect([answer.status, accepted, notReadFrom]).toEqual([207, 1, 101]);
        expect(rejected.slice(0, 100).map(({ index }) => index)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
        expect(rejected.slice(100)).toEqual([{ index: 101, error: expect.stringMatching(/the rest was not read/) }]);
        expect(answer.text.length).toBeLessThan(10_000);
      }
  });

  it('is read to its end where no more than a hundred are refused', async () => {
    const answer = await proxy.post('/entry', `[${[...times(100, 'x'), ...times(50, STATUS)]}]`);
    const { accepted, rejected, notReadFrom } = answer.json() as Answer;
    expect([answer.status, accepted, rejected.length, notReadFrom]).toEqual([207, 50, 100, undefined]);
  });

  it('is answered 400 where nothing was taken', async () => {
    const answer = await proxy.post('/entry', `[${times(10_000, 'x')}]`);
    expect([answer.status, (answer.json() as Answer).notReadFrom]).toEqual([400, 100]);
  });

  it('counts what was looked at as rejected', async () => {
    const counted = await testProxy();
    await counted.post('/entry', `[${times(5_000, 'x')}]`);
    const text = await (await fetch(`${counted.url}/metrics`)).text();
    expect(text).toContain('tocsin_ingest_records_total{topic="ENTRY",outcome="rejected"} 100\n');
    await counted.stop();
  });

  it('with warnings only is read to its end, and the answer stays short', async () => {
    const answer = await proxy.post('/entry', `[${times(5_000, '{"id":5,"motion":true,"smoke":nan}')},${STATUS}]`);
    const { accepted, rejected, notReadFrom, warnings, warningsOmitted } = answer.json() as Answer;
    expect([answer.status, accepted, rejected, notReadFrom]).toEqual([202, 5_001, undefined, undefined]);
    // For each: smoke, temperature and its maximum.
    expect([warnings?.length, warningsOmitted]).toEqual([100, 3 * 5_000 - 100]);
    expect(answer.text.length).toBeLessThan(20_000);
  });

  it('is bounded also if a key belongs to another sensor', async () => {
    const guarded = await testProxy({ TOCSIN_SENSOR_MASTER_SECRET: 'a master secret for tests' });
    const authorization = `Bearer ${sensorKey('a master secret for tests', 7)}`;
    const answer = await guarded.post('/entry', `[${times(9_000, STATUS)}]`, { 'content-type': 'application/json', authorization });
    expect([answer.status, (answer.json() as Answer).notReadFrom]).toEqual([401, 100]);
    await guarded.stop();
  });
});

it('a form that is longer than any status is not parsed', async () => {
  const proxy = await testProxy();
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const encoded = [...Buffer.from(STATUS)].map((byte) => `%${byte.toString(16)}`).join('');
  expect((await proxy.post('/topics/ENTRY/messages', `key=7&msg=${encoded}`, type)).status).toBe(200);
  const answer = await proxy.post('/topics/ENTRY/messages', `${'a=1&'.repeat(200_000)}msg=${encoded}`, type);
  expect([answer.status, answer.json()]).toEqual([400, { error: 'longer than 4096 bytes' }]);
  await proxy.stop();
});

describe('where a client may send so much', () => {
  const SECRET = { TOCSIN_SENSOR_MASTER_SECRET: 'a master secret for tests' };
  const JSON_TYPE = { 'content-type': 'application/json' };
  const limited = (settings: Record<`TOCSIN_${string}`, string> = {}): Promise<TestProxy> =>
    testProxy({ TOCSIN_INGEST_CLIENT_RATE: '100', ...settings });
  /** Seconds until the client may send again, after this request. */
  const waitAfter = async (proxy: TestProxy, path: string, body: string, headers: Record<string, string>): Promise<number> => {
    expect((await proxy.post(path, body, headers)).status).toBeLessThan(429);
    const next = await proxy.post('/entry', STATUS, JSON_TYPE);
    return next.status === 429 ? Number(next.headers.get('retry-after')) : 0;
  };

  it.each([
    ['members', '/entry', `[${times(50, 'x')}]`, JSON_TYPE],
    ['members beside others', '/entry', `[${STATUS},${times(50, 'x')}]`, JSON_TYPE],
    ['recoveries', '/ok', `[${times(50, '{}')}]`, JSON_TYPE],
    ['lines', '/entry', times(50, 'x').join('\n'), NDJSON],
  ])('what is refused counts more than what is taken: %s', async (_, path, body, headers) => {
    const proxy = await limited();
    const refused = await waitAfter(proxy, path, body, headers);
    await proxy.stop();
    const other = await limited();
    const taken = await waitAfter(other, '/entry', `[${times(51, STATUS)}]`, JSON_TYPE);
    await other.stop();
    expect(taken).toBe(0);
    expect(refused).toBeGreaterThan(2);
  });

  it.each([
    ['another type', '/entry', STATUS, { 'content-type': 'text/html' }],
    ['compressed', '/entry', STATUS, { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['too large', '/entry', 'x'.repeat(2_000), JSON_TYPE],
    ["kafka-pixy's", '/topics/ENTRY/messages', 'x', { 'content-type': 'text/plain' }],
    ["kafka-pixy's, of another type", '/topics/ENTRY/messages', 'x', { 'content-type': 'text/html' }],
    ['a web page', '/entry', STATUS, { ...JSON_TYPE, origin: 'https://evil.example' }],
  ])('a request that is refused is not free either: %s', async (_, path, body, headers) => {
    const proxy = await limited({ TOCSIN_INGEST_BODY_MAX: '1KiB', TOCSIN_INGEST_CLIENT_RATE: '1' });
    await proxy.post(path, body, headers as Record<string, string>);
    expect((await proxy.post('/entry', STATUS)).status).toBe(429);
    await proxy.stop();
  });

  it('wrong credentials are charged to their address, not to clients there with valid ones', async () => {
    const proxy = await limited(SECRET);
    const key = (id: number): Record<string, string> => ({
      ...JSON_TYPE,
      authorization: `Bearer ${sensorKey(SECRET.TOCSIN_SENSOR_MASTER_SECRET, id)}`,
    });
    for (let i = 0; i < 50; i += 1) expect([401, 429]).toContain((await proxy.post('/entry', STATUS, JSON_TYPE)).status);
    expect((await proxy.post('/entry', STATUS, key(42_959))).status).toBe(202);
    await proxy.stop();
  });

  it('being told to wait does not make the wait longer', async () => {
    const proxy = await limited();
    const wait = await waitAfter(proxy, '/entry', `[${times(50, 'x')}]`, JSON_TYPE);
    for (let i = 0; i < 20; i += 1) await proxy.post('/entry', STATUS);
    expect(Number((await proxy.post('/entry', STATUS)).headers.get('retry-after'))).toBeLessThanOrEqual(wait);
    await proxy.stop();
  });
});
