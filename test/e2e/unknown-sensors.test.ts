/** A flood of alarms of sensors that no client has: clients notice nothing of it, also over a crash in its middle. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Mailbox } from '../support/mailbox.ts';
import { runProgram } from '../support/program.ts';
import { API_TOKEN, SystemProcess } from '../support/system.ts';

const folder = mkdtempSync(join(tmpdir(), 'tocsin-unknown-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let system: SystemProcess;
let mailbox: Mailbox | undefined;
afterEach(async () => {
  await system.end('SIGKILL');
  await mailbox?.kill();
});

const STRANGER = 1_000_000_000;
const KEPT = 3_000;
const status = (id: number, changes: object): object => ({
  id,
  motion: false,
  smoke: false,
  temperature: 20,
  maxTemperature: 30,
  ...changes,
});

async function post(statuses: readonly object[]): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${system.ingestUrl}/entry`, { method: 'POST', headers, body: JSON.stringify(statuses) });
  return answer.status;
}

async function flood(from: number, to: number): Promise<void> {
  for (let i = from; i < to; i += 5_000)
    expect(await post(Array.from({ length: Math.min(5_000, to - i) }, (_, k) => status(STRANGER + i + k, { motion: true })))).toBe(202);
}

async function alarms(query: string): Promise<{ sensor: number; quarantined?: boolean; type: string; state: string }[]> {
  const answer = await fetch(`${system.consoleUrl}/api/alarms?state=open&limit=1000&${query}`, {
    headers: { authorization: `Bearer ${API_TOKEN}` },
  });
  return ((await answer.json()) as { alarms: { sensor: number; type: string; state: string }[] }).alarms;
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${system.ingestUrl}/metrics`)).text();
  return Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

const isMailed = (sensor: number): boolean =>
  mailbox?.mails.some(({ mail }) => mail.subject?.includes(`sensor ${sensor}`) && !mail.subject.startsWith('CLEARED')) ?? false;
const within = (ms: number) => ({ timeout: ms, interval: 50 });

describe('a flood of alarms of sensors that no client has', () => {
  it('delays no mail of a client, evicts nothing of one, is bounded and shown apart, over a crash in its middle', async () => {
    const dataDir = join(folder, 'data');
    const mails = join(folder, 'mails');
    mkdirSync(mails);
    mailbox = await Mailbox.open(mails);
    expect((await runProgram('main/clients/main.ts', ['generate', '200'], { TOCSIN_DATA_DIR: dataDir })).code).toBe(0);
    system = await SystemProcess.create({
      dataDir,
      environment: {
        TOCSIN_UNKNOWN_SENSORS: 'quarantine',
        TOCSIN_QUARANTINE_ALARMS_MAX: String(KEPT),
        TOCSIN_SENSOR_MEMORY: '8MiB',
        TOCSIN_SMTP_URL: mailbox.url,
        TOCSIN_MAIL_RATE: '1000/h',
      },
    });
    await system.start();
    await expect.poll(() => metric('tocsin_known_sensors_reliable'), within(20_000)).toBe(1);

    expect(await post([status(9, { smoke: true }), status(9, { smoke: true, temperature: 21 })])).toBe(202);
    await flood(0, 10_000);
    expect(await post([7, 7, 7].map((id, i) => status(id, { smoke: true, temperature: 20 + i })))).toBe(202);
    expect(await post([status(8, { motion: true })])).toBe(202);
    await expect.poll(() => isMailed(7) && isMailed(8), within(20_000)).toBe(true);
    expect(mailbox.mails.length).toBeLessThan(KEPT);

    await system.end('SIGKILL');
    await system.start();
    await expect.poll(() => metric('tocsin_known_sensors_reliable'), within(20_000)).toBe(1);
    await flood(10_000, 20_000);
    expect(await post([status(9, { smoke: true, temperature: 22 }), status(10, { motion: true })])).toBe(202);
    await expect.poll(() => isMailed(9) && isMailed(10), within(20_000)).toBe(true);
    expect(mailbox.mails.length).toBeLessThan(KEPT);

    expect(await metric('tocsin_alarms_quarantined')).toBe(KEPT);
    expect(await metric('tocsin_quarantine_held_back_total')).toBe(10_000);
    expect(await metric('tocsin_hits_forgotten_total')).toBe(0);
    expect((await alarms('quarantined=false')).map(({ sensor, type }) => `${type} ${sensor}`).sort()).toEqual([
      'motion 10',
      'motion 8',
      'smoke 7',
      'smoke 9',
    ]);
    const theirs = await alarms('quarantined=true');
    expect(theirs).toHaveLength(1_000);
    expect(theirs.every(({ sensor, quarantined }) => sensor >= STRANGER && quarantined)).toBe(true);

    // The client of one of them is imported: its sensor is heard like any other.
    const file = join(folder, 'client.csv');
    const columns = 'id,name,surname,gender,nationalid,birthday,streetaddress,city,zipcode,country,telephonecountrycode,telephonenumber';
    writeFileSync(file, `${columns}\n${STRANGER},Ann,Ash,f,1,2000-01-01,Main Street 5,Leeds,LS1,UK,44,555\n`);
    expect((await runProgram('main/clients/main.ts', ['import', file], { TOCSIN_DATA_DIR: dataDir })).code).toBe(0);
    await expect
      .poll(async () => {
        await post([status(STRANGER, { motion: true })]);
        return (await alarms('quarantined=false')).some(({ sensor }) => sensor === STRANGER);
      }, within(60_000))
      .toBe(true);
    await expect.poll(() => isMailed(STRANGER), within(20_000)).toBe(true);
  }, 240_000);
});

describe('sensors that no client has, refused', () => {
  it('are told so, and heard once their client is imported', async () => {
    const dataDir = join(folder, 'refusing');
    expect((await runProgram('main/clients/main.ts', ['generate', '200'], { TOCSIN_DATA_DIR: dataDir })).code).toBe(0);
    system = await SystemProcess.create({ dataDir, environment: { TOCSIN_UNKNOWN_SENSORS: 'refuse' } });
    await system.start();
    await expect.poll(() => post([status(STRANGER, { motion: true })]), within(20_000)).toBe(403);
    expect(await post([status(STRANGER, { motion: true }), status(7, { motion: true })])).toBe(207);
    expect((await runProgram('main/clients/main.ts', ['generate', '300'], { TOCSIN_DATA_DIR: dataDir })).code).toBe(0);
    await expect.poll(() => post([status(300, { motion: true })]), within(60_000)).toBe(202);
    expect((await alarms('')).map(({ sensor }) => sensor)).toContain(7);
  }, 240_000);
});
