/** The machine's clock is a month ahead for a while, across restarts too: it removes no mail and no alarm, fires are detected, and the problem is reported. Needs libfaketime (Debian: faketime). */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { API_TOKEN, SystemProcess } from '../support/system.ts';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const LOOKED_AT_MS = 4_000;

interface Machine {
  readonly system: SystemProcess;
  /** Sets the clock's offset, `+31d`, from its next reading on. */
  setClock(offset: string): void;
  end(): Promise<void>;
}

async function startMachine(): Promise<Machine> {
  expect(existsSync(LIBRARY), 'libfaketime is needed: apt-get install faketime').toBe(true);
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-fire-'));
  const setClock = (offset: string): void => writeFileSync(join(folder, 'clock'), `${offset}\n`);
  setClock('+0s');
  const environment = {
    LD_PRELOAD: LIBRARY,
    FAKETIME_TIMESTAMP_FILE: join(folder, 'clock'),
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    TOCSIN_ARCHIVE_DAYS: '30',
    TOCSIN_LOG_RETENTION: '7d',
  };
  const system = await SystemProcess.create({ dataDir: join(folder, 'data'), environment });
  await system.start();
  return {
    system,
    setClock,
    end: async () => {
      await system.end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// They wait more than they work, so side by side.
it.concurrent.each([
  ['a month ahead', '+31d'],
  ['a month behind', '-31d'],
  ['in 1970', `-${Math.floor(Date.now() / 1_000) - 86_400}s`],
])('removes nothing when the clock is %s for a while', async (_, offset) => {
  const { system, setClock, end } = await startMachine();
  try {
    await burn(system, 1);
    await post(system, '/ok', { id: 1 });
    const over = await alarmOf(system, 1, 'CLEARED_UNACK');
    const { status } = await api(system, `/alarms/${over.id}/acknowledge`, { version: over.version });
    expect(status).toBe(200);

    setClock(offset);
    await sleep(LOOKED_AT_MS);
    await burn(system, 2);
    await system.end('SIGKILL');
    await system.start();
    await burn(system, 3);
    await sleep(LOOKED_AT_MS);
    const whileOff = readiness(await (await fetch(`${system.ingestUrl}/readyz`)).json());

    setClock('+0s');
    await sleep(LOOKED_AT_MS);
    for (let i = 0; i < 2; i += 1) {
      await system.end('SIGTERM');
      await system.start();
    }
    await burn(system, 4);
    await sleep(LOOKED_AT_MS);
    expect(mailsOf(system, 1)).toHaveLength(2);
    for (const sensor of [2, 3, 4]) expect(mailsOf(system, sensor)).toHaveLength(1);
    expect((await api(system, `/alarms/${over.id}`)).body).toMatchObject({ state: 'CLEARED_ACK' });
    const ready = await fetch(`${system.ingestUrl}/readyz`);
    expect(ready.status).toBe(200);
    if (offset.startsWith('+')) expect(readiness(await ready.json()).clock).toContain("31 days ahead of this machine's clock");
    else expect(whileOff.clock).toContain("ahead of this machine's clock");
  } finally {
    await end();
  }
});

/** Sends three readings with smoke; resolves once their mail is there. */
async function burn(system: SystemProcess, sensor: number): Promise<void> {
  for (let i = 0; i < 3; i += 1)
    await post(system, '/entry', { id: sensor, motion: false, smoke: true, temperature: 20 + i, maxTemperature: 30 });
  // A poll of `expect` has to belong to one of the tests that run side by side.
  await vi.waitFor(() => expect(mailsOf(system, sensor).length).toBeGreaterThan(0), { timeout: 20_000, interval: 50 });
}

async function post(system: SystemProcess, path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(system.ingestUrl + path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(status).toBe(202);
}

async function api(system: SystemProcess, path: string, body?: object): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers = { authorization: `Bearer ${API_TOKEN}`, 'content-type': 'application/json' };
  const answer = await fetch(`${system.consoleUrl}/api${path}`, {
    headers,
    ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, body: await answer.json() };
}

async function alarmOf(system: SystemProcess, sensor: number, state: string): Promise<{ readonly id: string; readonly version: number }> {
  interface Listed {
    readonly id: string;
    readonly sensor: number;
    readonly state: string;
    readonly version: number;
  }
  let found: Listed | undefined;
  await expect
    .poll(async () => {
      const { alarms } = (await api(system, '/alarms?state=all')).body as { alarms: readonly Listed[] };
      found = alarms.find((alarm) => alarm.sensor === sensor);
      return found?.state;
    })
    .toBe(state);
  if (!found) throw new Error('there is no such alarm');
  return found;
}

function readiness(answer: unknown): Readonly<Record<string, string>> {
  return (answer as { readonly notices?: Readonly<Record<string, string>> }).notices ?? {};
}

function mailsOf(system: SystemProcess, sensor: number): string[] {
  return existsSync(system.outbox)
    ? readdirSync(system.outbox).filter((name) => new RegExp(`Z-[^.]*?${sensor}-smoke`).test(name) && name.endsWith('.eml'))
    : [];
}
