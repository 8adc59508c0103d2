import type { Clock } from './clock.ts';
import { networkOf } from './network.ts';

const ATTEMPTS_MAX = 10;
const SPAN_MS = 60_000;
const KEYS_MAX = 10_000;
const OTHERS = 'others';

/**
 * Counts wrong tokens by client, and wrong passwords by client and account; after ten within a minute the client is asked to wait. A correct token still
 * works, so that nobody is shut out by a neighbour behind the same address; tokens are too long to guess anyway. Passwords are then not even checked, but
 * only for that account and client. Bounded: beyond a maximum number of clients all others share one count, for which nobody has to wait.
 */
export class Attempts {
  readonly #clock: Clock;
  readonly #onMany: (address: string) => void;
  #since = 0;
  #wrong = new Map<string, number>();
  #total = 0;

  /** `onMany` is called with a client's address when the client must start to wait, at most once a minute. */
  constructor(clock: Clock, onMany: (address: string) => void) {
    this.#clock = clock;
    this.#onMany = onMany;
  }

  /** Wrong tokens and passwords since the start. */
  get total(): number {
    return this.#total;
  }

  /** Counts a wrong token, or a wrong password for an account. Returns how many seconds the client should wait, or 0. */
  wrong(address: string, account?: string): number {
    this.#begin();
    this.#total += 1;
    const network = networkOf(address);
    const key = keyOf(network, account);
    const known = this.#wrong.has(key) || this.#wrong.size < KEYS_MAX;
    const count = (this.#wrong.get(known ? key : OTHERS) ?? 0) + 1;
    this.#wrong.set(known ? key : OTHERS, count);
    if (count <= ATTEMPTS_MAX) return 0;
    if (count === ATTEMPTS_MAX + 1) this.#onMany(known ? address : OTHERS);
    return this.#rest();
  }

  /** Seconds for which no password for the account is checked from that client, or 0: unlike a token, a password can be guessed. */
  wait(address: string, account: string): number {
    this.#begin();
    return (this.#wrong.get(keyOf(networkOf(address), account)) ?? 0) >= ATTEMPTS_MAX ? this.#rest() : 0;
  }

  #begin(): void {
    const now = this.#clock();
    if (now - this.#since < SPAN_MS && now >= this.#since) return;
    this.#since = now;
    this.#wrong = new Map();
  }

  #rest(): number {
    return Math.ceil((this.#since + SPAN_MS - this.#clock()) / 1_000);
  }
}

function keyOf(network: string, account: string | undefined): string {
  return account === undefined ? network : `${network} ${account}`;
}
