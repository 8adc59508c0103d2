import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Health } from '../../../runtime/health.ts';
import { Attempts } from '../../../runtime/attempts.ts';
import { LocalTrust } from '../../../runtime/local-trust.ts';
import { among } from '../../../runtime/network.ts';
import { operationsAccess } from '../../../runtime/operations-access.ts';
import { operationsHandler } from '../../../runtime/operations.ts';

const ofProcess = new Health();
const ofRole = new Health(ofProcess);
const registry = new Registry();
let insider = true;
let server: Server;
let url = '';

beforeAll(async () => {
  new Counter({ name: 'tocsin_test_total', help: 'test', registers: [registry] }).inc(3);
  const operations = operationsHandler(ofRole, registry, {
    seesReasons: () => insider,
    seesMetrics: () => insider,
    wrongBearer: () => undefined,
  });
  server = createServer((request, response) => {
    if (!operations(request, response)) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

async function readiness(): Promise<[number, unknown]> {
  const response = await fetch(`${url}/readyz`);
  return [response.status, await response.json()];
}

describe('health, readiness and metrics over HTTP', () => {
  it('is alive whatever is wrong, and serves its registry', async () => {
    ofRole.report('log', 'disk full');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('tocsin_test_total 3');
    ofRole.report('log', undefined);
  });

  it('is not ready while a part of its own role has a problem, and names it', async () => {
    expect(await readiness()).toEqual([200, { status: 'ready' }]);
    ofRole.report('log', 'disk full');
    expect(await readiness()).toEqual([503, { status: 'not ready', problems: { log: 'disk full' } }]);
    expect(ofProcess.ready).toBe(false);
    ofRole.report('log', undefined);
    expect(ofProcess.ready).toBe(true);
  });

  it('stays ready when only another role has a problem, and tells of it', async () => {
    ofProcess.report('mailer', 'no route to the mail server');
    expect(await readiness()).toEqual([200, { status: 'ready', elsewhere: { mailer: 'no route to the mail server' } }]);
    ofProcess.report('mailer', undefined);
  });

  it('tells the world yes or no, and whoever may know the reasons', async () => {
    insider = false;
    ofProcess.report('mailer', 'no route to mail.example.org');
    ofProcess.notice('clock', 'it was set');
    expect(await readiness()).toEqual([200, { status: 'ready' }]);
    ofRole.report('log', 'disk full');
    expect(await readiness()).toEqual([503, { status: 'not ready' }]);
    expect((await fetch(`${url}/readyz`, { method: 'HEAD' })).status).toBe(503);
    insider = true;
    const problems = { log: 'disk full' };
    expect(await readiness()).toEqual([
      503,
      { status: 'not ready', problems, elsewhere: { mailer: 'no route to mail.example.org' }, notices: { clock: 'it was set' } },
    ]);
    ofRole.report('log', undefined);
    ofProcess.report('mailer', undefined);
    ofProcess.notice('clock', undefined);
  });

  it('shows metrics to those who may see them; health is for everyone', async () => {
    insider = false;
    const refused = await fetch(`${url}/metrics`);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Bearer')]);
    expect(await refused.text()).not.toContain('tocsin_test_total');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    insider = true;
  });

  it('leaves other paths and methods to others', async () => {
    expect((await fetch(`${url}/readyz/more`)).status).toBe(404);
    expect((await fetch(`${url}/readyz`, { method: 'POST' })).status).toBe(404);
  });
});

describe('wrong tokens', () => {
  const started: Server[] = [];
  afterAll(() => {
    for (const one of started) one.close();
  });

  async function serve(now: () => number, told: string[]): Promise<(path: string, token?: string, from?: string) => Promise<Response>> {
    const access = operationsAccess({
      trust: new LocalTrust({ host: '10.0.0.5', urls: [], proxies: ['127.0.0.1'] }),
      tokens: ['the-token-of-prometheus'],
      metricsOpen: false,
      attempts: new Attempts(now, (address) => told.push(address)),
      isProxy: among(['127.0.0.1']),
    });
    const operations = operationsHandler(new Health(), new Registry(), access);
    const own = createServer((request, response) => {
      operations(request, response);
    });
    started.push(own);
    await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
    const { port } = own.address() as AddressInfo;
    return (path, token, from = '203.0.113.9') =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        headers: { 'x-forwarded-for': from, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      });
  }

  it('beyond ten a minute are told to wait, on both paths, and said once; the right one, others and probes without any are answered', async () => {
    let now = 0;
    const told: string[] = [];
    const ask = await serve(() => now, told);
    const statuses: number[] = [];
    for (let i = 0; i < 200; i += 1) statuses.push((await ask(i % 2 === 0 ? '/metrics' : '/readyz', `a-wrong-token-${i}`)).status);
    expect(statuses.slice(0, 10)).toEqual([401, 200, 401, 200, 401, 200, 401, 200, 401, 200]);
    expect(new Set(statuses.slice(10))).toEqual(new Set([429]));
    expect(told).toEqual(['203.0.113.9']);
    const late = await ask('/metrics', 'a-wrong-token');
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask('/metrics', 'the-token-of-prometheus')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(200);
    expect((await ask('/metrics')).status).toBe(401);
    expect((await ask('/metrics', 'a-wrong-token', '203.0.113.77')).status).toBe(401);
    now = 61_000;
    expect((await ask('/metrics', 'a-wrong-token')).status).toBe(401);
  });
});
