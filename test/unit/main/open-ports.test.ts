import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withPort } from '../../../main/beside.ts';
import { readConfig } from '../../../main/configuration.ts';
import { OpenPorts } from '../../../main/open-ports.ts';
import type { PortName } from '../../../main/ports.ts';
import { SteadyClock } from '../../../runtime/clock.ts';
import { Health } from '../../../runtime/health.ts';
import { Lifecycle } from '../../../runtime/lifecycle.ts';
import { createLogger } from '../../../runtime/logging.ts';

let environment: { TOCSIN_DATA_DIR: string };
let lifecycle: Lifecycle;
beforeEach(async () => {
  environment = { TOCSIN_DATA_DIR: await mkdtemp(join(tmpdir(), 'tocsin-ports-')) };
  lifecycle = new Lifecycle();
});
afterEach(async () => {
  await lifecycle.stop(5_000);
  await rm(environment.TOCSIN_DATA_DIR, { recursive: true });
});

async function openPorts(...ports: PortName[]): Promise<OpenPorts> {
  return await openWith(new Health(), environment, ...ports);
}

async function openWith(health: Health, env: Record<string, string>, ...ports: PortName[]): Promise<OpenPorts> {
  const steadyClock = new SteadyClock();
  const logger = await createLogger({ level: 'silent', format: 'json' });
  const deps = { clock: steadyClock.now, logger, registry: new Registry(), health, removalClock: () => undefined };
  return new OpenPorts(readConfig(new Set(), env, ports), { deps, steadyClock, lifecycle });
}

it('a port is opened once, however many roles use it', async () => {
  const ports = await openPorts('directory', 'archive');
  const first = await ports.open(['directory']);
  const second = await ports.open(['archive', 'directory']);
  expect(second.directory).toBe(first.directory);
  expect(Object.keys(first)).toEqual(['directory']);
});

it('what is open belongs to one process until it stops, except for programs that work beside it', async () => {
  const { directory } = await (await openPorts('directory', 'log')).open(['directory', 'log']);
  const size = (beside: boolean) => withPort('directory', environment, { beside }, (opened) => opened.directory.size());
  await expect(size(false)).rejects.toMatchObject({ code: 'data-dir-in-use' });
  expect(await size(true)).toBe(await directory.size());
  await lifecycle.stop(5_000);
  expect(await size(false)).toBe(0);
});

it('a program closes what it opened, also when its work fails', async () => {
  const failing = withPort('log', environment, { beside: false }, () => Promise.reject(new Error('the work failed')));
  await expect(failing).rejects.toThrow('the work failed');
  expect(await withPort('log', environment, { beside: false }, ({ log }) => Promise.resolve(log.partitions))).toBe(1);
});

it('a store that is away stops a role that needs it, and is only a notice to one that can do without', async () => {
  const away = { ...environment, TOCSIN_CASSANDRA_CONTACT_POINTS: '127.0.0.1:1' };
  const health = new Health();
  await (await openWith(health, away, 'directory')).openDispensable('directory');
  await expect.poll(() => health.notices()).toMatchObject({ cassandra: expect.any(String) });
  expect(health.ready).toBe(true);

  const needing = new Health();
  await (await openWith(needing, away, 'directory')).open(['directory']);
  await expect.poll(() => needing.ready).toBe(false);
});
