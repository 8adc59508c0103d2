import type { Archive } from '../../archive/port.ts';
import { retryForever } from '../../runtime/backoff.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { DamagedAlarms } from './damaged-alarms.ts';
import type { OpenAlarms } from './open-alarms.ts';

interface Deps {
  readonly health: Health;
  readonly logger: Logger;
}

interface Beginning {
  /** Why the open alarms aren't known; undefined: they are. */
  problem: string | undefined;
  /** Resolves after the first attempt, whatever its outcome; rejects if trying again can't help. */
  begun: Promise<void>;
  /** Resolves once no attempt is under way and none will follow. */
  done: Promise<void>;
}

/** Rejects as the archive does; ends early if the console is stopped. */
export async function loadOpen(archive: Archive, alarms: OpenAlarms, damaged: DamagedAlarms, signal: AbortSignal): Promise<void> {
  damaged.clear();
  for await (const part of archive.open((alarm) => damaged.add(alarm))) {
    if (signal.aborted) return;
    alarms.load(part);
  }
}

/** Calls `begin` until it succeeds. */
export function beginWithRetries(begin: () => Promise<void>, { health, logger }: Deps, signal: AbortSignal): Beginning {
  const report = (problem: string | undefined): void => {
    state.problem = problem;
    health.report('console-alarms', problem);
  };
  const state: Beginning = { problem: undefined, begun: Promise.resolve(), done: Promise.resolve() };
  report('the open alarms are being read');
  state.begun = new Promise<void>((resolve, reject) => {
    const onRetry = (error: unknown, attempt: number): void => {
      report(`the open alarms cannot be read: ${reasonOf(error)}`);
      if (attempt === 0) logger.warn({ reason: reasonOf(error) }, 'the open alarms cannot be read, trying again; the API answers 503');
      resolve();
    };
    const onBegun = (): void => {
      report(undefined);
      resolve();
    };
    const onEnd = (error: unknown): void => {
      reject(error);
      if (signal.aborted) return;
      report(`the open alarms cannot be read: ${reasonOf(error)}`);
      logger.error({ reason: reasonOf(error) }, 'the open alarms cannot be read');
    };
    state.done = retryForever(begin, onRetry, signal).then(onBegun, onEnd);
  });
  // Whoever waits for it is told; if nobody does, it is reported all the same.
  state.begun.catch(() => undefined);
  return state;
}
