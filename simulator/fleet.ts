import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { App, type AppDeps } from './app.ts';
import { IngestClient } from './ingest-client.ts';
import type { Tally } from './tally.ts';
import { type FleetPlan, traffic } from './traffic.ts';

export interface FleetConfig {
  readonly url: string;
  readonly token: string | undefined;
  /** Connections of each app. */
  readonly connections: number;
  readonly batch: number;
  readonly timeoutMs: number;
  /** How long unanswered messages are still sent again after the last one was due. */
  readonly drainMs: number;
  /** As in AppConfig. */
  readonly apartMs: number;
}

export interface FleetDeps {
  readonly tally: Tally;
  readonly oracle: AppDeps['oracle'];
  /** Ends the sending early. */
  readonly stop: AbortSignal;
  /** Called twice a second, with the run's age in seconds. */
  readonly onTick: (seconds: number) => void;
}

const TICK_MS = 500;

/** Runs all apps of a plan to their end; resolves with the seconds from the first message's planned time to the last outcome. */
export async function runFleet(plan: FleetPlan, config: FleetConfig, { tally, oracle, stop, onTick }: FleetDeps): Promise<number> {
  const giveUp = new AbortController();
  // Every request that waits to be sent again listens to it.
  setMaxListeners(0, giveUp.signal, stop);
  const done = new AbortController();
  const start = performance.now();
  const now = () => performance.now() - start;
  const tick = setInterval(() => onTick(now() / 1_000), TICK_MS);
  const { connections, batch, apartMs } = config;
  const clients = Array.from({ length: plan.apps }, () => new IngestClient(config));
  const runs = clients.map((client, i) =>
    new App({ connections, batch, apartMs }, { client, tally, oracle, now }, giveUp.signal).run(traffic(plan, i), stop),
  );
  const deadline = async () => {
    await pause(plan.durationMs, AbortSignal.any([stop, done.signal]));
    await pause(config.drainMs, done.signal);
    giveUp.abort();
    await Promise.all(clients.map((client) => client.close()));
  };
  try {
    await Promise.all([Promise.all(runs).finally(() => done.abort()), deadline()]);
  } finally {
    clearInterval(tick);
  }
  return now() / 1_000;
}

const TIMER_MS_MAX = 2 ** 31 - 1;

/** Ends after `ms` or on `signal`. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.min(ms, TIMER_MS_MAX), undefined, { signal }).catch(() => undefined);
}
