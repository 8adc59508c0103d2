import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { Client } from './client.ts';

const EVERY_MS = 1_000;
/** An election or the restart of one broker isn't worth refusing anything. */
const PATIENCE_MS = 3_000;
const HEALTH_PART = 'log';

export interface WatchDeps {
  readonly client: Client;
  readonly health: Health;
  readonly logger: Logger;
}

/** Asks the brokers for their leaders again and again, also when nobody writes; `onChange` hears when none has answered for a while, and when one does again. */
export class Watch {
  readonly #deps: WatchDeps;
  readonly #onChange: (error: Error | undefined) => void;
  readonly #timer: NodeJS.Timeout;
  #failingSince: number | undefined;
  #away = false;
  #asking = false;

  constructor(deps: WatchDeps, onChange: (error: Error | undefined) => void) {
    this.#deps = deps;
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.#ask(), EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const began = performance.now();
    try {
      await this.#deps.client.refresh();
      this.#failingSince = undefined;
      if (this.#away) this.#changed(undefined);
    } catch (error) {
      this.#failingSince ??= began;
      if (performance.now() - this.#failingSince > PATIENCE_MS && error instanceof Error) this.#changed(error);
    } finally {
      this.#asking = false;
    }
  }

  #changed(error: Error | undefined): void {
    const { health, logger } = this.#deps;
    health.report(HEALTH_PART, error && reasonOf(error));
    if (error && !this.#away) logger.warn({ reason: reasonOf(error) }, 'Kafka cannot be reached, nothing is acknowledged until it can');
    if (!error) logger.info('Kafka can be reached again');
    this.#away = error !== undefined;
    this.#onChange(error);
  }
}
