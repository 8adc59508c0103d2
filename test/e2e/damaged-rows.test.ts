/** A bit that changes in a row on disk: only that row is lost. A fire of another sensor is raised, mailed and shown. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'lmdb';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../message-log/embedded/store.ts';
import { runProgram } from '../support/program.ts';
import { API_TOKEN, SystemProcess } from '../support/system.ts';

const folder = mkdtempSync(join(tmpdir(), 'tocsin-rows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Stands in every kind of row, and must never leave it. */
const PERSON = 'Quirinia';
const DAMAGED = 5;
const BURNING = 7;
const smoke = (id: number): string =>
  JSON.stringify({ id, motion: false, smoke: true, temperature: 21.5, maxTemperature: 30, note: PERSON });

let system: SystemProcess;
let runs = 0;
beforeEach(async () => {
  runs += 1;
  system = await SystemProcess.create({ dataDir: join(folder, String(runs)) });
});
afterEach(() => system.end('SIGKILL'));

const post = (id: number): Promise<Response> =>
  fetch(`${system.ingestUrl}/entry`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: smoke(id) });
const api = (path: string): Promise<Response> => fetch(system.consoleUrl + path, { headers: { authorization: `Bearer ${API_TOKEN}` } });
const mails = (): string[] =>
  readdirSync(system.outbox)
    .filter((file) => file.endsWith('.eml'))
    .map((file) => readFileSync(join(system.outbox, file), 'utf8'));

/** Changes one bit in each row of the database, at `part` of its length. */
async function damage(name: string, part: number): Promise<number> {
  const store = await openStore(system.dataDir, { owner: false });
  const rows: Database<Buffer, Buffer> = store.root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' });
  const all = Array.from(rows.getRange({}), ({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }));
  for (const { key, value } of all) {
    const at = Math.min(value.length - 1, Math.floor(value.length * part));
    value[at] = (value[at] ?? 0) ^ (1 << (at % 8));
    await rows.put(key, value);
  }
  await store.close();
  return all.length;
}

describe('a damaged row of a client', () => {
  it.each([0, 0.1, 0.5, 0.999])('at %f of it costs the mail of a fire no more than the client', async (part) => {
    const file = join(folder, `clients-${part}.csv`);
    const columns = 'id,name,surname,gender,nationalid,birthday,streetaddress,city,zipcode,country,telephonecountrycode,telephonenumber';
    writeFileSync(file, `${columns}\n${BURNING},${PERSON},Ash,f,1,2000-01-01,Main Street 5,Leeds,LS1,UK,44,555\n`);
    const imported = await runProgram('main/clients/main.ts', ['import', file], { TOCSIN_DATA_DIR: system.dataDir });
    expect(imported.code).toBe(0);
    expect(await damage('clients', part)).toBe(1);
    expect(await damage('places', part)).toBe(1);

    await system.start();
    for (let i = 0; i < 3; i += 1) await post(BURNING);
    await expect.poll(() => mails().length, { timeout: 20_000 }).toBe(1);
    expect(mails()[0]?.replace(/=\r?\n/g, '')).toContain('IS DAMAGED');
    const list = await api('/api/alarms?state=active');
    expect([list.status, await list.text()]).toEqual([200, expect.stringContaining(`"sensor":${BURNING}`)]);
    const sensor = await api(`/api/sensors/${BURNING}`);
    expect([sensor.status, await sensor.text()]).toEqual([200, expect.stringContaining('the client cannot be fetched')]);
    const answers = [await fetch(`${system.ingestUrl}/readyz`), await api('/metrics')].map((answer) => answer.text());
    expect(system.output).toMatch(new RegExp(`"kind":"client","key":${BURNING}`));
    expect(system.output + (await Promise.all(answers)).join('')).not.toContain(PERSON);
  });
});

describe('a damaged state of a sensor', () => {
  it.each([0, 0.02, 0.3, 0.6, 0.999])('at %f of its row hides no fire of another one', async (part) => {
    await system.start();
    await post(DAMAGED);
    await post(DAMAGED);
    expect(await system.end('SIGTERM')).toBe(0);
    expect(await damage('state/0', part)).toBe(1);

    await system.start();
    for (let i = 0; i < 3; i += 1) await post(BURNING);
    await expect.poll(() => mails().length, { timeout: 20_000 }).toBe(1);
    const list = await api('/api/alarms?state=active');
    expect([list.status, await list.text()]).toEqual([200, expect.stringContaining(`"sensor":${BURNING}`)]);
    const ready = await fetch(`${system.ingestUrl}/readyz`);
    expect(ready.status).toBe(200);
    expect(system.output).toMatch(new RegExp(`"kind":"state","key":${DAMAGED}`));
    expect(system.output + (await ready.text())).not.toContain(PERSON);
    expect(await (await fetch(`${system.ingestUrl}/metrics`)).text()).toMatch(/tocsin_rows_damaged_total\{kind="state"\} 1/);

    // It had sent two: after a crash too, the third one raises the alarm, and the next start has nothing to tell.
    await system.end('SIGKILL');
    await system.start();
    expect(system.output).not.toContain('"kind":"state"');
    await post(DAMAGED);
    await expect.poll(() => mails().length, { timeout: 20_000 }).toBe(2);
  });

  it('leaves its open alarm to be acknowledged and cleared, also after a crash', async () => {
    await system.start();
    for (let i = 0; i < 3; i += 1) await post(DAMAGED);
    await expect.poll(() => mails().length, { timeout: 20_000 }).toBe(1);
    expect(await system.end('SIGTERM')).toBe(0);
    expect(await damage('state/0', 0.5)).toBe(1);

    await system.start();
    await system.end('SIGKILL');
    await system.start();
    const { alarms } = (await (await api('/api/alarms?state=active')).json()) as { alarms: { id: string; version: number }[] };
    const [alarm] = alarms;
    const acknowledged = await fetch(`${system.consoleUrl}/api/alarms/${alarm?.id}/acknowledge`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ version: alarm?.version }),
    });
    expect([alarms.length, acknowledged.status]).toEqual([1, 200]);
    // It burns on: that is the same alarm. Then it is over, and a mail says so.
    await post(DAMAGED);
    await fetch(`${system.ingestUrl}/ok`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: `{"id":${DAMAGED}}` });
    await expect.poll(() => mails().filter((mail) => mail.includes('X-Tocsin-Event: cleared')).length, { timeout: 20_000 }).toBe(1);
    expect(mails()).toHaveLength(2);
  });
});
