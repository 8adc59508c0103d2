/**
 * kill -9 of the whole system at random moments under load, each time started again at once; now and then it is frozen instead. Afterwards the
 * simulator's oracle compares alarms and mails with what was acknowledged. FIRE_ROUNDS makes it longer, FIRE_SEED repeats a run, FIRE_SCENARIO has the
 * sensors do something else.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { randomOf } from '../support/random.ts';
import { type Simulation, SystemProcess, simulate } from '../support/system.ts';

const ROUNDS = Number(process.env.FIRE_ROUNDS ?? 16);
const SCENARIO = process.env.FIRE_SCENARIO ?? 'flapping';
const SEED = Number(process.env.FIRE_SEED ?? Math.floor(Math.random() * 1e6));
/** How long the system runs before a crash: from shortly after the start to some seconds of work; every fourth round freezes it first. */
const UP_MS = { least: 50, most: 4_000 };
const FREEZE_EVERY = 4;
/** How long the system still gets new readings after the last start. */
const CALM_MS = 2_000;
/** On a busy machine, where a start takes long; the load ends soon after the last crash, so that all it sent can be taken. */
const ROUND_SECONDS_MAX = 10;
/** The system is down for nearly half of the time, and must catch up in the other half, however many rounds there are. */
const RATE_PER_APP = '75';

it(`neither loses, duplicates nor invents anything over ${ROUNDS} crashes (seed ${SEED})`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-fire-'));
  const system = await SystemProcess.create({ dataDir: join(folder, 'data') });
  const random = randomOf(SEED);
  try {
    await system.start();
    const minutes = ((ROUNDS * ROUND_SECONDS_MAX) / 60).toFixed(1);
    const args = [
      '--scenario',
      SCENARIO,
      '--apps',
      '4',
      '--rate',
      RATE_PER_APP,
      '--minutes',
      minutes,
      '--seed',
      String(SEED),
      '--sensors',
      '1250',
      '--timeout',
      '5',
      '--settle',
      '60',
    ];
    const enough = new AbortController();
    let ended: Simulation | undefined;
    const running = simulate(system, join(folder, 'report.json'), args, enough.signal).then((simulation) => {
      ended = simulation;
      return simulation;
    });
    // The simulator checks the system before it sends; only after that it tolerates crashes.
    await expect.poll(() => hasRecords(system.ingestUrl), { timeout: 60_000 }).toBe(true);
    let kills = 0;
    while (kills < ROUNDS && !ended) {
      await sleep(UP_MS.least + random() * (UP_MS.most - UP_MS.least));
      if (kills % FREEZE_EVERY === FREEZE_EVERY - 1) {
        system.signal('SIGSTOP');
        await sleep(500 + random() * 1_500);
        if (random() < 0.5) {
          system.signal('SIGCONT');
          await sleep(random() * 200);
        }
      }
      expect(await system.end('SIGKILL')).toBe('SIGKILL');
      await system.start();
      kills += 1;
    }
    await sleep(CALM_MS);
    enough.abort();
    const { exitCode, output, report } = await running;
    process.stdout.write(`\n${kills} crashes, seed ${SEED}\n${output.slice(-2_000)}\n`);
    expect(kills).toBeGreaterThan(ROUNDS / 2);
    expect(report?.comparison?.findings).toEqual([]);
    // Other scenarios have fewer alarms.
    expect(report?.comparison?.observed.activated).toBeGreaterThan(SCENARIO === 'flapping' ? kills : 0);
    expect([report?.mails?.missing, report?.mails?.doubled, report?.mails?.invented]).toEqual([[], [], []]);
    expect(report?.messages).toMatchObject({ refused: 0, unknown: 0, unsent: 0 });
    expect([0, 130]).toContain(exitCode);
  } finally {
    await system.end('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  }
});

async function hasRecords(url: string): Promise<boolean> {
  return /^tocsin_ingest_records_total\{.*ENTRY.*\} [1-9]/m.test(await (await fetch(`${url}/metrics`)).text());
}
