import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Health } from '../../../runtime/health.ts';
import { operationsHandler } from '../../../runtime/operations.ts';

const ofProcess = new Health();
const ofRole = new Health(ofProcess);
const registry = new Registry();
let insider = true;
let server: Server;
let url = '';

beforeAll(async () => {
  new Counter({ name: 'tocsin_test_total', help: 'test', registers: [registry] }).inc(3);
  const operations = operationsHandler(ofRole, registry, { seesReasons: () => insider, seesMetrics: () => insider });
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
