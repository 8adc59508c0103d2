import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';

/** Tasks commit their positions every few seconds, so a longer time without proof means that something is wrong. */
export const UNPROVEN_MAX_MS = 15_000;
const PART = 'detection';

/** Reports to health and log when nothing proves that detection keeps up. Only a notice, since the fault is in the processors: the console works. */
export class DetectionWatch {
  readonly #health: Health;
  readonly #logger: Logger;
  #late = false;

  constructor({ health, logger }: { readonly health: Health; readonly logger: Logger }) {
    this.#health = health;
    this.#logger = logger;
  }

  look(unprovenMs: number): void {
    const seconds = Math.round(unprovenMs / 1_000);
    const late = unprovenMs > UNPROVEN_MAX_MS;
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
