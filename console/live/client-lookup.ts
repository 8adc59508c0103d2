import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Client, Directory } from '../../directory/port.ts';
import { retryForever } from '../../runtime/backoff.ts';
import { reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';

const AT_ONCE = 8;
/** A directory in memory answers at once, and there may be hundreds of thousands of sensors: other work gets its turn after this many. */
const PER_TURN = 50;
const PART = 'console-directory';

/** Looks clients up in the background, a few at a time, so that no alarm waits for the directory. */
export class ClientLookup {
  readonly #directory: Directory;
  readonly #health: Health;
  readonly #onClient: (client: Client) => void;
  /** Sensors to look up, each once. */
  readonly #queue = new Set<number>();
  readonly #abort = new AbortController();
  readonly #workers = new Set<Promise<void>>();

  constructor(directory: Directory, health: Health, onClient: (client: Client) => void) {
    this.#directory = directory;
    this.#health = health;
    this.#onClient = onClient;
  }

  ask(sensor: number): void {
    if (this.#abort.signal.aborted) return;
    this.#queue.add(sensor);
    if (this.#workers.size >= AT_ONCE) return;
    const worker = this.#work().finally(() => this.#workers.delete(worker));
    this.#workers.add(worker);
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('stopping'));
    await Promise.all(this.#workers);
  }

  async #work(): Promise<void> {
    const { signal } = this.#abort;
    let looked = 0;
    for (const sensor of this.#queue) {
      this.#queue.delete(sensor);
      const client = await this.#find(sensor);
      looked += 1;
      if (looked % PER_TURN === 0) await nextTurn();
      if (signal.aborted) return;
      if (client) this.#onClient(client);
    }
  }

  async #find(sensor: number): Promise<Client | undefined> {
    try {
      const client = await retryForever(
        () => this.#directory.find(sensor),
        (error) => this.#health.report(PART, `clients cannot be looked up: ${reasonOf(error)}`),
        this.#abort.signal,
      );
      this.#health.report(PART, undefined);
      return client === 'damaged' ? undefined : client;
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#health.report(PART, `clients cannot be looked up: ${reasonOf(error)}`);
      return undefined;
    }
  }
}
