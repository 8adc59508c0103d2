import type { Action } from '../../alarm/alarm.ts';
import type { MessageLog, Records } from '../../message-log/port.ts';
import type { Clock } from '../../runtime/clock.ts';
import { reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';

const PART = 'console-actions';
const PROBE_MS = 2_000;
const NONE: Records = { length: 0, bytes: Buffer.alloc(0), keys: [], starts: [], ends: [] };

/** Hands actions to the log. A console whose actions the log refuses isn't ready, and asks again until they are taken. */
export class ActionLog {
  readonly #log: Pick<MessageLog, 'append'>;
  readonly #clock: Clock;
  readonly #health: Health;
  readonly #logger: Logger;
  #problem: string | undefined;
  #probing: NodeJS.Timeout | undefined;

  constructor(deps: {
    readonly log: Pick<MessageLog, 'append'>;
    readonly clock: Clock;
    readonly health: Health;
    readonly logger: Logger;
  }) {
    this.#log = deps.log;
    this.#clock = deps.clock;
    this.#health = deps.health;
    this.#logger = deps.logger;
  }

  /** In the log once it resolves. Rejects with TransientError, in words for an operator. */
  async append(action: Action): Promise<void> {
    try {
      await this.#log.append('ACTION', oneRecord(action), this.#clock());
      this.#taken();
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      this.#refused(error);
      throw new TransientError(error.code, inWords(error), { cause: error });
    }
  }

  stop(): void {
    clearInterval(this.#probing);
    this.#probing = undefined;
  }

  #taken(): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.stop();
    this.#health.report(PART, undefined);
    this.#logger.info('the log takes actions again');
  }

  #refused(error: unknown): void {
    const reason = reasonOf(error);
    this.#health.report(PART, `the log takes no actions: ${reason}`);
    if (this.#problem === undefined) this.#logger.error({ reason }, 'the log takes no actions, operators are answered 503');
    this.#problem = reason;
    this.#probing ??= setInterval(() => this.#probe(), PROBE_MS).unref();
  }

  #probe(): void {
    this.#log.append('ACTION', NONE, this.#clock()).then(
      () => this.#taken(),
      (error: unknown) => {
        if (this.#probing) this.#refused(error);
      },
    );
  }
}

/** What a broker didn't confirm may be in the log all the same; whatever else is refused is not. */
function inWords({ code, message }: TransientError): string {
  if (code === 'log-unavailable') return `it is not known whether it was done, the log does not answer (${message}): send it again`;
  return `it was not done, the log does not take it at the moment (${message}): try again`;
}

function oneRecord(action: Action): Records {
  const bytes = Buffer.from(JSON.stringify(action));
  return { length: 1, bytes, keys: [action.sensor], starts: [0], ends: [bytes.length] };
}
