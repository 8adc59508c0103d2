import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { step, waitUntil } from './progress.ts';
import type { Figure } from './report.ts';
import { freePort, post } from './sensors.ts';
import { cpuSecondsOf, type Server, startServer } from './server.ts';

const WAITING = [20_000, 300_000];
const BATCH = 1_000;
/** As a busy server answers: with four mails at a time, 300,000 take an hour. */
const TAKES_MS = 50;
/** Ids of sensors that report a fire: beyond those of the flood. */
const FIRES_FROM = 1_000_000_000;
const RAISED_WITHIN_MS = 150_000;
const WITHIN_MS = 60_000;

/** From the answer to the third hit until the mail server has the mail, s: by the clock, and processor time of the system. */
interface Took {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Seen {
  readonly running: Took;
  readonly afterRestart: Took;
  /** Processor time from the start of the process after kill -9 until the mail server has the mail, s. */
  readonly cpuSinceStart: number;
}

/** How long a fire's mail takes while very many mails of motion wait, also right after kill -9. */
export async function benchGraveMail(runs: number): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (const waiting of WAITING) {
    const seen = await seenWith(waiting, runs);
    const behind = `${waiting.toLocaleString('en')} mails waiting`;
    figures.push(
      { name: `a fire's mail, ${behind}`, unit: 's', values: seen.map(({ running }) => running.seconds), bar: '2' },
      { name: 'processor time of it', unit: 's', values: seen.map(({ running }) => running.cpuSeconds) },
      { name: 'the same right after kill -9', unit: 's', values: seen.map(({ afterRestart }) => afterRestart.seconds), bar: '2' },
      { name: 'processor time of it', unit: 's', values: seen.map(({ afterRestart }) => afterRestart.cpuSeconds) },
      { name: 'processor time since the start of the process', unit: 's', values: seen.map(({ cpuSinceStart }) => cpuSinceStart) },
    );
  }
  return figures;
}

async function seenWith(waiting: number, runs: number): Promise<readonly Seen[]> {
  const folder = mkdtempSync(join(tmpdir(), 'tocsin-bench-'));
  const mails = await MailServer.start();
  const port = await freePort();
  const environment = { TOCSIN_DATA_DIR: join(folder, 'data'), TOCSIN_INGEST_PORT: String(port), TOCSIN_SMTP_URL: mails.url };
  const what = waiting.toLocaleString('en');
  let server = await startServer('main.ts', environment, 'free');
  try {
    await step(`${what} waiting: raised`, () => raise(server, waiting));
    const seen: Seen[] = [];
    for (let run = 0; run < runs; run += 1) {
      mails.takesMs = TAKES_MS;
      await waitUntil('lesser mails are on their way', WITHIN_MS, async () => mails.taken > 20);
      const running = await step(`${what} waiting: a fire`, () => fire(port, mails, FIRES_FROM + 2 * run, () => server.pid));
      await server.stop('SIGKILL');
      let pid = 0;
      const starting = startServer('main.ts', environment, 'free', (spawned) => {
        pid = spawned;
      });
      const afterRestart = await step(`${what} waiting: a fire after kill -9`, () =>
        fire(port, mails, FIRES_FROM + 2 * run + 1, () => pid),
      );
      const cpuSinceStart = await cpuSecondsOf(pid);
      server = await starting;
      seen.push({ running, afterRestart, cpuSinceStart });
    }
    return seen;
  } finally {
    await server.stop('SIGKILL');
    await mails.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const calm = { motion: false, smoke: false, temperature: 21.5, maxTemperature: 30 };

async function raise({ ready }: Server, alarms: number): Promise<void> {
  for (let at = 0; at < alarms; at += BATCH)
    await post(
      ready.ingestPort,
      Array.from({ length: BATCH }, (_, i) => ({ ...calm, id: at + i, motion: true })),
    );
  await waitUntil('the alarms are raised', RAISED_WITHIN_MS, async () => {
    const text = await (await fetch(`http://127.0.0.1:${ready.ingestPort}/metrics`)).text();
    return Number(/^tocsin_alarms_active\{type="motion"\} (\d+)/m.exec(text)?.[1]) >= alarms;
  });
}

/** The hits are sent as soon as somebody listens. */
async function fire(port: number, mails: MailServer, sensor: number, pid: () => number): Promise<Took> {
  const hits = [1, 2, 3].map((seq) => ({ ...calm, id: sensor, seq, smoke: true }));
  const isAccepted = (): Promise<boolean> =>
    post(port, hits).then(
      () => true,
      () => false,
    );
  await waitUntil('a fire is accepted', WITHIN_MS, isAccepted, 5);
  const [accepted, cpu] = [performance.now(), await cpuSecondsOf(pid())];
  await waitUntil('a fire is mailed', WITHIN_MS, async () => mails.has(sensor), 5);
  const took = { seconds: (performance.now() - accepted) / 1_000, cpuSeconds: (await cpuSecondsOf(pid())) - cpu };
  process.stderr.write(`  mailed ${took.seconds.toFixed(2)} s after the answer, ${took.cpuSeconds.toFixed(2)} s of processor time\n`);
  return took;
}

/** Puts every mail off until it is told how long to take for each. */
class MailServer {
  takesMs: number | undefined;
  taken = 0;
  readonly #fires = new Set<number>();
  readonly #server: SMTPServer;

  private constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      closeTimeout: 100,
      onData: (stream, _session, done) => {
        let head = '';
        stream.on('data', (chunk: Buffer) => {
          if (head.length < 8_192) head += chunk.toString('latin1');
        });
        stream.on('end', () => {
          if (this.takesMs === undefined) return done(Object.assign(new Error('busy'), { responseCode: 451 }));
          const sensor = /^X-Tocsin-Alarm: (\d+)-smoke-/im.exec(head)?.[1];
          setTimeout(() => {
            this.taken += 1;
            if (sensor !== undefined) this.#fires.add(Number(sensor));
            done(null, 'taken');
          }, this.takesMs);
        });
      },
    });
    this.#server.on('error', () => undefined);
  }

  static async start(): Promise<MailServer> {
    const mails = new MailServer();
    await new Promise<void>((resolve) => mails.#server.listen(0, '127.0.0.1', () => resolve()));
    return mails;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.#server.server.address() as AddressInfo).port}`;
  }

  has(sensor: number): boolean {
    return this.#fires.has(sensor);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
