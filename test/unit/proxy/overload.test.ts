import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Quota } from '../../../proxy/intake/quota.ts';
import { TransientError } from '../../../runtime/errors.ts';
import type { MemoryLog } from '../../support/memory-log.ts';
import { RawClient, STATUS, statusesIn, type TestProxy, testProxy } from '../../support/proxy.ts';

const appended = async (log: MemoryLog, count: number): Promise<void> => {
  while (log.appends.length < count) await new Promise((resolve) => setImmediate(resolve));
};

describe('a log that takes no records', () => {
  let proxy: TestProxy;
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    proxy = await testProxy();
  });
  afterEach(async () => {
    await proxy.stop();
    vi.useRealTimers();
  });
  const FULL = new TransientError('disk-full', 'no space left in the data folder');

  it('is answered 503 with Retry-After, on every path', async () => {
    proxy.log.fault = FULL;
    const answer = await proxy.post('/entry', STATUS);
    expect([answer.status, answer.headers.get('retry-after'), answer.json()]).toEqual([
      503,
      '1',
      { error: 'not stored: no space left in the data folder' },
    ]);
    const pixy = await proxy.post('/topics/ENTRY/messages', STATUS);
    expect([pixy.status, pixy.text]).toEqual([503, '{\n  "error": "not stored: no space left in the data folder"\n}']);
  });

  it('shows in /readyz until it takes records again, which the proxy finds out by itself', async () => {
    proxy.log.fault = FULL;
    await proxy.post('/entry', STATUS);
    const unready = await fetch(`${proxy.url}/readyz`);
    expect([unready.status, await unready.json()]).toEqual([
      503,
      { status: 'not ready', problems: { ingest: 'the log takes no records: no space left in the data folder' } },
    ]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(proxy.health.ready).toBe(false);
    proxy.log.fault = undefined;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(proxy.health.ready).toBe(true);
    expect(proxy.log.all('ENTRY')).toEqual([]);
  });

  it('is ready again as soon as records go in', async () => {
    proxy.log.fault = FULL;
    await proxy.post('/entry', STATUS);
    proxy.log.fault = undefined;
    await proxy.post('/entry', STATUS);
    expect(proxy.health.ready).toBe(true);
  });

  const CLOCK = new TransientError(
    'clock-off',
    "this machine's clock is 30 min ahead of the clock of Kafka's broker 1: one of the two is wrong",
  );
  const readiness = async () => {
    const response = await fetch(`${proxy.url}/readyz`);
    return [response.status, await response.json()];
  };

  it('because the clock is off is answered 503 with the reason, and the proxy is not ready until it is right', async () => {
    proxy.log.fault = CLOCK;
    const answer = await proxy.post('/entry', STATUS);
    expect([answer.status, answer.headers.get('retry-after'), answer.json()]).toEqual([
      503,
      '1',
      { error: `not stored: ${CLOCK.message}` },
    ]);
    const unready = [503, { status: 'not ready', problems: { ingest: `the log takes no records: ${CLOCK.message}` } }];
    expect(await readiness()).toEqual(unready);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await readiness()).toEqual(unready);
    proxy.log.fault = undefined;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await readiness()).toEqual([200, { status: 'ready' }]);
  });

  it.each([CLOCK, FULL])('is noticed while nobody sends: $message', async (fault) => {
    proxy.log.fault = fault;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await readiness()).toEqual([503, { status: 'not ready', problems: { ingest: `the log takes no records: ${fault.message}` } }]);
  });

  it.each(['ENTRY', 'OK'] as const)('for %s alone is still reported while other records are accepted', async (topic) => {
    proxy.log.fault = CLOCK;
    proxy.log.faulty = topic;
    for (let i = 0; i < 3; i += 1) {
      expect((await proxy.post('/entry', STATUS)).status).toBe(topic === 'ENTRY' ? 503 : 202);
      expect((await proxy.post('/ok', STATUS)).status).toBe(topic === 'OK' ? 503 : 202);
      await vi.advanceTimersByTimeAsync(2_000);
      expect(proxy.health.ready).toBe(false);
    }
    proxy.log.fault = undefined;
    await vi.advanceTimersByTimeAsync(2_000);
    expect(proxy.health.ready).toBe(true);
  });

  it('is not waited for for ever', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    const slow = await testProxy({ TOCSIN_INGEST_APPEND_TIMEOUT: '5s' });
    slow.log.hold();
    const waiting = slow.post('/entry', STATUS);
    await appended(slow.log, 1);
    await vi.advanceTimersByTimeAsync(7_000);
    const answer = await waiting;
    expect([answer.status, answer.json()]).toEqual([503, { error: 'not stored: the log has not answered for 5000 ms' }]);
    expect(slow.health.ready).toBe(false);
    slow.log.release();
    await slow.stop();
  });
});

describe('more than can be taken', () => {
  it('is answered 503 with Retry-After when too much waits for the log, and taken again afterwards', async () => {
    const proxy = await testProxy({ TOCSIN_INGEST_BODY_MAX: '1KiB', TOCSIN_INGEST_QUEUE_MAX: '2KiB' });
    proxy.log.hold();
    const waiting = [1, 2, 3].map(() => proxy.post('/entry', STATUS));
    await appended(proxy.log, 1);
    const refused = await proxy.post('/entry', STATUS);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    proxy.log.release();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([202, 202, 202]);
    expect((await proxy.post('/entry', STATUS)).status).toBe(202);
    await proxy.stop();
  });

  it('is answered 503 when too many bodies have begun and do not end; complete ones are not affected', async () => {
    const proxy = await testProxy({ TOCSIN_INGEST_BODY_MAX: '4KiB', TOCSIN_INGEST_QUEUE_MAX: '8KiB' });
    const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.open(proxy.port)));
    for (const client of clients) client.send(`POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n${'x'.repeat(3_900)}`);
    const unfinished = async () => /tocsin_ingest_unfinished_bytes (\d+)/.exec(await (await fetch(`${proxy.url}/metrics`)).text())?.[1];
    while ((await unfinished()) !== '7800') await new Promise((resolve) => setImmediate(resolve));
    expect((await proxy.post('/entry', STATUS)).status).toBe(202);
    for (const client of clients) client.send('y'.repeat(100));
    const answers = await Promise.all(clients.map((client) => client.until(/HTTP\/1.1/)));
    expect(answers.flatMap(statusesIn).filter((status) => status === 503).length).toBeGreaterThanOrEqual(2);
    while ((await unfinished()) !== '0') await new Promise((resolve) => setImmediate(resolve));
    for (const client of clients) client.destroy();
    await proxy.stop();
  });

  it('is answered 429 with Retry-After when one client sends more than it may', async () => {
    const proxy = await testProxy({ TOCSIN_INGEST_CLIENT_RATE: '5' });
    const batch = `[${Array.from({ length: 10 }, () => STATUS)}]`;
    expect((await proxy.post('/entry', batch)).status).toBe(202);
    const refused = await proxy.post('/entry', STATUS);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2']);
    await proxy.stop();
  });

  it.each([
    [
      'a load balancer that is named',
      '127.0.0.1',
      ['10.1.1.1', '10.1.1.2', '9.9.9.9, 10.1.1.1', '10.1.1.2, 127.0.0.1'],
      [202, 202, 429, 429],
    ],
    ['a load balancer that is not named', '10.0.0.7', ['10.1.1.1', '10.1.1.2'], [202, 429]],
    ['a load balancer with IPv6 clients', '10.0.0.0/8, 127.0.0.0/8', ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'], [202, 429, 202]],
  ])('is bounded by the address of the client behind %s', async (_, named, clients, statuses) => {
    const settings = { TOCSIN_INGEST_CLIENT_RATE: '1', TOCSIN_INGEST_PROXIES: named };
    const proxy = await testProxy(settings);
    const batch = `[${Array.from({ length: 100 }, () => STATUS)}]`;
    const answers: number[] = [];
    for (const client of clients) {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': client };
      answers.push((await proxy.post('/entry', batch, headers)).status);
    }
    expect(answers).toEqual(statuses);
    await proxy.stop();
  });
});

describe('a quota', () => {
  it('lets a client through at its rate, for itself alone', () => {
    const quota = new Quota(10);
    quota.spend('a', 30, 0);
    expect(quota.wait('a', 0)).toBeCloseTo(2.1);
    expect(quota.wait('b', 0)).toBe(0);
    expect(quota.wait('a', 2_000)).toBeGreaterThan(0);
    expect(quota.wait('a', 2_100)).toBe(0);
  });

  it('is not forgotten in a flood of strangers, be they new or known', () => {
    const quota = new Quota(10);
    for (let i = 0; i < 1_000; i += 1) quota.spend(`stranger ${i}`, 1, 0);
    for (const debtor of ['a', 'b', 'c']) quota.spend(debtor, 1_000, 0);
    for (let i = 0; i < 250_000; i += 1) quota.spend(`stranger ${i}`, 1, i / 1_000);
    for (const debtor of ['a', 'b', 'c']) expect(quota.wait(debtor, 250)).toBeGreaterThan(90);
  });

  it('remembers no more clients than it has room for, and forgets those that have sent nothing for a second', () => {
    const quota = new Quota(10);
    for (let i = 0; i < 100_000; i += 1) quota.spend(`debtor ${i}`, 1_000 + (i % 7), 0);
    for (let i = 0; i < 50_000; i += 1) quota.spend(`later ${i}`, 1, 0);
    expect(quota.size).toBe(100_000);
    // A client had to be forgotten, but not the one in debt.
    expect(quota.wait('later 49999', 0)).toBe(0);
  });
});

it('slow headers and bodies are answered 408', { timeout: 30_000 }, async () => {
  const proxy = await testProxy({ TOCSIN_INGEST_HEADERS_TIMEOUT: '100ms', TOCSIN_INGEST_BODY_TIMEOUT: '100ms' });
  const headers = await RawClient.open(proxy.port);
  headers.send('POST /entry HTTP/1.1\r\nHost: x\r\n');
  const body = await RawClient.open(proxy.port);
  body.send('POST /entry HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
  const silent = await RawClient.open(proxy.port);
  expect(await Promise.all([headers.end(), body.end(), silent.end()]).then((all) => all.map(statusesIn))).toEqual([[408], [408], [408]]);
  await proxy.stop();
});
