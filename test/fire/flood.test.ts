/**
 * A flood beside clients on fire: unknown ids with motion, random ids with one hit of smoke, recoveries of random ids, and clients' sensors that see motion
 * again and again, whose mails pile up at a slow mail server. Every fire raises its alarm and its mail goes ahead of all others, and memory is flat.
 * FLOOD_SECONDS is how long, FLOOD_RATE how many records a second, FLOOD_WITHIN within how many seconds a fire must be mailed; FLOOD_SEED draws the same again.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CALM, Flood } from '../support/flood.ts';
import { runProgram } from '../support/program.ts';
import { randomOf } from '../support/random.ts';
import { startSmtp } from '../support/smtp-server.ts';
import { API_TOKEN, SystemProcess } from '../support/system.ts';

const SECONDS = Number(process.env.FLOOD_SECONDS ?? 20);
const RATE = Number(process.env.FLOOD_RATE ?? 200);
const SEED = Number(process.env.FLOOD_SEED ?? Math.floor(Math.random() * 1e6));
/** From here on the run is long enough for memory and times to be judged; before, the engine itself still grows, and a busy machine is late. */
const LONG_SECONDS = 1_800;
const WITHIN_S = Number(process.env.FLOOD_WITHIN ?? (SECONDS < LONG_SECONDS ? 60 : 5));
const GROWTH_MAX = 1.1;

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);
const CLIENTS = 150;
const MOVING = range(1, 50);
const ON_FIRE = range(51, 100);
const FIRE_EVERY_MS = 3_000;
/** What a mail that isn't CRITICAL takes: four go at a time, so more and more of them wait. */
const LESSER_MS = 2_000;
/** What a console may answer that is too busy, or to somebody who has seen an earlier version: asked again, or left alone. */
const NOT_NOW = [409, 503, 504];
/** Lesser mails that may go before a fire's, once its alarm is seen: those under way, and what is begun until the mailer sees it too. */
const BEFORE_FIRE_MAX = 20;
/** Bounds that are reached soon, since what is to be flat is what lies beyond them. */
const BOUNDS = { TOCSIN_UNKNOWN_SENSORS: 'quarantine', TOCSIN_QUARANTINE_ALARMS_MAX: '1000', TOCSIN_SENSOR_MEMORY: '8MiB' };

it(`a flood of ${SECONDS} s hides no fire (seed ${SEED})`, { timeout: (SECONDS + 600) * 1_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-flood-'));
  const mails = await startMails();
  const dataDir = join(folder, 'data');
  const generated = await runProgram('main/clients/main.ts', ['generate', String(CLIENTS)], { TOCSIN_DATA_DIR: dataDir });
  expect(generated.code, generated.stderr).toBe(0);
  const environment = { TOCSIN_SMTP_URL: mails.url, TOCSIN_LOG_LEVEL: 'error', ...BOUNDS };
  const system = await SystemProcess.create({ dataDir, environment });
  const over = new AbortController();
  try {
    await system.start();
    const isKnown = async () => /^tocsin_known_sensors_reliable 1$/m.test(await (await fetch(`${system.operationsUrl}/metrics`)).text());
    await expect.poll(isKnown, { timeout: 60_000 }).toBe(true);
    const flood = new Flood({ url: system.ingestUrl, random: randomOf(SEED), rate: RATE, clients: MOVING });
    const memory = new Memory(system.pid);
    const until = Date.now() + SECONDS * 1_000;
    const beside = Promise.all([flood.run(over.signal), acknowledging(system.consoleUrl, over.signal)]);
    // Noticed at its end, below.
    beside.catch(() => over.abort());
    const fires: Fire[] = [];
    for (let n = 0; Date.now() < until && !over.signal.aborted; n += 1) {
      const next = sleep(FIRE_EVERY_MS);
      fires.push(await fire(ON_FIRE[n % ON_FIRE.length] ?? 0, n, { system, flood, mails }));
      await next;
    }
    over.abort();
    await beside;
    memory.stop();
    const late = fires.map(({ mailedMs }) => mailedMs).sort((a, b) => a - b);
    const raised = fires.map(({ raisedMs }) => raisedMs).sort((a, b) => a - b);
    process.stdout.write(
      `\n${SECONDS} s: ${flood.sent} records of strangers taken, ${flood.refused} requests refused; ${fires.length} fires, alarm listed ${spread(raised)}, mail gone ${spread(late)}, ` +
        `${late.filter((ms) => ms <= 2_000).length} of them within 2 s, at most ${Math.max(...fires.map(({ before }) => before))} lesser mails in between; ${mails.lesser} lesser mails gone; ${memory}\n`,
    );
    expect(fires.filter(({ mailedMs, raisedMs }) => Math.max(mailedMs, raisedMs) > WITHIN_S * 1_000)).toEqual([]);
    expect(fires.filter(({ before }) => before > BEFORE_FIRE_MAX)).toEqual([]);
    const moving = async () =>
      (await open(system.consoleUrl, 'state=active&type=motion')).map(({ sensor }) => sensor).sort((a, b) => a - b);
    await expect.poll(moving, { timeout: 60_000 }).toEqual([...flood.moving].sort((a, b) => a - b));
    if (SECONDS >= LONG_SECONDS) expect(memory.growth).toBeLessThan(GROWTH_MAX);
    expect(await system.end('SIGTERM'), system.output.slice(-2_000)).toBe(0);
  } finally {
    over.abort();
    await system.end('SIGKILL');
    await mails.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

interface Fire {
  readonly sensor: number;
  /** From the answer to the third hit until the console lists the alarm, and until the mail server has its mail. */
  readonly raisedMs: number;
  readonly mailedMs: number;
  /** Lesser mails that went after the alarm was listed, and before its mail. */
  readonly before: number;
}

interface Alarm {
  readonly id: string;
  readonly sensor: number;
  readonly version: number;
  readonly state: string;
}

/** Three hits as they come from a sensor; afterwards the fire is acknowledged, and over. */
async function fire(
  sensor: number,
  n: number,
  { system, flood, mails }: { system: SystemProcess; flood: Flood; mails: Mails },
): Promise<Fire> {
  for (const hit of [0, 1, 2]) await flood.take('/entry', [{ ...CALM, id: sensor, smoke: true, temperature: 20 + (3 * n + hit) / 10 }]);
  const accepted = performance.now();
  let alarm: Alarm | undefined;
  const listed = async () => {
    alarm = (await open(system.consoleUrl, 'state=active&type=smoke')).find((one) => one.sensor === sensor);
    return alarm?.id ?? 'no alarm';
  };
  const within = { timeout: Math.max(60, WITHIN_S) * 1_000, interval: 20 };
  await expect.poll(listed, within).not.toBe('no alarm');
  const [raisedMs, before] = [performance.now() - accepted, mails.lesser];
  await expect.poll(() => mails.fires.has(alarm?.id ?? ''), within).toBe(true);
  const gone = mails.fires.get(alarm?.id ?? '') ?? { at: Number.NaN, lesser: Number.NaN };
  await call(system.consoleUrl, `/api/alarms/${alarm?.id}/acknowledge`, { version: alarm?.version });
  await flood.take('/ok', [{ id: sensor }]);
  return { sensor, raisedMs, mailedMs: gone.at - accepted, before: Math.max(0, gone.lesser - before) };
}

/** An operator who acknowledges what moved, so that alarms end. */
async function acknowledging(consoleUrl: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const seen = (await open(consoleUrl, 'state=open&type=motion&limit=100')).filter(({ state }) => state.endsWith('_UNACK'));
    if (seen.length > 0) await call(consoleUrl, '/api/alarms/acknowledge', { alarms: seen.map(({ id, version }) => ({ id, version })) });
    await sleep(1_000, undefined, { signal }).catch(() => undefined);
  }
}

/** Alarms of clients; none while the console is too busy. */
async function open(consoleUrl: string, query: string): Promise<readonly Alarm[]> {
  const answer = (await call(consoleUrl, `/api/alarms?quarantined=false&${query}`)) as { alarms: readonly Alarm[] } | undefined;
  return answer?.alarms ?? [];
}

async function call(consoleUrl: string, path: string, body?: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${API_TOKEN}`, ...(body && { 'content-type': 'application/json' }) };
  const answer = await fetch(`${consoleUrl}${path}`, { headers, ...(body && { method: 'POST', body: JSON.stringify(body) }) });
  const text = await answer.text();
  if (NOT_NOW.includes(answer.status)) return undefined;
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

interface Mails {
  readonly url: string;
  /** How many others were taken. */
  readonly lesser: number;
  /** By alarm: when the mail of a fire was taken, by performance.now, and how many lesser ones before. */
  readonly fires: ReadonlyMap<string, { readonly at: number; readonly lesser: number }>;
  stop(): Promise<void>;
}

/** A mail server that is slow with all mails but those that a fire was raised. */
async function startMails(): Promise<Mails> {
  const fires = new Map<string, { readonly at: number; readonly lesser: number }>();
  let lesser = 0;
  const server = await startSmtp({
    onData: (stream, _session, done) => {
      let head = '';
      stream.on('data', (chunk: Buffer) => {
        if (head.length < 8_192) head += chunk.toString('latin1');
      });
      stream.on('end', () => {
        const alarm = /^X-Tocsin-Alarm: (\d+-smoke-\S+)/im.exec(head)?.[1];
        if (alarm !== undefined && /^X-Tocsin-Event: raised/im.test(head)) {
          fires.set(alarm, { at: performance.now(), lesser });
          done(null, 'taken');
        } else
          setTimeout(() => {
            lesser += 1;
            done(null, 'taken');
          }, LESSER_MS);
      });
    },
  });
  return {
    url: server.url,
    fires,
    get lesser() {
      return lesser;
    },
    stop: () => server.stop(),
  };
}

/** Memory of a process, once a second. */
class Memory {
  readonly #samples: { readonly rss: number; readonly anonymous: number }[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => void this.#look(pid), 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Of what the kernel can't take back: the last third beside what it was from a sixth to a third of the time, medians. */
  get growth(): number {
    const [mark, end] = this.#parts(({ anonymous }) => anonymous);
    return end / mark;
  }

  toString(): string {
    const inMiB = (of: (sample: { readonly rss: number; readonly anonymous: number }) => number): string =>
      this.#parts(of)
        .map((bytes) => (bytes / 1_024).toFixed(0))
        .join(' and ');
    return `MiB after a sixth of the time and in the last third: ${inMiB(({ rss }) => rss)} resident, ${inMiB(({ anonymous }) => anonymous)} of it anonymous`;
  }

  #parts(of: (sample: { readonly rss: number; readonly anonymous: number }) => number): readonly [mark: number, end: number] {
    const values = this.#samples.map(of);
    const n = values.length;
    return [median(values.slice(Math.floor(n / 6), Math.ceil(n / 3))), median(values.slice(Math.floor((2 * n) / 3)))];
  }

  async #look(pid: number): Promise<void> {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
    if (status !== '') this.#samples.push({ rss: kib('VmRSS'), anonymous: kib('RssAnon') });
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function spread(sorted: readonly number[]): string {
  return `after ${((sorted[sorted.length >> 1] ?? Number.NaN) / 1_000).toFixed(2)} s, ${((sorted.at(-1) ?? Number.NaN) / 1_000).toFixed(2)} s at most`;
}
