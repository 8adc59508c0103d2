import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../runtime/clock.ts';
import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { Merging } from './merging.ts';
import type { Retention } from './retention.ts';

const INTERVAL_MS = 1_000;
/** Between two merges, so that the commits beside them aren't all held up at once; a journal that fills up has no time for that. */
const BREATHER_MS = 40;
/** Small frames of a quiet partition wait no longer than this for others. */
const AGED_MS = 600_000;

/** What is done beside the appends, one small transaction after the other: merging small frames, dropping old ones. */
export class Upkeep {
  readonly #retention: Retention;
  readonly #merging: readonly Merging[];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | undefined;
  readonly #abort = new AbortController();

  constructor(retention: Retention, merging: readonly Merging[], clock: Clock, logger: Logger) {
    this.#retention = retention;
    this.#merging = merging;
    this.#clock = clock;
    this.#logger = logger;
    this.#timer = setInterval(() => void this.run(), INTERVAL_MS).unref();
  }

  /** Never rejects: what didn't work this time does the next. */
  run(): Promise<void> {
    this.#running ??= this.#all()
      .catch((error: unknown) => {
        // Those two the log itself reports.
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
    const agedBefore = this.#clock() - AGED_MS;
    for (const merging of this.#merging) {
      while (!this.#abort.signal.aborted && (await merging.step(agedBefore))) await (merging.pressing ? nextTurn() : sleep(BREATHER_MS));
    }
    await this.#retention.apply(this.#abort.signal);
  }
}
