import { mkdtempSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { step, waitUntil } from './progress.ts';
import { type Figure, median, ratios } from './report.ts';
import { freePort, metricOf, post } from './sensors.ts';
import { API_TOKEN, cpuSecondsOf, memoryOf, type Server, startServer } from './server.ts';

const FEW = 300;
const MANY = 300_000;
const ASKED = 21;
const TOGETHER = 100;
const BATCH = 1_000;
const MIB = 1024 ** 2;
/** Sensors without alarms, one for each run. */
const FIRE = 2_000_000_000;
/** With these limits a run of all ends within four minutes, whatever is wrong. */
const RAISED_WITHIN_MS = 90_000;
/** Streams that begin within half a second share a snapshot. */
const SHARED_FOR_MS = 600;
const READ_WITHIN_MS = 60_000;

interface Seen {
  readonly list: number;
  readonly counts: number;
  readonly posted: number;
  readonly acknowledge: number;
  readonly together: number;
  readonly snapshot: number;
  readonly rss: number;
  readonly anonymous: number;
  readonly heap: number;
  readonly restart: number;
  /** From the start until a fire's statuses were accepted, s. */
  readonly accepted: number;
  /** From then until its mail was in the outbox, s. */
  readonly mailed: number;
  /** Processor time of both, s: other work on the machine doesn't change it much. */
  readonly cpuToAccepted: number;
  readonly cpuToMailed: number;
  /** From the start until the console knew all alarms, s. */
  readonly complete: number;
}

/** Waiting times of an operator with many open alarms, compared with few; the alarms are raised once, and each run ends with kill -9. */
export async function benchOpenAlarms(runs: number): Promise<readonly Figure[]> {
  const few = await seenWith(FEW, runs);
  const many = await seenWith(MANY, runs);
  const both = (
    name: string,
    unit: string,
    of: (seen: Seen) => number,
    bar: { readonly ratio?: string; readonly many?: string } = {},
  ): Figure[] => [
    { name: `${name}, ${FEW} open`, unit, values: few.map(of) },
    {
      name: `${name}, ${MANY.toLocaleString('en')} open`,
      unit,
      values: many.map(of),
      ...(bar.many === undefined ? {} : { bar: bar.many }),
    },
    {
      name: `${name}: ratio`,
      unit: 'ratio',
      values: ratios(many.map(of), few.map(of)),
      ...(bar.ratio === undefined ? {} : { bar: bar.ratio }),
    },
  ];
  return [
    ...both('a list of 100', 'ms', ({ list }) => list, { ratio: '2' }),
    ...both('the counts', 'ms', ({ counts }) => counts, { ratio: '2' }),
    ...both('a status is accepted', 'ms', ({ posted }) => posted, { ratio: '2' }),
    ...both('one is acknowledged', 'ms', ({ acknowledge }) => acknowledge, { ratio: '2' }),
    ...both(`${TOGETHER} are acknowledged together`, 'ms', ({ together }) => together, { ratio: '2' }),
    ...both('a stream begins', 'ms', ({ snapshot }) => snapshot, { many: '500' }),
    ...both('start to the first status accepted, after kill -9', 's', ({ accepted }) => accepted, { many: '10' }),
    ...both("from then to the first fire's mail", 's', ({ mailed }) => mailed, { many: '2' }),
    ...both('processor time until accepted', 's', ({ cpuToAccepted }) => cpuToAccepted),
    ...both('processor time from then to the mail', 's', ({ cpuToMailed }) => cpuToMailed),
    ...both('start to ready', 's', ({ restart }) => restart),
    ...both('start until the console lists all', 's', ({ complete }) => complete, { many: '30' }),
    ...both('resident after the restart', 'MiB', ({ rss }) => rss / MIB, { many: '1024' }),
    ...both('of it anonymous', 'MiB', ({ anonymous }) => anonymous / MIB),
    ...both('heap in use', 'MiB', ({ heap }) => heap / MIB),
  ];
}

async function seenWith(alarms: number, runs: number): Promise<readonly Seen[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const dataDir = join(folder, 'data');
  const outbox = join(dataDir, 'outbox');
  const ingestPort = await freePort();
  // A small outbox: mails for every alarm would fill the disk.
  const environment = { TOCSIN_DATA_DIR: dataDir, TOCSIN_OUTBOX_MAILS: '1000', TOCSIN_INGEST_PORT: String(ingestPort) };
  const what = `${alarms.toLocaleString('en')} open`;
  let server = await startServer('main.ts', environment, 'free');
  try {
    await step(`${what}: raised`, () => raise(server, alarms));
    await step(`${what}: in the archive`, () => archived(server, alarms));
    const seen: Seen[] = [];
    for (let run = 0; run < runs; run += 1) {
      const before = await step(`${what}: asked`, () => waits(server));
      await server.stop('SIGKILL');
      const began = performance.now();
      let pid = 0;
      const starting = startServer('main.ts', environment, 'free', (spawned) => {
        pid = spawned;
      });
      const fire = await step(`${what}: a fire after kill -9`, () => reportFire(ingestPort, outbox, FIRE + run, () => pid));
      server = await starting;
      const restart = server.startMs / 1_000;
      await step(`${what}: read again`, () => listed(server, alarms));
      const complete = (performance.now() - began) / 1_000;
      // What the other roles still do.
      await sleep(3_000);
      const { rss, anonymous } = await memoryOf(server.pid);
      const heap = metricOf(await metrics(server), 'nodejs_heap_size_used_bytes') ?? Number.NaN;
      seen.push({ ...before, ...fire, rss, anonymous, heap, restart, complete });
    }
    return seen;
  } finally {
    await server.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

const status = (id: number): object => ({ id, motion: true, smoke: false, temperature: 21.5, maxTemperature: 30 });

async function raise(server: Server, alarms: number): Promise<void> {
  for (let at = 0; at < alarms; at += BATCH)
    await post(
      server.ready.ingestPort,
      Array.from({ length: Math.min(BATCH, alarms - at) }, (_, i) => status(at + i)),
    );
  await waitUntil('the console lists the alarms', RAISED_WITHIN_MS, async () => {
    return (metricOf(await metrics(server), 'tocsin_console_open_alarms') ?? 0) >= alarms;
  });
}

/** Resolves once the archiver has everything, so that a restart reads the archive and not the log. */
function archived(server: Server, alarms: number): Promise<void> {
  return waitUntil('the archive has the alarms', RAISED_WITHIN_MS, async () => {
    return (metricOf(await metrics(server), 'tocsin_alarm_stored_seconds_count') ?? 0) >= alarms;
  });
}

/** Rejects if the console says that it is ready before it has all alarms. */
function listed(server: Server, alarms: number): Promise<void> {
  return waitUntil('the console lists the alarms', READ_WITHIN_MS, async () => {
    const { status: ready } = await ask(server.ready.consoleUrl, 'GET', '/readyz');
    const { status, text } = await ask(server.ready.consoleUrl, 'GET', '/api/alarms?limit=1');
    if (status === 503 && ready !== 200) return false;
    if (status !== 200) throw new Error(`the list was answered ${status}: ${text.slice(0, 200)}`);
    const open = metricOf(await metrics(server), 'tocsin_console_open_alarms') ?? 0;
    if (ready === 200 && open < alarms) throw new Error(`the console is ready with ${open} of ${alarms} alarms`);
    return open >= alarms;
  });
}

async function metrics({ ready }: Server): Promise<string> {
  return (await ask(ready.consoleUrl, 'GET', '/metrics')).text;
}

/** Sends a fire as soon as somebody listens, and waits for its mail. */
async function reportFire(
  port: number,
  outbox: string,
  sensor: number,
  pid: () => number,
): Promise<Pick<Seen, 'accepted' | 'mailed' | 'cpuToAccepted' | 'cpuToMailed'>> {
  const began = performance.now();
  const readings = [1, 2, 3].map(() => ({ ...status(sensor), motion: false, smoke: true }));
  await waitUntil(
    'a fire is accepted',
    READ_WITHIN_MS,
    () =>
      post(port, readings).then(
        () => true,
        () => false,
      ),
    20,
  );
  const accepted = performance.now();
  const cpuToAccepted = await cpuSecondsOf(pid());
  const isMailed = async (): Promise<boolean> => (await readdir(outbox)).some((name) => name.includes(`${sensor}-smoke`));
  await waitUntil('a fire is mailed', READ_WITHIN_MS, isMailed, 20);
  const mailed = performance.now();
  const cpuToMailed = (await cpuSecondsOf(pid())) - cpuToAccepted;
  return { accepted: (accepted - began) / 1_000, mailed: (mailed - accepted) / 1_000, cpuToAccepted, cpuToMailed };
}

type Waits = Pick<Seen, 'list' | 'counts' | 'posted' | 'acknowledge' | 'together' | 'snapshot'>;

async function waits({ ready: { consoleUrl, ingestPort } }: Server): Promise<Waits> {
  const counts = await times(ASKED, () => api(consoleUrl, 'GET', '/api/counts'));
  const posted = await times(ASKED, (i) => post(ingestPort, [{ ...status(i), motion: false }]));
  const list = await times(ASKED, () => api(consoleUrl, 'GET', '/api/alarms?limit=100'));
  const ids = await unacknowledged(consoleUrl, ASKED + TOGETHER);
  const acknowledge = await times(ASKED, (i) => api(consoleUrl, 'POST', `/api/alarms/${ids[i]}/acknowledge`, { version: 1 }));
  const some = ids.slice(ASKED).map((id) => ({ id, version: 1 }));
  const together = await times(1, () => api(consoleUrl, 'POST', '/api/alarms/acknowledge', { alarms: some }));
  const snapshot = await times(3, () => begun(consoleUrl), SHARED_FOR_MS);
  return { list, counts, posted, acknowledge, together, snapshot };
}

/** The first ones that nobody has acknowledged, with few alarms perhaps fewer. */
async function unacknowledged(url: string | undefined, n: number): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ids.length < n; ) {
    const { text } = await api(url, 'GET', `/api/alarms?limit=100${cursor}`);
    const page = JSON.parse(text) as { alarms: { id: string; version: number }[]; cursor: string | null };
    ids.push(...page.alarms.filter(({ version }) => version === 1).map(({ id }) => id));
    if (page.cursor === null) break;
    cursor = `&cursor=${page.cursor}`;
  }
  return ids.slice(0, n);
}

/** Median time of a call, ms, with a pause before each. */
async function times(n: number, call: (i: number) => Promise<unknown>, pauseMs = 0): Promise<number> {
  const values: number[] = [];
  for (let i = 0; i < n; i += 1) {
    await sleep(pauseMs);
    const began = performance.now();
    await call(i);
    values.push(performance.now() - began);
  }
  return median(values);
}

async function api(url: string | undefined, method: string, path: string, body?: object): Promise<{ readonly text: string }> {
  const { status, text } = await ask(url, method, path, body);
  if (status !== 200) throw new Error(`${path} was answered ${status}: ${text.slice(0, 200)}`);
  return { text };
}

async function ask(
  url: string | undefined,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${API_TOKEN}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
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
