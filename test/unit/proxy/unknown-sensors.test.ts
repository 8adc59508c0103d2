/** TOCSIN_UNKNOWN_SENSORS=refuse: what sensors send that no client has. Ours here are below 100,000. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sensorKey } from '../../../proxy/intake/credentials.ts';
import { type TestProxy, testProxy } from '../../support/proxy.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const REASON = 'no client has this sensor';
const status = (id: number | string): string =>
  `{"id":${JSON.stringify(id)},"motion":true,"smoke":false,"temperature":20,"maxTemperature":30}`;
const isUnknown = (sensor: number): boolean => sensor >= 100_000;

interface Answer {
  readonly accepted: number;
  readonly rejected?: readonly { readonly index: number; readonly error: string }[];
  readonly rejectedOmitted?: number;
  readonly notReadFrom?: number;
}

describe('what unknown sensors send', () => {
  let proxy: TestProxy;
  beforeAll(async () => {
    proxy = await testProxy({}, { isUnknown });
  });
  afterAll(() => proxy.stop());

  const stored = (): number => proxy.log.all('ENTRY').length + proxy.log.all('OK').length;

  it('is refused with 403, as a status and as a recovery, and does not enter the log', async () => {
    const before = stored();
    for (const path of ['/entry', '/ok']) {
      const answer = await proxy.post(path, status(100_000));
      expect([answer.status, answer.json()]).toEqual([403, { accepted: 0, rejected: [{ index: 0, error: REASON }] }]);
    }
    expect(stored()).toBe(before);
  });

  it('is refused in forms of kafka-pixy too', async () => {
    for (const topic of ['ENTRY', 'OK'])
      for (const path of [`/topics/${topic}/messages?sync`, `/clusters/any/topics/${topic}/messages`]) {
        expect((await proxy.post(path, status(100_000), { 'content-type': 'text/plain' })).status).toBe(403);
        const form = `key=7&msg=${encodeURIComponent(status(100_000))}`;
        const answer = await proxy.post(path, form, { 'content-type': 'application/x-www-form-urlencoded' });
        expect([answer.status, answer.json()]).toEqual([403, { error: REASON }]);
        expect((await proxy.post(path, status(7), { 'content-type': 'text/plain' })).status).toBe(200);
      }
  });

  it('hides nothing of the others in the same body, however much of it there is', async () => {
    const strangers = Array.from({ length: 3_000 }, (_, i) => status(100_000 + i));
    const members = [status(1), ...strangers, status(2), status(3)];
    for (const [body, headers] of [
      [`[${members}]`, undefined],
      [members.join('\n'), NDJSON],
    ] as const) {
      const before = stored();
      const answer = await proxy.post('/entry', body, headers);
      const { accepted, rejected = [], rejectedOmitted, notReadFrom } = answer.json() as Answer;
      expect([answer.status, accepted, rejectedOmitted, notReadFrom]).toEqual([207, 3, 2_900, undefined]);
      expect(rejected).toEqual(Array.from({ length: 100 }, (_, i) => ({ index: i + 1, error: REASON })));
      expect(stored()).toBe(before + 3);
    }
  });

  it('does not count to the hundred faults after which a body is not read on', async () => {
    const members = [...Array.from({ length: 200 }, (_, i) => status(100_000 + i)), ...Array.from({ length: 99 }, () => 'x'), status(5)];
    const answer = await proxy.post('/entry', members.join('\n'), NDJSON);
    const { accepted, notReadFrom } = answer.json() as Answer;
    expect([answer.status, accepted, notReadFrom]).toEqual([207, 1, undefined]);
  });

  it('is answered 400 beside what is wrong in other ways', async () => {
    expect((await proxy.post('/entry', `[${status(100_000)},{}]`)).status).toBe(400);
  });

  it('is told by the number, however the id is written', async () => {
    for (const id of ['7', 7]) expect((await proxy.post('/entry', status(id))).status).toBe(202);
    for (const id of ['100000', 100_000]) expect((await proxy.post('/entry', status(id))).status).toBe(403);
  });

  it('is counted, by itself and among what is rejected', async () => {
    const text = await proxy.registry.metrics();
    const value = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
    const unknown = value(/tocsin_ingest_unknown_refused_total\{topic="ENTRY"\} (\d+)/);
    expect(unknown).toBeGreaterThan(6_000);
    expect(value(/tocsin_ingest_records_total\{topic="ENTRY",outcome="rejected"\} (\d+)/)).toBeGreaterThanOrEqual(unknown);
  });
});

describe('a gateway that sends for unknown sensors too', () => {
  it('is not taken for one that sends rubbish', async () => {
    const proxy = await testProxy({ TOCSIN_INGEST_CLIENT_RATE: '500' }, { isUnknown });
    const answers: number[] = [];
    for (let i = 0; i < 4; i += 1)
      answers.push((await proxy.post('/entry', `[${Array.from({ length: 90 }, (_, k) => status(100_000 + k))},${status(7)}]`)).status);
    expect(answers).toEqual([207, 207, 207, 207]);
    await proxy.stop();
  });
});

describe('a sensor with a key that no client has', () => {
  it('is told so, and one with a wrong key is not', async () => {
    const secret = 'a secret that is long enough for a master';
    const proxy = await testProxy({ TOCSIN_SENSOR_MASTER_SECRET: secret }, { isUnknown });
    const headers = (key: string) => ({ 'content-type': 'application/json', authorization: `Bearer ${key}` });
    const key = sensorKey(secret, 100_001);
    expect((await proxy.post('/entry', status(100_001), headers(key))).status).toBe(403);
    expect((await proxy.post('/entry', status(100_002), headers(key))).status).toBe(401);
    await proxy.stop();
  });
});
