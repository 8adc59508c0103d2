import { reasonOf } from '../runtime/errors.ts';
import type { Health } from '../runtime/health.ts';
import type { Logger } from '../runtime/logging.ts';
import type { Client } from './client.ts';

const EVERY_MS = 1_000;
/** Longer than an election or the restart of one broker, which are no reason to refuse records. */
const PATIENCE_MS = 3_000;
const HEALTH_PART = 'log';

export interface WatchDeps {
  readonly client: Pick<Client, 'leadership' | 'refresh'>;
  readonly health: Health;
  readonly logger: Logger;
}

export interface WatchListener {
  /** No broker has answered for a while, for this reason; undefined: one answers again. */
  away(error: Error | undefined): void;
  /** At least one partition has another leader. */
  moved(): void;
}

/** Asks the brokers for the leaders every second, even when nobody writes. */
export class Watch {
  readonly #deps: WatchDeps;
  readonly #listener: WatchListener;
  readonly #timer: NodeJS.Timeout;
  #failingSince: number | undefined;
  #leadership: string;
  #away = false;
  #asking = false;

  constructor(deps: WatchDeps, listener: WatchListener) {
    this.#deps = deps;
    this.#listener = listener;
    this.#leadership = deps.client.leadership;
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
      this.#compare();
    } catch (error) {
      this.#failingSince ??= began;
      if (performance.now() - this.#failingSince > PATIENCE_MS && error instanceof Error) this.#changed(error);
    } finally {
      this.#asking = false;
    }
  }

  #compare(): void {
    const { leadership } = this.#deps.client;
    if (leadership === this.#leadership) return;
    this.#leadership = leadership;
    this.#deps.logger.info('partitions have other leaders now');
    this.#listener.moved();
  }

  #changed(error: Error | undefined): void {
    const { health, logger } = this.#deps;
    health.report(HEALTH_PART, error && reasonOf(error));
    if (error && !this.#away) logger.warn({ reason: reasonOf(error) }, 'Kafka cannot be reached, nothing is acknowledged until it can');
    if (!error) logger.info('Kafka can be reached again');
    this.#away = error !== undefined;
    this.#listener.away(error);
  }
}
