import { type AlarmType, BUILT_IN_TYPES } from '../alarm/alarm-type.ts';
import { reasonOf, TransientError } from '../runtime/errors.ts';
import { DueAlarms } from './due-alarms.ts';
import { runFleet } from './fleet.ts';
import type { SimulateOptions } from './options.ts';
import { Oracle } from './oracle.ts';
import { Outbox } from './mail-comparison.ts';
import type { Progress } from './progress.ts';
import type { Report } from './report.ts';
import { Comparer, type Settlement } from './settlement.ts';
import { System } from './system.ts';
import { Tally } from './tally.ts';
import type { FleetPlan } from './traffic.ts';

export interface RunDeps {
  readonly progress: Progress;
  /** Ends the run early; what was sent until then is still compared. */
  readonly stop: AbortSignal;
  readonly neighbours: FleetPlan['neighbours'];
  /** The types that the system detects and the fleet has detectors for; default: those of the reference system. */
  readonly types?: readonly AlarmType[];
}

/** How long the system may take to be right, unless the options say so; shorter after an interruption, since somebody is waiting. */
const SETTLE_SECONDS = { ended: 30, interrupted: 10 } as const;
/** A run ends after this many refusals if nothing was accepted. */
const HOPELESS = 500;

/** One run, including the comparison; resolves with the report. Rejects if it can't begin. */
export async function run(options: SimulateOptions, deps: RunDeps): Promise<Report> {
  const { progress, stop, types = BUILT_IN_TYPES } = deps;
  await reachable(options.url);
  const outbox = options.outbox === undefined ? undefined : new Outbox(options.outbox);
  const comparer = options.blind ? undefined : await Comparer.begin(new System(options.console, options.token), outbox, options.sensors);
  if (comparer && comparer.present > 0) progress.say(`${comparer.present} alarms exist already; they are left out of the comparison`);
  const tally = new Tally();
  const oracle = new Oracle(types);
  const due = new DueAlarms(oracle, Date.now);
  const hopeless = new AbortController();
  const onTick = (seconds: number) => {
    if (tally.refused >= HOPELESS && tally.acknowledged === 0) hopeless.abort();
    progress.update(seconds, stateOf(tally, oracle, seconds));
  };
  const ended = AbortSignal.any([stop, hopeless.signal]);
  const seconds = await runFleet(planOf(options, types, deps.neighbours), fleetConfig(options), {
    tally,
    oracle: due,
    stop: ended,
    onTick,
  });
  progress.stop();
  const settleSeconds = options.settleSeconds ?? SETTLE_SECONDS[ended.aborted ? 'interrupted' : 'ended'];
  const settled = await settle(comparer, oracle, settleSeconds * 1_000, progress);
  return { ...report(options, seconds, tally, settled, stop.aborted), alarms: due.list() };
}

/** Counters start at the seconds since this time, so that a later run with the same seed doesn't repeat them. */
const SEQ_EPOCH_MS = Date.UTC(2024, 0, 1);

function planOf(options: SimulateOptions, types: readonly AlarmType[], neighbours: FleetPlan['neighbours']): FleetPlan {
  const { scenario, seed, apps, ratePerApp, minutes, sensors } = options;
  const firstSeq = Math.floor((Date.now() - SEQ_EPOCH_MS) / 1_000);
  return { scenario, types, seed, apps, ratePerApp, durationMs: minutes * 60_000, sensors, firstSeq, neighbours };
}

function fleetConfig({ url, gatewayToken, connections, batch, apartMs, timeoutSeconds, drainSeconds }: SimulateOptions) {
  return {
    url,
    token: gatewayToken,
    connections,
    batch,
    apartMs,
    timeoutMs: timeoutSeconds * 1_000,
    drainMs: drainSeconds * 1_000,
  };
}

async function reachable(url: string): Promise<void> {
  try {
    const response = await fetch(new URL('/healthz', url), { signal: AbortSignal.timeout(10_000) });
    await response.body?.cancel();
  } catch (error) {
    throw new TransientError('ingest-away', `nothing answers at ${url}; is the system started (npm start)?`, { cause: error });
  }
}

async function settle(
  comparer: Comparer | undefined,
  oracle: Oracle,
  settleMs: number,
  progress: Progress,
): Promise<Settlement | string | undefined> {
  if (comparer === undefined) return undefined;
  progress.say('everything is sent; comparing the alarms of the system');
  try {
    return await comparer.settle(oracle, settleMs);
  } catch (error) {
    return reasonOf(error);
  }
}

function report(
  options: SimulateOptions,
  seconds: number,
  tally: Tally,
  settled: Settlement | string | undefined,
  interrupted: boolean,
): Omit<Report, 'alarms'> {
  const { acknowledged, recoveries, refused, unknown, unsent, latency } = tally;
  const inMs = (micros: number) => Math.round(micros) / 1_000;
  return {
    scenario: options.scenario.name,
    seed: options.seed,
    apps: options.apps,
    sensors: options.sensors,
    seconds,
    messages: { acknowledged, recoveries, refused, unknown, unsent },
    messagesPerSecond: acknowledged / seconds,
    requests: tally.requests,
    retries: Object.fromEntries(tally.retries),
    refusals: tally.refusals,
    latencyMs: { p50: inMs(latency.percentile(50)), p99: inMs(latency.percentile(99)), max: inMs(latency.max) },
    reference: options.scenario.reference,
    comparison: typeof settled === 'object' ? settled.comparison : undefined,
    mails: typeof settled === 'object' ? settled.mails : undefined,
    notCompared: typeof settled === 'string' ? settled : undefined,
    interrupted,
  };
}

function stateOf({ acknowledged, retries, refused }: Tally, oracle: Oracle, seconds: number): string {
  const again = [...retries.values()].reduce((sum, n) => sum + n, 0);
  let alarms = 0;
  let active = 0;
  for (const { possible } of oracle.expectations()) {
    alarms += possible[0]?.length ?? 0;
    if (possible[0]?.at(-1)?.recovered === false) active += 1;
  }
  const parts = [
    `${grouped(acknowledged)} messages`,
    `${grouped(acknowledged / Math.max(0.001, seconds))}/s`,
    `alarms: ${grouped(alarms)} raised, ${grouped(active)} active`,
  ];
  if (again > 0) parts.push(`${grouped(again)} sent again`);
  if (refused > 0) parts.push(`${grouped(refused)} refused`);
  return parts.join(', ');
}

function grouped(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}
