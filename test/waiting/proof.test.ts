/** A console says "all is well" only with proof: what it reports about detection while processors are missing, work, and die. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LiveEvents } from '../support/live-events.ts';
import { runProgram } from '../support/program.ts';
import { startKafka, type TestKafka } from '../support/servers/kafka.ts';
import { API_TOKEN, SystemProcess } from '../support/system.ts';

/** What the page accepts as proof. */
const PROOF_MS = 15_000;
const SENSORS = 64;

let folder: string;
let kafka: TestKafka;
let parts: SystemProcess[] = [];
let live: LiveEvents;
let sending: NodeJS.Timeout | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-proof-'));
  kafka = await startKafka();
});
afterAll(async () => {
  clearInterval(sending);
  live?.close();
  await Promise.all(parts.map((part) => part.end('SIGKILL')));
  await kafka?.destroy();
  await rm(folder, { recursive: true, force: true });
});

const behind = (): number | null => live.named('beat').at(-1)?.detection.behindMs ?? null;

it('is part of every beat', { timeout: 240_000 }, async () => {
  const environment = { TOCSIN_KAFKA_BROKERS: kafka.brokers.join(','), TOCSIN_KAFKA_REPLICATION: '1' };
  expect((await runProgram('main/topics/main.ts', [], environment)).code).toBe(0);
  const create = (roles: string[]): Promise<SystemProcess> =>
    SystemProcess.create({ dataDir: join(folder, roles.join()), roles, environment });
  const [proxy, processor, consumers] = await Promise.all([
    create(['proxy']),
    create(['processor']),
    create(['archiver', 'history', 'mailer', 'console']),
  ]);
  parts = [proxy, processor, consumers];
  await Promise.all([proxy.start(), consumers.start()]);
  const post = (path: string, body: object) =>
    fetch(`${proxy.ingestUrl}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const statuses = (motion: boolean) =>
    Array.from({ length: SENSORS }, (_, id) => ({ id, motion, smoke: false, temperature: 20, maxTemperature: 30 }));
  sending = setInterval(() => void post('/entry', statuses(false)).catch(() => undefined), 500);

  // Statuses come in, no processor was ever started.
  live = await LiveEvents.open(consumers.consoleUrl, API_TOKEN);
  const began = performance.now();
  await expect.poll(() => live.named('beat').at(-1)?.log.perSecond, { timeout: 20_000 }).toBeGreaterThan(0);
  await expect.poll(() => behind() ?? Number.POSITIVE_INFINITY, { timeout: 30_000 }).toBeGreaterThan(PROOF_MS);
  expect(performance.now() - began).toBeLessThan(25_000);

  // A processor that works proves it all the time.
  await processor.start();
  await expect.poll(() => behind() ?? Number.POSITIVE_INFINITY, { timeout: 30_000 }).toBeLessThan(PROOF_MS);
  const before = live.named('beat').length;
  await delay(15_000);
  const working = live
    .named('beat')
    .slice(before)
    .map(({ detection }) => detection.behindMs ?? Number.POSITIVE_INFINITY);
  expect(working.length).toBeGreaterThan(3);
  expect(Math.max(...working)).toBeLessThan(PROOF_MS);

  // One that dies is noticed.
  await processor.end('SIGKILL');
  await expect.poll(() => behind() ?? Number.POSITIVE_INFINITY, { timeout: 25_000 }).toBeGreaterThan(PROOF_MS);
  expect(await (await fetch(`${consumers.consoleUrl}/readyz`)).json()).toMatchObject({
    status: 'ready',
    notices: { detection: expect.any(String) },
  });

  // A hit from that time is decided once it is back, which is proof again.
  await post('/entry', statuses(true));
  await processor.start();
  await expect.poll(() => behind() ?? Number.POSITIVE_INFINITY, { timeout: 40_000 }).toBeLessThan(PROOF_MS);
  await expect.poll(() => live.named('beat').at(-1)?.open.byType.motion, { timeout: 10_000 }).toBe(SENSORS);
});
