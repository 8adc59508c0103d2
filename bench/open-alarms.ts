import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, median, ratios } from './report.ts';
import { API_TOKEN, memoryOf, type Server, startServer } from './server.ts';

const FEW = 300;
const MANY = 300_000;
const ASKED = 21;
const BATCH = 1_000;
const MIB = 1024 ** 2;
/** A sensor without alarms. */
const FIRE = 2_000_000_000;

interface Seen {
  readonly list: number;
  readonly acknowledge: number;
  readonly together: number;
  readonly snapshot: number;
  readonly rss: number;
  readonly anonymous: number;
  readonly restart: number;
  /** From the start until a fire's statuses were accepted, s. */
  readonly accepted: number;
  /** From then until its mail was in the outbox, s. */
  readonly mailed: number;
}

/** Waiting times of an operator with many open alarms, compared with few. */
export async function benchOpenAlarms(runs: number): Promise<readonly Figure[]> {
  const few: Seen[] = [];
  const many: Seen[] = [];
  for (let run = 0; run < runs; run += 1) {
    few.push(await seenWith(FEW));
    many.push(await seenWith(MANY));
  }
  const both = (name: string, unit: string, of: (seen: Seen) => number, bar?: string): Figure[] => [
    { name: `${name}, ${FEW} open`, unit, values: few.map(of) },
    { name: `${name}, ${MANY.toLocaleString('en')} open`, unit, values: many.map(of) },
    { name: `${name}: ratio`, unit: 'ratio', values: ratios(many.map(of), few.map(of)), ...(bar === undefined ? {} : { bar }) },
  ];
  return [
    ...both('a list of 100', 'ms', ({ list }) => list, '2'),
    ...both('one is acknowledged', 'ms', ({ acknowledge }) => acknowledge, '2'),
    ...both('100 are acknowledged together', 'ms', ({ together }) => together, '2'),
    ...both('a stream begins', 'ms', ({ snapshot }) => snapshot),
    ...both('start to ready after kill -9', 's', ({ restart }) => restart),
    ...both('start to the first status accepted', 's', ({ accepted }) => accepted),
    ...both("from then to the first fire's mail", 's', ({ mailed }) => mailed),
    ...both('resident after the restart', 'MiB', ({ rss }) => rss / MIB),
    ...both('of it anonymous', 'MiB', ({ anonymous }) => anonymous / MIB),
  ];
}

async function seenWith(alarms: number): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  // A small outbox: mails for every alarm would fill the disk.
  const dataDir = join(folder, 'data');
  const ingestPort = await freePort();
  const environment = { TOCSIN_DATA_DIR: dataDir, TOCSIN_OUTBOX_MAILS: '1000', TOCSIN_INGEST_PORT: String(ingestPort) };
  let server = await startServer('main.ts', environment);
  try {
    await raise(server, alarms);
    await settled(server, alarms);
    const before = await waits(server);
    await server.stop('SIGKILL');
    const fire = reportFire(ingestPort, join(dataDir, 'outbox'));
    server = await startServer('main.ts', environment);
    const restart = server.startMs / 1_000;
    const { accepted, mailed } = await fire;
    await settled(server, alarms);
    const { rss, anonymous } = await memoryOf(server.pid);
    return { ...before, rss, anonymous, restart, accepted, mailed };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const status = (id: number): object => ({ id, motion: true, smoke: false, temperature: 21.5, maxTemperature: 30 });

async function raise({ ready }: Server, alarms: number): Promise<void> {
  for (let at = 0; at < alarms; at += BATCH) {
    const body = JSON.stringify(Array.from({ length: Math.min(BATCH, alarms - at) }, (_, i) => status(at + i)));
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${ready.ingestPort}/entry`, { method: 'POST', headers, body });
    if (answer.status !== 202) throw new Error(`statuses were answered ${answer.status}`);
  }
}

/** Sends a fire as soon as somebody listens, and waits for its mail. */
async function reportFire(port: number, outbox: string): Promise<{ readonly accepted: number; readonly mailed: number }> {
  const began = performance.now();
  const body = JSON.stringify([1, 2, 3].map(() => ({ ...status(FIRE), motion: false, smoke: true })));
  const headers = { 'content-type': 'application/json' };
  const send = async (): Promise<boolean> =>
    (await fetch(`http://127.0.0.1:${port}/entry`, { method: 'POST', headers, body })).status === 202;
  while (!(await send().catch(() => false))) await sleep(20);
  const accepted = performance.now();
  while (!(await readdir(outbox)).some((name) => name.includes(`${FIRE}-smoke`))) await sleep(20);
  return { accepted: (accepted - began) / 1_000, mailed: (performance.now() - accepted) / 1_000 };
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Resolves once the console knows all alarms, and a pause later, for the other roles. */
async function settled({ ready }: Server, alarms: number): Promise<void> {
  for (;;) {
    const { text } = await api(ready.consoleUrl, 'GET', '/metrics');
    if (Number(/^tocsin_console_open_alarms (\d+)/m.exec(text)?.[1]) >= alarms) break;
    await sleep(200);
  }
  await sleep(3_000);
}

async function waits({ ready: { consoleUrl } }: Server): Promise<Pick<Seen, 'list' | 'acknowledge' | 'together' | 'snapshot'>> {
  const list = await times(ASKED, () => api(consoleUrl, 'GET', '/api/alarms?limit=100'));
  const ofPages = await pages(consoleUrl, 2 + ASKED / 100);
  const acknowledge = await times(ASKED, (i) => api(consoleUrl, 'POST', `/api/alarms/${ofPages[i]}/acknowledge`, { version: 1 }));
  const some = ofPages.slice(ASKED, ASKED + 100).map((id) => ({ id, version: 1 }));
  const together = await times(1, () => api(consoleUrl, 'POST', '/api/alarms/acknowledge', { alarms: some }));
  const snapshot = await times(3, () => begun(consoleUrl));
  return { list, acknowledge, together, snapshot };
}

async function pages(url: string | undefined, n: number): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ids.length < n * 100; ) {
    const { alarms, cursor: next } = JSON.parse((await api(url, 'GET', `/api/alarms?limit=100${cursor}`)).text) as {
      alarms: { id: string }[];
      cursor: string | null;
    };
    ids.push(...alarms.map(({ id }) => id));
    if (next === null) break;
    cursor = `&cursor=${next}`;
  }
  return ids;
}

/** Median time of a call, ms. */
async function times(n: number, ask: (i: number) => Promise<unknown>): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < n; i += 1) {
    const began = performance.now();
    await ask(i);
    values.push(performance.now() - began);
  }
  return median(values);
}

async function api(url: string | undefined, method: string, path: string, body?: object): Promise<{ readonly text: string }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${API_TOKEN}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}: ${text.slice(0, 200)}`);
  return { text };
}

/** Opens a stream, and resolves when the whole snapshot has arrived. */
async function begun(url: string | undefined): Promise<void> {
  const abort = new AbortController();
  const { body } = await fetch(`${url}/api/live`, { headers: { authorization: `Bearer ${API_TOKEN}` }, signal: abort.signal });
  let last = 0;
  for await (const chunk of body ?? []) {
    const bytes = chunk as Uint8Array;
    last = bytes[bytes.length - 1] ?? 0;
    if (last === 10) break;
  }
  abort.abort();
}
