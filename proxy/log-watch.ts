import type { MessageLog, Records } from '../message-log/port.ts';
import type { Clock } from '../runtime/clock.ts';
import { reasonOf } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';

const PART = 'ingest';
const PROBE_MS = 2_000;
const NONE: Records = { length: 0, bytes: Buffer.alloc(0), keys: [], starts: [], ends: [] };

/**
 * Whether the log takes records, in /readyz. A load balancer sends nothing while it doesn't, so the proxy itself asks the log again with an
 * empty append until it does.
 */
export class LogWatch {
  readonly #log: MessageLog;
  readonly #clock: Clock;
  readonly #health: Health;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #problem: string | undefined;

  constructor(deps: { readonly log: MessageLog; readonly clock: Clock; readonly health: Health; readonly logger: Logger }) {
    this.#log = deps.log;
    this.#clock = deps.clock;
    this.#health = deps.health;
    this.#logger = deps.logger;
  }

  succeeded(): void {
    if (this.#problem === undefined) return;
    this.#problem = undefined;
    this.#health.report(PART, undefined);
    this.#logger.info('the log takes records again');
    this.stop();
  }

  failed(error: unknown): void {
    const reason = reasonOf(error);
    this.#health.report(PART, `the log takes no records: ${reason}`);
    if (this.#problem === undefined) this.#logger.error({ reason }, 'the log takes no records, sensors are answered 503');
    this.#problem = reason;
    this.#timer ??= setInterval(() => this.#probe(), PROBE_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #probe(): void {
    this.#log.append('ENTRY', NONE, this.#clock()).then(
      () => this.succeeded(),
      (error: unknown) => {
        if (this.#timer !== undefined) this.failed(error);
      },
    );
  }
}
