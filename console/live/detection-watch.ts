import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';

/** Tasks commit their positions every few seconds, so a longer time without proof means that something is wrong. */
export const UNPROVEN_MAX_MS = 15_000;
const PART = 'detection';
/** More than the time between two looks: between looks that are further apart this process stood still, and could not have seen a proof. */
const LOOK_MS_MAX = 6_000;

interface WatchDeps {
  readonly health: Health;
  readonly logger: Logger;
  /** Until it resolves, sensors are restored, which may take long and proves nothing. Undefined: none are restored in this process. */
  readonly fireReady?: Promise<void> | undefined;
}

/** Reports to health and log when nothing proves that detection keeps up. Only a notice, since the fault is in the processors: the console works. */
export class DetectionWatch {
  readonly #health: Health;
  readonly #logger: Logger;
  readonly #elapsed: () => number;
  #late = false;
  #isRestoring = false;
  #lookedAt: number | undefined;
  /** For how long a proof could have been seen, and was not. */
  #watchedMs = 0;

  /** `elapsed`: milliseconds of a monotonic clock. */
  constructor({ health, logger, fireReady }: WatchDeps, elapsed: () => number = () => performance.now()) {
    this.#health = health;
    this.#logger = logger;
    this.#elapsed = elapsed;
    if (fireReady === undefined) return;
    this.#isRestoring = true;
    void fireReady.then(() => {
      this.#isRestoring = false;
    });
  }

  /** To be called every few seconds. `unprovenMs`: for how long nothing has proven that detection keeps up. */
  look(unprovenMs: number): void {
    if (this.#isRestoring) return;
    const now = this.#elapsed();
    this.#watchedMs = Math.min(unprovenMs, this.#watchedMs + Math.min(LOOK_MS_MAX, now - (this.#lookedAt ?? now)));
    this.#lookedAt = now;
    const seconds = Math.round(unprovenMs / 1_000);
    const late = this.#watchedMs > UNPROVEN_MAX_MS;
    this.#health.notice(
      PART,
      late ? `for ${seconds} s nothing has proven that what sensors send is processed: alarms may be missing` : undefined,
    );
    if (late && !this.#late)
      this.#logger.error({ seconds }, 'nothing proves that what sensors send is processed: alarms may be missing; do the processors run?');
    if (!late && this.#late) this.#logger.info('everything that sensors send is processed again');
    this.#late = late;
  }
}
