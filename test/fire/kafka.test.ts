/**
 * Faults of every kind in a cluster under load, each followed by recovery: processes and brokers killed and frozen, a network cut, clocks that
 * differ, processors that come and go. Afterwards the simulator's oracle compares alarms and mails with what was acknowledged.
 * FIRE_FAULTS makes it longer, FIRE_SEED repeats a run, FIRE_ONLY selects faults whose name contains it. Needs root, HAProxy, libfaketime.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { AlarmWatch } from '../support/alarm-watch.ts';
import { FAULTS, type Stage, startStage } from '../support/cluster-faults.ts';
import { randomOf } from '../support/random.ts';
import { simulate, type Simulation } from '../support/system.ts';

const KINDS = Object.keys(FAULTS).filter((name) => name.includes(process.env.FIRE_ONLY ?? ''));
/** Some of the kinds, other ones each time: all of them take ten minutes. */
const COUNT = Number(process.env.FIRE_FAULTS ?? Math.min(KINDS.length, 8));
const SEED = Number(process.env.FIRE_SEED ?? Math.floor(Math.random() * 1e6));
/** On a busy machine; the load ends soon after the last fault. */
const SECONDS_A_FAULT = 20;
/** The last fault must be over before the alarms end. */
const LAST_FAULT_SECONDS = 60;
/** How long the recovered cluster has for its alarms before everything is compared. */
const CALM_MS = 10_000;
const LOAD_SECONDS = COUNT * SECONDS_A_FAULT + LAST_FAULT_SECONDS;
const RECOVERY_DEADLINE_MS = 60_000;
const BETWEEN_MS = { least: 500, most: 2_000 };

interface Outcome {
  readonly kind: string;
  /** See AlarmWatch. */
  readonly firstMs: number;
  readonly worstMs: number;
}

it(`neither loses, duplicates nor invents anything over ${COUNT} faults of a cluster on Kafka (seed ${SEED})`, {
  timeout: 7_200_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tocsin-fire-'));
  const random = randomOf(SEED);
  const { stage, end } = await startStage(folder, random, AlarmWatch.begin);
  try {
    let ended: Simulation | undefined;
    const enough = new AbortController();
    const running = simulate(stage.cluster, join(folder, 'report.json'), simulatorArgs(), enough.signal).then((simulation) => {
      ended = simulation;
      return simulation;
    });
    const alarmsUntil = Date.now() + LOAD_SECONDS * 1_000;
    // A simulator that gave up says why.
    await expect.poll(() => [stage.watch.silent, ended?.output ?? ''], { timeout: 120_000 }).toEqual([[], '']);
    const outcomes: Outcome[] = [];
    for (const kind of drawn(random)) {
      await sleep(BETWEEN_MS.least + random() * (BETWEEN_MS.most - BETWEEN_MS.least));
      if (ended || Date.now() > alarmsUntil - LAST_FAULT_SECONDS * 1_000) break;
      outcomes.push(await strike(stage, kind, outcomes.length + 1));
    }
    await sleep(CALM_MS);
    enough.abort();
    const { exitCode, output, report } = await running;
    process.stdout.write(`\n${summary(outcomes)}\n${output.slice(-2_500)}\n`);
    expect(outcomes.length).toBeGreaterThan(COUNT / 2);
    expect(stage.watch.doubled).toEqual([]);
    expect(await stage.watch.parked()).toBe(0);
    expect(report?.comparison?.findings).toEqual([]);
    expect(report?.comparison?.observed.activated).toBeGreaterThan(outcomes.length);
    expect([report?.mails?.missing, report?.mails?.doubled, report?.mails?.invented]).toEqual([[], [], []]);
    expect(report?.messages).toMatchObject({ refused: 0, unknown: 0, unsent: 0 });
    expect([0, 130]).toContain(exitCode);
  } finally {
    await end();
    await rm(folder, { recursive: true, force: true });
  }
});

function simulatorArgs(): string[] {
  const minutes = (LOAD_SECONDS / 60).toFixed(2);
  const load = ['--scenario', 'unrest', '--apps', '2', '--rate', '40', '--minutes', minutes, '--sensors', '20000', '--seed', String(SEED)];
  return [...load, '--timeout', '25', '--drain', '60', '--settle', '300'];
}

/** Every kind comes once before any is repeated. */
function* drawn(random: () => number): Generator<string, void> {
  for (let left: string[] = [], n = 0; n < COUNT; n += 1) {
    if (left.length === 0) left = [...KINDS];
    yield left.splice(Math.floor(random() * left.length), 1)[0] ?? '';
  }
}

/** Rejects if the cluster doesn't recover in time. */
async function strike(stage: Stage, kind: string, n: number): Promise<Outcome> {
  const { watch } = stage;
  watch.mark();
  const began = Date.now();
  const remark = await FAULTS[kind]?.(stage);
  const healed = Date.now();
  while (watch.silentSince(healed).length > 0) {
    if (Date.now() > healed + RECOVERY_DEADLINE_MS)
      throw new Error(`${kind}: partitions ${watch.silentSince(healed)} raise no alarms any more`);
    await sleep(50);
  }
  const { firstMs = Number.NaN, worstMs } = watch.lateness;
  const times = `next alarm ${seconds(firstMs)}, latest ${seconds(worstMs)} late, over after ${seconds(Date.now() - began)}`;
  process.stdout.write(`${String(n).padStart(3)}. ${kind}${remark ? ` (${remark})` : ''}: ${times}\n`);
  return { kind, firstMs, worstMs };
}

function summary(outcomes: readonly Outcome[]): string {
  const lines = KINDS.flatMap((kind) => {
    const own = outcomes.filter((outcome) => outcome.kind === kind);
    if (own.length === 0) return [];
    const range = (values: number[]): string =>
      `${seconds(median(values))} [${seconds(Math.min(...values))} to ${seconds(Math.max(...values))}]`;
    return `${String(own.length).padStart(4)}  ${kind}: next alarm ${range(own.map((o) => o.firstMs))}, latest ${range(own.map((o) => o.worstMs))}`;
  });
  return [`${outcomes.length} faults, seed ${SEED}; medians, least and most`, ...lines].join('\n');
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
