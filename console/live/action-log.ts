import type { Action } from '../../alarm/alarm.ts';
import { severalRecords } from '../../message-log/several-records.ts';
import type { MessageLog, Records } from '../../message-log/port.ts';
import type { Clock } from '../../runtime/clock.ts';
import { reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';

export interface ActionLogDeps {
  readonly log: Pick<MessageLog, 'append'>;
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Logger;
}

const PART = 'console-actions';
const PROBE_MS = 5_000;
const NONE: Records = { length: 0, bytes: Buffer.alloc(0), keys: [], starts: [], ends: [] };

/**
 * Appends actions to the log, and checks every few seconds whether the log accepts them, so that a problem is known before an operator acts. If this
 * machine's clock is off, the console isn't ready, since another console may still work. Any other refusal concerns all consoles: it is only a notice,
 * so that operators can go on watching.
 */
export class ActionLog {
  readonly #deps: ActionLogDeps;
  readonly #probing: NodeJS.Timeout;
  #problem: string | undefined;
  #stopped = false;

  constructor(deps: ActionLogDeps) {
    this.#deps = deps;
    this.#probe();
    this.#probing = setInterval(() => this.#probe(), PROBE_MS).unref();
  }

  /** Appends the actions in one append; they are in the log once it resolves. Rejects with TransientError, whose message is for the operator, and as the log does otherwise. */
  async append(actions: readonly Action[]): Promise<void> {
    const { log, clock } = this.#deps;
    try {
      const records = actions.map((action) => ({ key: action.sensor, value: JSON.stringify(action) }));
      await log.append('ACTION', severalRecords(records), clock());
      this.#report(undefined);
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      this.#report(error);
      throw new TransientError(error.code, inWords(error), { cause: error });
    }
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#probing);
  }

  #probe(): void {
    const { log, clock } = this.#deps;
    log.append('ACTION', NONE, clock()).then(
      () => this.#report(undefined),
      (error: unknown) => this.#report(error),
    );
  }

  #report(error: unknown): void {
    if (this.#stopped) return;
    const { health, logger } = this.#deps;
    const reason = error === undefined ? undefined : reasonOf(error);
    const problem = reason === undefined ? undefined : `the log accepts no actions: ${reason}`;
    const clockOff = error instanceof TransientError && error.code === 'clock-off';
    health.report(PART, clockOff ? problem : undefined);
    health.notice(PART, clockOff ? undefined : problem);
    if (reason === undefined && this.#problem !== undefined) logger.info('the log accepts actions again');
    if (reason !== undefined && this.#problem === undefined)
      logger[clockOff ? 'error' : 'warn']({ reason }, 'the log accepts no actions; operators get 503');
    this.#problem = reason;
  }
}

/** An action that the log didn't confirm may still be in it; one that was refused for another reason is not. */
export function inWords({ code, message }: TransientError): string {
  if (code === 'log-unavailable') return `it is not known whether it was done, since the log does not answer (${message}): send it again`;
  return `it was not done, since the log does not accept it at the moment (${message}): try again`;
}
