import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';

/** Tasks commit their positions every few seconds: what isn't proven for longer isn't as it should be. */
export const UNPROVEN_MAX_MS = 15_000;
const PART = 'detection';

/** Says in health and log when nothing proves any more that detection keeps up. A notice: the console does its work, the processors may not. */
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
      late ? `for ${seconds} s nothing has proven that what sensors send is looked at: alarms may be missing` : undefined,
    );
    if (late && !this.#late)
      this.#logger.error({ seconds }, 'nothing proves that what sensors send is looked at: alarms may be missing; do the processors run?');
    if (!late && this.#late) this.#logger.info('all that sensors have sent is looked at again');
    this.#late = late;
  }
}
