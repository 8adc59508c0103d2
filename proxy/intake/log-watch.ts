import type { MessageLog, Records } from '../../message-log/port.ts';
import type { Clock } from '../../runtime/clock.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';

const PART = 'ingest';
const ASK_EVERY_MS = 2_000;
const NONE: Records = { length: 0, bytes: Buffer.alloc(0), keys: [], starts: [], ends: [] };

/**
 * Whether the log accepts records, for /readyz. The proxy checks by appends of no records, because a load balancer sends nothing while it isn't ready,
 * and because a clock that is off must be known before there is a fire, even if nobody sends.
 */
export class LogWatch {
  readonly #log: MessageLog;
  readonly #clock: Clock;
  readonly #health: Health;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #problem: string | undefined;
  #asking = false;
  #stopped = false;

  constructor(deps: { readonly log: MessageLog; readonly clock: Clock; readonly health: Health; readonly logger: Logger }) {
    this.#log = deps.log;
    this.#clock = deps.clock;
    this.#health = deps.health;
    this.#logger = deps.logger;
    this.#timer = setInterval(() => void this.#ask(), ASK_EVERY_MS).unref();
    void this.#ask();
  }

  /** Records were accepted. Others may still be refused, so the log is checked. */
  succeeded(): void {
    if (this.#problem !== undefined) void this.#ask();
  }

  failed(error: unknown): void {
    const reason = reasonOf(error);
    this.#health.report(PART, `the log takes no records: ${reason}`);
    if (this.#problem === undefined) this.#logger.error({ reason }, 'the log takes no records, sensors are answered 503');
    this.#problem = reason;
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      const at = this.#clock();
      await Promise.all([this.#log.append('ENTRY', NONE, at), this.#log.append('OK', NONE, at)]);
      if (!this.#stopped) this.#recovered();
    } catch (error) {
      if (!this.#stopped) this.failed(error);
    } finally {
      this.#asking = false;
    }
  }

  #recovered(): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#health.report(PART, undefined);
    this.#logger.info('the log takes records again');
  }
}
