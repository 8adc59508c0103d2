import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { Retention } from './retention.ts';
import type { WriteAhead } from './write-ahead.ts';

const INTERVAL_MS = 1_000;

/** Maintenance beside the appends, in small transactions: empties a quiet journal and removes old frames. */
export class Upkeep {
  readonly #retention: Retention;
  readonly #writeAhead: WriteAhead;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  readonly #abort = new AbortController();

  constructor(retention: Retention, writeAhead: WriteAhead, logger: Logger) {
    this.#retention = retention;
    this.#writeAhead = writeAhead;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.run(), INTERVAL_MS).unref();
  }

  /** Never rejects: whatever failed is tried again next time. */
  run(): Promise<void> {
    this.#running ??= this.#all()
      .catch((error: unknown) => {
        // The log itself reports these two.
        if (!(error instanceof TransientError || error instanceof PermanentError))
          this.#logger.error({ reason: reasonOf(error) }, 'the upkeep of the log failed');
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    clearInterval(this.#timer);
    await this.#running;
  }

  async #all(): Promise<void> {
    await this.#writeAhead.moveAged();
    await this.#retention.apply(this.#abort.signal);
  }
}
