/** Types that are only in the settings file work from end to end: status, alarm, mail, count, page. No code knows about water. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { BROWSER } from '../support/browser-path.ts';
import { runProgram } from '../support/program.ts';
import { API_TOKEN, type Ready, SystemProcess } from '../support/system.ts';

const SETTINGS = `
types:
  water:   { when: water, hits: 2, within: 5m, severity: MAJOR, lifeSafety: true, shape: drop, label: Water leak }
  co:      { when: co > 50, severity: CRITICAL, shape: hexagon, label: CO }
  battery: { when: battery < 15, severity: WARNING, clears: normal }
  motion:  { hits: 2 }
`;
const folder = mkdtempSync(join(tmpdir(), 'tocsin-own-types-'));
const file = join(folder, 'tocsin.yaml');
let system: SystemProcess;
let ready: Ready;
let browser: Browser | undefined;

beforeAll(async () => {
  writeFileSync(file, SETTINGS);
  system = await SystemProcess.create({ dataDir: join(folder, 'data'), environment: { TOCSIN_SETTINGS: file } });
  ready = await system.start();
  if (BROWSER !== undefined) browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await system?.end('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

async function send(path: 'entry' | 'ok', body: object): Promise<{ accepted: number; warnings?: { field: string; warning: string }[] }> {
  const answer = await fetch(`${system.ingestUrl}/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(202);
  return (await answer.json()) as { accepted: number };
}

async function api<T>(path: string, body?: object): Promise<T> {
  const answer = await fetch(`${system.consoleUrl}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect([path, answer.status]).toEqual([path, 200]);
  return (await answer.json()) as T;
}

interface Listed {
  readonly id: string;
  readonly sensor: number;
  readonly type: string;
  readonly state: string;
  readonly severity: string;
}
const alarmsOf = async (which: { type?: string; sensor?: number }): Promise<Listed[]> => {
  const { alarms } = await api<{ alarms: Listed[] }>(`/api/alarms?state=all${which.type === undefined ? '' : `&type=${which.type}`}`);
  return alarms.filter(({ sensor }) => which.sensor === undefined || sensor === which.sensor);
};
const mails = (): string[] =>
  readdirSync(system.outbox)
    .filter((name) => name.endsWith('.eml'))
    .map((name) => readFileSync(join(system.outbox, name), 'utf8'));

describe('water, CO and a low battery, which are types of the settings file', () => {
  it('are detected according to the API, beside the usual three', async () => {
    const { types } = await api<{ types: { name: string; label: string; severity: string; hits: number; when: string }[] }>('/api/types');
    expect(types.map(({ name, label, severity, hits, when }) => [name, label, severity, hits, when])).toEqual([
      ['motion', 'Motion', 'MINOR', 2, 'motion'],
      ['smoke', 'Smoke', 'CRITICAL', 3, 'smoke'],
      ['temperature', 'Heat', 'MAJOR', 3, 'temperature > maxTemperature'],
      ['water', 'Water leak', 'MAJOR', 2, 'water'],
      ['co', 'CO', 'CRITICAL', 1, 'co > 50'],
      ['battery', 'Battery', 'WARNING', 1, 'battery < 15'],
    ]);
    const spec = (await (await fetch(`${system.ingestUrl}/openapi.json`)).json()) as {
      components: { schemas: { Status: { properties: object } } };
    };
    expect(spec.components.schemas.Status.properties).toMatchObject({ water: { type: 'boolean' }, co: { type: 'number' } });
  });

  it('raise an alarm by their own rule, with a mail, a count, and a place in the lists', async () => {
    const dry = { motion: false, smoke: false, temperature: 20, maxTemperature: 30, water: false, co: 3, battery: 80 };
    await send('entry', { id: 5, ...dry });
    await send('entry', { id: 5, ...dry, water: true });
    await send('entry', { id: 6, ...dry, co: 50 });
    expect(await alarmsOf({ sensor: 5 })).toEqual([]);
    await send('entry', { id: 5, ...dry, water: true });
    await send('entry', { id: 6, ...dry, co: 50.1 });
    await expect
      .poll(() => alarmsOf({ type: 'water' }))
      .toMatchObject([{ sensor: 5, type: 'water', severity: 'MAJOR', state: 'ACTIVE_UNACK' }]);
    await expect.poll(() => alarmsOf({ type: 'co' })).toMatchObject([{ sensor: 6, type: 'co', severity: 'CRITICAL' }]);
    await expect.poll(() => mails().filter((mail) => /^Subject: .*MAJOR.*[Ww]ater/m.test(mail))).toHaveLength(1);
    await expect
      .poll(async () => {
        const { counts } = await api<{ counts: { type: string; count: number }[] }>('/api/counts?type=water');
        return counts.map(({ type, count }) => [type, count]);
      })
      .toEqual([['water', 1]]);
    await expect.poll(async () => (await api<{ active: string[] }>('/api/sensors/5')).active).toEqual(['water']);
    const metrics = await (await fetch(`${system.operationsUrl}/metrics`)).text();
    expect(metrics).toContain('tocsin_alarms_active{type="water"} 1');
  });

  it('clear by a recovery, or by the next normal reading if the type says so', async () => {
    await send('entry', { id: 7, battery: 14 });
    await expect.poll(() => alarmsOf({ sensor: 7 })).toMatchObject([{ type: 'battery', state: 'ACTIVE_UNACK' }]);
    await send('entry', { id: 7, water: true });
    await send('entry', { id: 7, battery: 15 });
    await expect.poll(() => alarmsOf({ sensor: 7 })).toMatchObject([{ type: 'battery', state: 'CLEARED_UNACK' }]);
    await send('entry', { id: 5, water: false });
    expect(await alarmsOf({ type: 'water' })).toMatchObject([{ state: 'ACTIVE_UNACK' }]);
    await send('ok', { id: 5 });
    await expect.poll(() => alarmsOf({ type: 'water' })).toMatchObject([{ state: 'CLEARED_UNACK' }]);
  });

  it('warn of a value that cannot be read, not of one that a sensor does not have', async () => {
    const { warnings } = await send('entry', { id: 8, motion: false, smoke: false, temperature: 20, maxTemperature: 30, water: 'wet' });
    expect(warnings).toEqual([{ index: 0, field: 'water', warning: 'unreadable: water leak raises no alarm' }]);
    await expect
      .poll(async () => (await api<{ faults: { sensor: number; detector: string }[] }>('/api/faults')).faults)
      .toContainEqual(expect.objectContaining({ sensor: 8, detector: 'water', reason: 'unreadable' }));
  });

  it.skipIf(BROWSER === undefined)('are on the page by their labels', async () => {
    for (const _ of [1, 2]) await send('entry', { id: 9, water: true });
    const page = await browser?.newPage();
    if (page === undefined) return expect.fail('there is no browser');
    await page.goto(ready.signInUrl);
    await page.locator('.row', { hasText: 'WATER LEAK', has: page.locator('svg.mark.major.filled') }).waitFor();
    await page.close();
  });

  it('have a generated dashboard', async () => {
    const into = join(folder, 'dashboards');
    const made = await runProgram('main/dashboards/main.ts', ['--out', into], { TOCSIN_SETTINGS: file });
    expect([made.code, made.stderr]).toEqual([0, '']);
    const text = readdirSync(into, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFileSync(join(into, name), 'utf8'))
      .join();
    for (const name of ['water', 'co', 'battery']) expect(text).toContain(`\\"type\\" = '${name}'`);
  });
});

it('after a restart with another file: alarms stay, and removed types raise nothing', async () => {
  await system.end('SIGTERM');
  writeFileSync(file, 'types:\n  co: { when: co > 50, severity: CRITICAL }\n');
  await system.start();
  for (const _ of [1, 2, 3]) await send('entry', { id: 10, water: true, motion: true });
  await expect.poll(() => alarmsOf({ sensor: 10 })).toMatchObject([{ type: 'motion' }]);
  const [leak] = (await api<{ alarms: (Listed & { version: number })[] }>('/api/alarms?state=active')).alarms.filter(
    ({ sensor }) => sensor === 9,
  );
  expect(leak).toMatchObject({ type: 'water', state: 'ACTIVE_UNACK' });
  await api(`/api/alarms/${leak?.id}/acknowledge`, { version: leak?.version });
  await send('ok', { id: 9 });
  await expect.poll(() => alarmsOf({ sensor: 9 })).toMatchObject([{ type: 'water', state: 'CLEARED_ACK' }]);
});
