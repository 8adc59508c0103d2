import type { Clock } from '../../runtime/clock.ts';
import { networkOf } from './network.ts';

const ATTEMPTS_MAX = 10;
const SPAN_MS = 60_000;
const NETWORKS_MAX = 1_000;

/**
 * Counts wrong tokens by client, and asks a client to wait after ten within a minute. A right token still works, so that nobody is shut out by a
 * neighbour behind the same address; what makes guessing hopeless is the length of tokens. Bounded: beyond a number of clients all others share one count.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #onMany: (address: string) => void;
  #since = 0;
  #wrong = new Map<string, number>();
  #total = 0;

  /** `onMany` is called with a client's address at most once a minute, when it must wait for the first time. */
  constructor(clock: Clock, onMany: (address: string) => void) {
    this.#clock = clock;
    this.#onMany = onMany;
  }

  /** Wrong tokens since the start. */
  get total(): number {
    return this.#total;
  }

  /** Counts a wrong token. Returns for how many seconds the client should wait, or 0. */
  wrong(address: string): number {
    const now = this.#clock();
    if (now - this.#since >= SPAN_MS || now < this.#since) {
      this.#since = now;
      this.#wrong = new Map();
    }
    this.#total += 1;
    const network = networkOf(address);
    const key = this.#wrong.has(network) || this.#wrong.size < NETWORKS_MAX ? network : 'others';
    const count = (this.#wrong.get(key) ?? 0) + 1;
    this.#wrong.set(key, count);
    if (count <= ATTEMPTS_MAX) return 0;
    if (count === ATTEMPTS_MAX + 1) this.#onMany(key === network ? address : key);
    return Math.ceil((this.#since + SPAN_MS - now) / 1_000);
  }
}
