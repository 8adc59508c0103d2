/** A signed reading that somebody copies to other proxies, which don't know of it: with `seq` it is still one reading. */
import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, expect, it } from 'vitest';
import { processorSettings } from '../../../processor/config.ts';
import { startProcessor } from '../../../processor/processor.ts';
import { sensorKey } from '../../../proxy/intake/credentials.ts';
import { readSettings } from '../../../runtime/configuration.ts';
import { Health } from '../../../runtime/health.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { eventually } from '../../support/console.ts';
import { MemoryLog } from '../../support/memory-log.ts';
import { NOW, type TestProxy, testProxy } from '../../support/proxy.ts';

const SECRET = 'a master secret of the test';
const SENSOR = 42_959;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

/** Three proxies on one log, with a processor behind it. */
async function started(): Promise<{ log: MemoryLog; proxies: readonly TestProxy[] }> {
  const log = new MemoryLog();
  const deps = {
    log,
    clock: Date.now,
    logger: pino({ level: 'silent' }),
    registry: new Registry(),
    health: new Health(),
    types: REFERENCE,
  };
  const processor = await startProcessor(readSettings(processorSettings, {}), deps);
  stops.push(() => processor.stop());
  const proxies: TestProxy[] = [];
  for (let i = 0; i < 3; i += 1) {
    const proxy = await testProxy({ TOCSIN_SENSOR_MASTER_SECRET: SECRET }, { log });
    stops.push(() => proxy.stop());
    proxies.push(proxy);
  }
  return { log, proxies };
}

function signed(path: string, body: string, nonce: string): Record<string, string> {
  const seconds = NOW / 1_000;
  const mac = createHmac('sha256', sensorKey(SECRET, SENSOR)).update(`${seconds}\n${nonce}\n${path}\n${body}`).digest('base64url');
  return { 'content-type': 'application/json', 'x-tocsin-signature': `${SENSOR}.${seconds}.${nonce}.${mac}` };
}

const smoke = (seq: number): string => JSON.stringify({ id: SENSOR, motion: false, smoke: true, temperature: 20, maxTemperature: 30, seq });
const raised = (log: MemoryLog): number => log.all('ALARM').filter(({ value }) => JSON.parse(value).event === 'raised').length;

it('copies raise nothing that it did not, nor hide what comes after it', async () => {
  const { log, proxies } = await started();
  const first = smoke(1);
  const copy = signed('/entry', first, 'nonce-of-the-first-1');
  for (const proxy of proxies) expect((await proxy.post('/entry', first, copy)).status).toBe(202);
  for (const proxy of proxies) expect((await proxy.post('/entry', first, copy)).status).toBe(409);
  const second = smoke(2);
  expect((await proxies[1]?.post('/entry', second, signed('/entry', second, 'nonce-of-the-second1')))?.status).toBe(202);
  // Another sensor's alarm shows that all before it is decided.
  const other = JSON.stringify({ id: 7, motion: true, smoke: false, temperature: 20, maxTemperature: 30 });
  const own = { 'content-type': 'application/json', authorization: `Bearer ${sensorKey(SECRET, 7)}` };
  expect((await proxies[0]?.post('/entry', other, own))?.status).toBe(202);
  await eventually(
    async () => raised(log),
    (count) => count === 1,
  );
  expect(log.all('ENTRY').length).toBe(5);
  expect(log.all('ALARM').some(({ key }) => key === SENSOR)).toBe(false);
  const third = smoke(3);
  expect((await proxies[2]?.post('/entry', third, signed('/entry', third, 'nonce-of-the-third-1')))?.status).toBe(202);
  await eventually(
    async () => raised(log),
    (count) => count === 2,
  );
  expect(log.all('ALARM').some(({ key }) => key === SENSOR)).toBe(true);
});
