/** deploy/haproxy/haproxy.cfg before two proxies that know nothing of each other: a copy of a signed request is refused all the same. */
import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { NOW, STATUS, type TestProxy, testProxy } from '../../support/proxy.ts';
import { type Edge, startEdge } from '../../support/servers/edge.ts';
import { freePorts } from '../../support/servers/ports.ts';

const TOKEN = '0123456789abcdef';

let folder: string;
let proxies: readonly [TestProxy, TestProxy];
let edge: Edge;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-replay-'));
  const settings = { TOCSIN_GATEWAY_TOKENS: `north:${TOKEN}`, TOCSIN_INGEST_PROXIES: '127.0.0.1' };
  proxies = [await testProxy(settings), await testProxy(settings)];
  const [sensors = 0, operators = 0] = await freePorts(2);
  const addresses = [`127.0.0.1:${proxies[0].port}`, `127.0.0.1:${proxies[1].port}`] as const;
  // Nobody asks for a console here.
  edge = await startEdge(folder, [sensors, operators], { proxies: addresses, consoles: addresses });
});
afterAll(async () => {
  await edge?.destroy();
  await Promise.all(proxies?.map((proxy) => proxy.stop()) ?? []);
  await rm(folder, { recursive: true, force: true });
});

const send = async (headers: Record<string, string>): Promise<number> =>
  (
    await edge.call(`${edge.sensorsUrl}/entry`, {
      method: 'POST',
      body: STATUS,
      headers: { 'content-type': 'application/json', ...headers },
    })
  ).status;
function signed(nonce: string): Record<string, string> {
  const seconds = NOW / 1_000;
  const mac = createHmac('sha256', TOKEN).update(`${seconds}\n${nonce}\n/entry\n${STATUS}`).digest('base64url');
  return { 'x-tocsin-signature': `north.${seconds}.${nonce}.${mac}` };
}
const taken = (): number[] => proxies.map(({ log }) => log.all('ENTRY').length);

it('whichever proxy took the first one', async () => {
  await expect.poll(async () => (await edge.up()).filter((name) => name.startsWith('proxy')).length, { timeout: 20_000 }).toBe(2);
  for (let i = 0; i < 20; i += 1) {
    const request = signed(`nonce-of-request-${i}`);
    const statuses: number[] = [];
    for (let copy = 0; copy < 5; copy += 1) statuses.push(await send(request));
    expect(statuses).toEqual([202, 409, 409, 409, 409]);
  }
  // Both do their part.
  expect(Math.min(...taken())).toBeGreaterThan(0);
});

it('while requests without a signature go to each in turn', async () => {
  const before = taken();
  for (let i = 0; i < 20; i += 1) expect(await send({ authorization: `Bearer ${TOKEN}` })).toBe(202);
  expect(taken().map((now, i) => now - (before[i] ?? 0))).toEqual([10, 10]);
});
