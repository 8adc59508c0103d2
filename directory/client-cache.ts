import type { Clock } from '../runtime/clock.ts';
import type { Client } from './port.ts';

const CLIENTS_MAX = 5_000;

/** Caches clients, about 1 KB each, because several parts of the system look up the same one when an alarm is raised. */
export class ClientCache {
  readonly #keepMs: number;
  readonly #clock: Clock;
  readonly #clients = new Map<number, { readonly client: Client; readonly until: number }>();
  #changes = 0;

  constructor(keepMs: number, clock: Clock) {
    this.#keepMs = keepMs;
    this.#clock = clock;
  }

  get(sensor: number): Client | undefined {
    const kept = this.#clients.get(sensor);
    return kept && this.#clock() < kept.until ? kept.client : undefined;
  }

  /** Call it before looking up a client. Returns a function that caches the client, unless clients were written meanwhile. */
  lookingUp(): (client: Client) => void {
    const changes = this.#changes;
    return (client) => {
      if (changes !== this.#changes || this.#keepMs === 0) return;
      this.#clients.delete(client.id);
      this.#clients.set(client.id, { client, until: this.#clock() + this.#keepMs });
      const oldest = this.#clients.keys().next();
      if (this.#clients.size > CLIENTS_MAX && !oldest.done) this.#clients.delete(oldest.value);
    };
  }

  /** Call it when clients are written: their cached values, and all look-ups under way, may be out of date. */
  changed(sensors: Iterable<number>): void {
    this.#changes += 1;
    for (const sensor of sensors) this.#clients.delete(sensor);
  }
}
