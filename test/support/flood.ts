/** What strangers can send to a system, as fast as they are told, beside clients whose sensors see somebody move. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Every tick one client with motion has a turn: a hit, and a recovery in the next round. */
const TICK_MS = 100;
export const CALM = { motion: false, smoke: false, temperature: 20, maxTemperature: 30 };
/** Ids that no client has. */
const STRANGERS_FROM = 1_000_000_000;
const LETTERS_MAX = 1_000;

export interface FloodOptions {
  readonly url: string;
  readonly random: () => number;
  /** Statuses and recoveries a second, without those of clients; fewer where the answers take too long. */
  readonly rate: number;
  /** Ids of clients' sensors with motion. */
  readonly clients: readonly number[];
}

export class Flood {
  sent = 0;
  /** Requests that were answered 429 or 503. */
  refused = 0;
  /** Clients whose sensors have reported motion, and no recovery since. */
  readonly moving = new Set<number>();
  readonly #options: FloodOptions;

  constructor(options: FloodOptions) {
    this.#options = options;
  }

  /** Sends until `signal` is aborted; then every client's last word has been taken. */
  async run(signal: AbortSignal): Promise<void> {
    let due = performance.now();
    for (let tick = 0; !signal.aborted; tick += 1) {
      await Promise.all([this.#strangers(), this.#client(tick)]);
      // A machine that is too slow for the rate gets less, not all of it later.
      due = Math.max(due + TICK_MS, performance.now());
      await sleep(due - performance.now());
    }
  }

  async #strangers(): Promise<void> {
    const { random, rate, clients } = this.#options;
    const entries: object[] = [];
    const recoveries: object[] = [];
    for (let i = 0; i < (rate * TICK_MS) / 1_000; i += 1) {
      const id = STRANGERS_FROM + Math.floor(random() * 1e9);
      const kind = random();
      if (kind < 0.4) entries.push({ ...CALM, id, motion: true });
      else if (kind < 0.7) entries.push({ ...CALM, id, smoke: true, note: 'x'.repeat(random() * LETTERS_MAX) });
      else if (kind < 0.9) recoveries.push({ id });
      else entries.push({ ...CALM, id: clients[Math.floor(random() * clients.length)], temperature: 15 + Math.floor(random() * 10) });
    }
    for (const [path, records] of [['/entry', entries] as const, ['/ok', recoveries] as const]) {
      if (records.length === 0) continue;
      const status = await this.#post(path, records);
      if (status === 202) this.sent += records.length;
    }
  }

  async #client(tick: number): Promise<void> {
    const { clients } = this.#options;
    const id = clients[tick % clients.length] ?? 0;
    if (this.moving.delete(id)) await this.take('/ok', [{ id }]);
    else {
      await this.take('/entry', [{ ...CALM, id, motion: true }]);
      this.moving.add(id);
    }
  }

  /** Sends it again until it is taken, as a sensor does. */
  async take(path: string, records: readonly object[]): Promise<void> {
    while ((await this.#post(path, records)) !== 202) await sleep(TICK_MS);
  }

  async #post(path: string, records: readonly object[]): Promise<number> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${this.#options.url}${path}`, { method: 'POST', headers, body: JSON.stringify(records) });
    const text = await answer.text();
    if (answer.status === 429 || answer.status === 503) this.refused += 1;
    else if (answer.status !== 202) throw new Error(`${path} was answered ${answer.status}: ${text.slice(0, 500)}`);
    return answer.status;
  }
}
