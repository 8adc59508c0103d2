/** deploy/haproxy/haproxy.cfg as it is shipped, before two systems: one on this host, one on a host of its own that can be cut off. Needs root and iproute2. */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedLog } from '../../../message-log/embedded/log.ts';
import { openStore } from '../../../message-log/embedded/store.ts';
import { EdgeLoad } from '../../support/edge-load.ts';
import { valuesOf } from '../../support/log-reading.ts';
import { quietLogOptions } from '../../support/quiet-log.ts';
import { type Edge, startEdge } from '../../support/servers/edge.ts';
import { freePorts } from '../../support/servers/ports.ts';
import { API_TOKEN, SystemProcess } from '../../support/system.ts';
import { Host } from '../../support/host.ts';

const DRAIN_MS = 2_000;
const PATIENCE = { timeout: 60_000, interval: 50 };
const [JSON_TYPE, BEARER] = [{ 'content-type': 'application/json' }, { authorization: `Bearer ${API_TOKEN}` }];

let folder: string;
let host: Host;
let edge: Edge;
let systems: readonly [SystemProcess, SystemProcess];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-edge-'));
  host = await Host.start(folder);
  const ports = await freePorts(6);
  const [sensors = 0, operators = 0, ...own] = ports;
  const system = (name: string, address: string, [ingest, console]: readonly (number | undefined)[], within: readonly string[] = []) =>
    SystemProcess.create({
      dataDir: join(folder, name),
      within,
      environment: {
        TOCSIN_HOST: address,
        TOCSIN_INGEST_PORT: String(ingest),
        TOCSIN_CONSOLE_PORT: String(console),
        TOCSIN_SENSOR_AUTH: 'off',
        TOCSIN_INGEST_URL: `https://localhost:${sensors}`,
        TOCSIN_CONSOLE_URL: `https://localhost:${operators}`,
        TOCSIN_INGEST_PROXIES: `127.0.0.1,${host.here}`,
        TOCSIN_CONSOLE_PROXIES: `127.0.0.1,${host.here}`,
        TOCSIN_INGEST_CLIENT_RATE: '3000',
        TOCSIN_INGEST_DRAIN_DELAY: `${DRAIN_MS}ms`,
      },
    });
  systems = [await system('one', '127.0.0.1', own.slice(0, 2)), await system('two', host.there, own.slice(2), host.within)];
  await Promise.all(systems.map((one) => one.start()));
  edge = await startEdge(join(folder, 'edge'), [sensors, operators], {
    proxies: [`127.0.0.1:${own[0]}`, `${host.there}:${own[2]}`],
    consoles: [`127.0.0.1:${own[1]}`, `${host.there}:${own[3]}`],
  });
});
afterAll(async () => {
  await edge?.destroy();
  for (const one of systems ?? []) await one.end('SIGKILL');
  await host?.end();
  await rm(folder, { recursive: true, force: true });
});

const isUp = (server: string) => async (): Promise<boolean> => (await edge.up()).includes(server);
const post = (path: string, body: string, more: { from?: string; headers?: Record<string, string> } = {}) =>
  edge.call(edge.sensorsUrl + path, { method: 'POST', body, ...more, headers: { ...JSON_TYPE, ...more.headers } });

describe('sensors, through HAProxy', () => {
  it('are bounded by their own address, whatever they say it is', async () => {
    const batch = `[${Array.from({ length: 10_000 }, (_, i) => `{"id":${i}}`)}]`;
    // One for each proxy, which then wait for seconds.
    for (const wanted of [202, 202, 429, 429]) {
      const headers = { 'x-forwarded-for': '10.9.9.9' };
      expect(await post('/entry', batch, { from: '127.0.0.2', headers })).toMatchObject({ status: wanted });
    }
    for (const _ of systems) expect(await post('/entry', '{"id":1}', { from: '127.0.0.3' })).toMatchObject({ status: 202 });
  });

  it('get clear answers from HAProxy itself, and no metrics', async () => {
    expect((await edge.call(`${edge.sensorsUrl}/metrics`, { headers: BEARER })).status).toBe(404);
    expect((await edge.call(`${edge.sensorsUrl}/openapi.json`)).status).toBe(200);
  });

  it('are refused by their headers alone, while the body is still to come', async () => {
    // The connection ends with the answer: what is still being sent then would end it before the answer is read.
    const refused = async (url: string, head: string, body = '') => {
      const socket = await open('127.0.0.6', url);
      socket.write(`${head} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${body}`);
      return textOf(socket);
    };
    const tooLong = 'Content-Length: 1048577\r\n\r\n';
    const tooLarge = /^HTTP\/1\.1 413 [\s\S]*\{"error":"the body is too large"\}$/;
    expect(await refused(edge.sensorsUrl, 'POST /entry', tooLong)).toMatch(tooLarge);
    expect(await refused(edge.sensorsUrl, 'POST /topics/ENTRY/messages', tooLong)).toMatch(tooLarge);
    expect(await refused(edge.sensorsUrl, 'POST /entry', `Expect: 100-continue\r\n${tooLong}`)).toMatch(tooLarge);
    expect(await refused(edge.operatorsUrl, 'POST /api/session', tooLong)).toMatch(tooLarge);
    expect(await refused(edge.sensorsUrl, 'POST /metrics', 'Content-Length: 1000\r\n\r\n')).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('that drip are cut off, and one address has only so many connections', async () => {
    const drip = await open('127.0.0.4');
    drip.write('POST /entry HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{');
    const answer = textOf(drip);
    const many = await Promise.allSettled(Array.from({ length: 80 }, () => open('127.0.0.5')));
    expect(many.filter(({ status }) => status === 'fulfilled').length).toBe(50);
    expect(await post('/entry', '{"id":1}')).toMatchObject({ status: 202 });
    expect(await answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"the request took too long to arrive"/);
    for (const one of many) if (one.status === 'fulfilled') one.value.destroy();
  });
});

describe('operators, through HAProxy', () => {
  it('stay with the console that they signed in to', async () => {
    const signIn = await edge.call(`${edge.operatorsUrl}/api/session`, {
      method: 'POST',
      body: JSON.stringify({ name: 'Ines', token: API_TOKEN }),
      headers: { ...JSON_TYPE, origin: edge.operatorsUrl },
    });
    expect(signIn.status).toBe(200);
    const cookies = [signIn.headers['set-cookie'] ?? []].flat();
    expect(cookies.find((cookie) => cookie.startsWith('__Host-tocsin-console='))).toMatch(/HttpOnly.*Secure.*SameSite=Strict/i);
    const cookie = cookies.map((each) => each.split(';', 1)[0]).join('; ');
    const session = cookies.find((each) => each.startsWith('__Host-tocsin=')) ?? '';
    const asked = (headers: Record<string, string>) =>
      edge.call(`${edge.operatorsUrl}/api/session`, { headers }).then(({ status }) => status);
    const statuses = [];
    for (let i = 0; i < 10; i += 1) statuses.push(await asked({ cookie }));
    expect(new Set(statuses)).toEqual(new Set([200]));
    // Without the cookie of the edge, the other console is asked too.
    const either = await Promise.all(Array.from({ length: 10 }, () => asked({ cookie: session.split(';', 1)[0] ?? '' })));
    expect(new Set(either)).toEqual(new Set([200, 401]));
  });

  it('see alarms at once', async () => {
    const stream = await liveStream();
    await expect.poll(stream.text, PATIENCE).toContain('event: snapshot');
    // Whichever of the two systems the stream is of.
    for (const sensor of [1, 2, 3, 4]) await post('/entry', JSON.stringify({ id: sensor, motion: true }));
    await expect.poll(stream.text, { timeout: 5_000, interval: 20 }).toContain('event: alarm');
    stream.end();
  });

  it('that guess tokens are bounded by their own address, on each console, and nobody else with them', async () => {
    const guess = (from: string): Promise<number> =>
      edge
        .call(`${edge.operatorsUrl}/api/alarms`, { from, headers: { authorization: 'Bearer wrong-wrong-wrong-wrong' } })
        .then(({ status }) => status);
    const statuses = [];
    for (let i = 0; i < 60; i += 1) statuses.push(await guess('127.0.0.6'));
    expect(statuses.slice(-5)).toEqual([429, 429, 429, 429, 429]);
    expect([await guess('127.0.0.7'), await guess('127.0.0.7')]).toEqual([401, 401]);
  });

  it('that ask without pause are told to wait, and can read no metrics', async () => {
    const ask = () => edge.call(`${edge.operatorsUrl}/healthz`, { from: '127.0.0.8' });
    expect((await edge.call(`${edge.operatorsUrl}/metrics`, { headers: BEARER })).status).toBe(404);
    // Several at once, since one after the other they may take longer than the span that HAProxy counts.
    const answers = [];
    for (let i = 0; i < 20; i += 1) answers.push(...(await Promise.all(Array.from({ length: 20 }, ask))));
    expect(answers.slice(0, 200).map(({ status }) => status)).toEqual(Array(200).fill(200));
    expect(answers.slice(200).find(({ status }) => status === 429)?.headers).toMatchObject({ 'retry-after': '1' });
  });
});

it('HAProxy counts what it does', async () => {
  const metrics = await edge.metrics();
  for (const name of ['haproxy_backend_active_servers{proxy="proxies"} 2', 'haproxy_frontend_http_requests_total{proxy="sensors"}'])
    expect(metrics).toContain(name);
});

describe('while proxies fail and stop', () => {
  it('sensors lose no reading whatever happens to a proxy, and no request when it is stopped', async () => {
    const load = new EdgeLoad(edge);
    const [one, two] = systems;
    await expect.poll(() => load.acknowledged.length, PATIENCE).toBeGreaterThan(500);

    const told = performance.now();
    const ended = one.end('SIGTERM');
    await expect.poll(isUp('proxy-1'), PATIENCE).toBe(false);
    const leftMs = performance.now() - told;
    expect(await ended).toBe(0);
    expect(leftMs).toBeLessThan(DRAIN_MS);
    await one.start();
    await expect.poll(isUp('proxy-1'), PATIENCE).toBe(true);
    const ofRestart = load.failures();
    expect(ofRestart).toEqual([]);

    await two.end('SIGKILL');
    await expect.poll(isUp('proxy-2'), PATIENCE).toBe(false);
    await two.start();
    await expect.poll(isUp('proxy-2'), PATIENCE).toBe(true);
    const ofKill = load.failures();
    // What was under way: a status is sent again to the other proxy; for a recovery only the sender can know whether that is right.
    expect(ofKill.filter(({ path }) => path !== '/ok')).toEqual([]);

    host.cutOff();
    await expect.poll(isUp('proxy-2'), PATIENCE).toBe(false);
    host.join();
    await expect.poll(isUp('proxy-2'), PATIENCE).toBe(true);
    await load.end();
    const ofCut = load.failures();

    const { acknowledged, requests } = load;
    process.stdout.write(`${JSON.stringify({ requests, acknowledged: acknowledged.length, leftMs: Math.round(leftMs), ofKill, ofCut })}\n`);
    const stored = new Set([...(await storedBy(one)), ...(await storedBy(two))]);
    expect(acknowledged.filter((seq) => !stored.has(seq))).toEqual([]);
  });
});

/** `seq` of all readings in the log of a system, which is ended. */
async function storedBy(system: SystemProcess): Promise<number[]> {
  await system.end('SIGKILL');
  const store = await openStore(system.dataDir);
  const log = await openEmbeddedLog(store, quietLogOptions());
  const reader = await log.reader('ENTRY', 0, 'earliest');
  const found: number[] = [];
  for (let batches = await reader.poll(0); batches.length > 0; batches = await reader.poll(0))
    for (const value of valuesOf(batches)) found.push((JSON.parse(value) as { seq: number }).seq);
  await log.close();
  await store.close();
  return found;
}

/** A TLS connection to the port of sensors; rejects if it is closed before it stands. */
function open(from: string, url = edge.sensorsUrl): Promise<TLSSocket> {
  const { port } = new URL(url);
  return new Promise((resolve, reject) => {
    const below = connectTcp({ host: '127.0.0.1', port: Number(port), localAddress: from });
    const socket = connect({ socket: below, rejectUnauthorized: false }, () => resolve(socket));
    for (const each of [below, socket]) each.on('error', reject);
  });
}

/** Everything that arrives until the other side ends. */
async function textOf(socket: TLSSocket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

/** `text`: what has arrived so far. */
function liveStream(): Promise<{ readonly text: () => string; readonly end: () => void }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${edge.operatorsUrl}/api/live`, { agent: edge.agent(false), headers: BEARER }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('error', () => undefined);
      resolve({ text: () => text, end: () => sent.destroy() });
    });
    sent.on('error', reject);
    sent.end();
  });
}
