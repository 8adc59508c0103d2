import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../../../main/configuration.ts';
import type { Ports } from '../../../main/ports.ts';
import { ROLE_NAMES } from '../../../main/roles.ts';
import { startRoles } from '../../../main/start.ts';
import type { Mail, MailTransport } from '../../../notify/channels/mail/port.ts';
import type { ArchivedAlarm } from '../../../archive/port.ts';
import type { TaskOwner } from '../../../message-log/port.ts';
import { Health } from '../../../runtime/health.ts';
import { Lifecycle } from '../../../runtime/lifecycle.ts';
import { REFERENCE } from '../../support/alarm-types.ts';
import { MemoryArchive, MemoryHistory } from '../../support/console.ts';
import { MemoryDirectory } from '../../support/memory-directory.ts';
import { MemoryLog } from '../../support/memory-log.ts';

/** An archive whose open alarms come once the test says so. */
class SlowArchive extends MemoryArchive {
  asked = 0;
  #release: () => void = () => undefined;
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  release(): void {
    this.#release();
  }

  override async *open(): AsyncGenerator<readonly ArchivedAlarm[]> {
    this.asked += 1;
    await this.#released;
    yield* super.open();
  }
}

/** A log whose tasks are assigned, and so restored, once the test says so. */
class SlowLog extends MemoryLog {
  #release: () => void = () => undefined;
  #held = Promise.resolve();

  holdTasks(): void {
    this.#held = new Promise((resolve) => {
      this.#release = resolve;
    });
  }

  releaseTasks(): void {
    this.#release();
  }

  override async own(owner: TaskOwner): Promise<() => Promise<void>> {
    await this.#held;
    return super.own(owner);
  }
}

let folder: string;
let lifecycle: Lifecycle;
let log: SlowLog;
let archive: SlowArchive;
let mails: Mail[];
let health: Health;
const TOKEN = 'token-of-the-test-0123456789';
/** The machine may be busy. */
const SOON = { timeout: 30_000, interval: 20 };
const FIRE = [1, 2, 3].map((seq) => ({ id: 7, seq, motion: false, smoke: true, temperature: 20, maxTemperature: 30 }));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tocsin-start-'));
  lifecycle = new Lifecycle();
  log = new SlowLog();
  archive = new SlowArchive();
  mails = [];
  health = new Health();
});

afterEach(async () => {
  archive.release();
  log.releaseTasks();
  await lifecycle.stop(5_000).catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Starts all roles over stores in memory; doesn't wait. */
async function start() {
  const [ingest, console] = [await freePort(), await freePort()];
  const environment = {
    TOCSIN_DATA_DIR: folder,
    TOCSIN_INGEST_PORT: String(ingest),
    TOCSIN_CONSOLE_PORT: String(console),
    TOCSIN_API_TOKEN: TOKEN,
  };
  const config = readConfig(new Set(ROLE_NAMES), environment);
  const mail: MailTransport = {
    send: async (message) => {
      mails.push(message);
      return { reply: '250 taken' };
    },
    close: async () => undefined,
  };
  const ports: Ports = { log, archive, directory: new MemoryDirectory(), history: new MemoryHistory(), mail };
  const deps = {
    ...{ clock: Date.now, logger: pino({ level: 'silent' }), registry: new Registry(), health },
    ...{ removalClock: () => undefined, types: REFERENCE },
  };
  let ready = false;
  const started = startRoles(config, { open: async () => ports, openDispensable: async (name) => ports[name] }, deps, lifecycle).then(
    () => {
      ready = true;
    },
  );
  return {
    started,
    isReady: () => ready,
    post: async (statuses: readonly object[]): Promise<number> => {
      const body = statuses.map((status) => JSON.stringify(status)).join('\n');
      const headers = { 'content-type': 'application/x-ndjson' };
      return (await fetch(`http://127.0.0.1:${ingest}/entry`, { method: 'POST', headers, body })).status;
    },
    alarms: async () => fetch(`http://127.0.0.1:${console}/api/alarms`, { headers: { authorization: `Bearer ${TOKEN}` } }),
  };
}

describe('the start of a process with all roles', () => {
  it('acknowledges, raises and mails a fire while the open alarms are still being read for the console', async () => {
    const system = await start();
    await expect.poll(() => system.post(FIRE).catch(() => 0), SOON).toBe(202);
    await expect.poll(() => mails.length, SOON).toBe(1);
    expect(mails[0]?.subject).toMatch(/^CRITICAL/);
    expect((await system.alarms()).status).toBe(503);
    expect(system.isReady()).toBe(false);
    archive.release();
    await system.started;
    const answer = await system.alarms();
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { alarms: { type: string }[] }).alarms.map(({ type }) => type)).toEqual(['smoke']);
  });

  it('takes statuses while the sensors are still being restored, raises and mails their alarms afterwards, and says until then that it is not ready', async () => {
    log.holdTasks();
    const system = await start();
    await expect.poll(() => system.post(FIRE).catch(() => 0), SOON).toBe(202);
    expect(mails).toEqual([]);
    expect(system.isReady()).toBe(false);
    log.releaseTasks();
    await expect.poll(() => mails.length, SOON).toBe(1);
    archive.release();
    await system.started;
  });

  it('reads open alarms for archive, history and console only once a fire would be raised', async () => {
    log.holdTasks();
    const system = await start();
    await expect.poll(() => system.post(FIRE).catch(() => 0), SOON).toBe(202);
    // Long enough for whoever doesn't wait.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(archive.asked).toBe(0);
    log.releaseTasks();
    await expect.poll(() => archive.asked, SOON).toBeGreaterThan(0);
    archive.release();
    await system.started;
  });
});
