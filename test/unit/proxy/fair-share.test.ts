/** One client whose bodies take long beside another: who waits for whom. `isUnknown` is asked for each member, which makes them as dear as a test needs them. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { MemoryLog } from '../../support/memory-log.ts';
import { RawClient, statusesIn, type TestProxy, testProxy } from '../../support/proxy.ts';

const DEAR = 7;
const GOOD = 8;
const GATEWAYS = { TOCSIN_GATEWAY_TOKENS: 'dear:a-token-that-is-long-enough-0123456789,good:another-token-that-is-long-enough-0123' };
const TOKENS = { dear: 'a-token-that-is-long-enough-0123456789', good: 'another-token-that-is-long-enough-0123' };

let proxy: TestProxy;
afterEach(() => proxy.stop());

const status = (id: number): string => `{"id":${id},"motion":false,"smoke":true,"temperature":20,"maxTemperature":30}`;
const array = (id: number, members: number): string => `[${Array.from({ length: members }, () => status(id))}]`;
const request = (token: string, body: string, path = '/entry'): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

function burn(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

/** Calls `atFirst` when the first member of the dear client is read. */
async function proxyWithDearMembers(ms: number, atFirst: () => void, settings: Record<`TOCSIN_${string}`, string> = {}): Promise<void> {
  let isFirst = true;
  const isUnknown = (sensor: number): boolean => {
    if (sensor !== DEAR) return false;
    burn(ms);
    if (isFirst) atFirst();
    isFirst = false;
    return false;
  };
  proxy = await testProxy({ ...GATEWAYS, ...settings }, { log: new MemoryLog(), isUnknown });
}

it('a fire that comes while a long body of another client is read is stored before it', async () => {
  let good: RawClient | undefined;
  await proxyWithDearMembers(0.3, () => good?.send(request(TOKENS.good, status(GOOD))));
  good = await RawClient.open(proxy.port);
  const dear = await RawClient.open(proxy.port);
  dear.send(request(TOKENS.dear, array(DEAR, 500)));
  expect([await good.answers(1), await dear.answers(1)]).toEqual([[202], [202]]);
  const keys = proxy.log.all('ENTRY').map(({ key }) => key);
  expect([keys.indexOf(GOOD), keys.length]).toEqual([0, 501]);
  for (const client of [good, dear]) client.destroy();
});

it('what follows a long body on its connection is stored after it', async () => {
  await proxyWithDearMembers(0.3, () => undefined);
  const dear = await RawClient.open(proxy.port);
  dear.send(request(TOKENS.dear, array(DEAR, 100)) + request(TOKENS.dear, status(GOOD)) + request(TOKENS.dear, status(DEAR), '/ok'));
  expect(await dear.answers(3)).toEqual([202, 202, 202]);
  expect(proxy.log.all('ENTRY').map(({ key }) => key)).toEqual([...Array.from({ length: 100 }, () => DEAR), GOOD]);
  const lastReading = proxy.log.all('ENTRY').find(({ key }) => key === DEAR)?.at ?? Number.POSITIVE_INFINITY;
  expect(proxy.log.all('OK').map(({ at }) => at > lastReading)).toEqual([true]);
  dear.destroy();
});

it('a long body is taken even if its sender has hung up meanwhile', async () => {
  await proxyWithDearMembers(0.3, () => undefined);
  const socket = connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  const body = array(DEAR, 100);
  socket.end(request(TOKENS.dear, body));
  socket.on('error', () => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  while (proxy.log.all('ENTRY').length < 100) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await proxy.registry.getSingleMetricAsString('tocsin_ingest_waiting_bytes')).split('\n')).toContain(
    'tocsin_ingest_waiting_bytes 0',
  );
});

it('a client with more than its share is asked to send again while others send, is taken then, and the others are served', async () => {
  const settings = { TOCSIN_INGEST_QUEUE_MAX: '256KiB', TOCSIN_INGEST_BODY_MAX: '64KiB' };
  await proxyWithDearMembers(0.2, () => undefined, settings);
  const good = await RawClient.open(proxy.port);
  let sent = 0;
  const beside = setInterval(() => {
    good.send(request(TOKENS.good, status(GOOD)));
    sent += 1;
  }, 5);
  const body = array(DEAR, 400);
  const dear = await Promise.all(Array.from({ length: 20 }, () => RawClient.open(proxy.port)));
  const answersOf = async (): Promise<string[]> =>
    Promise.all(
      dear.map(async (client) => {
        client.received = '';
        client.send(request(TOKENS.dear, body));
        return client.until(/\r\n\r\n\{.*\}/s);
      }),
    );
  const answers = await answersOf();
  const refused = answers.filter((answer) => answer.includes(' 429 '));
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) expect(answer).toMatch(/Retry-After: 1\r\n/);
  expect(answers.filter((answer) => !/ (202|429) /.test(answer))).toEqual([]);
  const counted = await proxy.registry.getSingleMetricAsString('tocsin_ingest_over_share_total');
  expect(counted).toContain(`tocsin_ingest_over_share_total ${refused.length}`);
  // As a client does that obeys Retry-After.
  for (const client of dear) {
    client.received = '';
    client.send(request(TOKENS.dear, array(DEAR, 10)));
    expect(await client.answers(1)).toEqual([202]);
  }
  clearInterval(beside);
  while (statusesIn(good.received).length < sent) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(new Set(statusesIn(good.received))).toEqual(new Set([202]));
  for (const client of [good, ...dear]) client.destroy();
});

it('the only client is never asked to send again, however much it sends', async () => {
  await proxyWithDearMembers(0.05, () => undefined, { TOCSIN_INGEST_QUEUE_MAX: '256KiB', TOCSIN_INGEST_BODY_MAX: '64KiB' });
  const clients = await Promise.all(Array.from({ length: 12 }, () => RawClient.open(proxy.port)));
  for (const client of clients) client.send(request(TOKENS.dear, array(DEAR, 600)));
  const answers = await Promise.all(clients.map((client) => client.until(/HTTP\/1\.1 \d{3} /)));
  expect(answers.filter((answer) => answer.includes(' 429 '))).toEqual([]);
  for (const client of clients) client.destroy();
});
