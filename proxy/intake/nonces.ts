import type { Clock } from '../../runtime/clock.ts';

/** `taken`: a request with it was accepted. `under-way`: one is still waiting for its answer. */
export type NonceState = 'new' | 'under-way' | 'taken';

/** Per sender, and of all, within twice the time that a signature is valid for. */
const SENDER_MAX = 2_000;
const ALL_MAX = 200_000;

/**
 * The nonces of signed requests, each accepted once. One whose request was refused may be used again. Bounded: what is beyond is accepted without being
 * remembered, since a hit that is sent twice does less harm than one that is refused; only holders of a key can bring that about.
 */
export class Nonces {
  readonly #keptMs: number;
  readonly #clock: Clock;
  #since = 0;
  #now = new Map<string, boolean>();
  #before = new Map<string, boolean>();
  #perSender = new Map<string, number>();
  /** Accepted without being remembered. */
  forgotten = 0;

  /** `withinMs`: how far a signature's time may be before or after ours. */
  constructor(withinMs: number, clock: Clock) {
    this.#keptMs = 2 * withinMs;
    this.#clock = clock;
  }

  /** If it is `new`, `end` must follow. */
  begin(who: string, nonce: string): NonceState {
    this.#passOn();
    const key = keyOf(who, nonce);
    const taken = this.#now.get(key) ?? this.#before.get(key);
    if (taken !== undefined) return taken ? 'taken' : 'under-way';
    const own = this.#perSender.get(who) ?? 0;
    if (own >= SENDER_MAX || this.#now.size >= ALL_MAX) {
      this.forgotten += 1;
      return 'new';
    }
    this.#perSender.set(who, own + 1);
    this.#now.set(key, false);
    return 'new';
  }

  /** `taken`: whether the request was accepted. */
  end(who: string, nonce: string, taken: boolean): void {
    const key = keyOf(who, nonce);
    const held = this.#now.has(key) ? this.#now : this.#before.has(key) ? this.#before : undefined;
    if (taken) held?.set(key, true);
    else held?.delete(key);
  }

  #passOn(): void {
    const now = this.#clock();
    if (now >= this.#since && now - this.#since < this.#keptMs) return;
    // A clock that was set back forgets nothing.
    if (now >= this.#since) {
      this.#before = this.#now;
      this.#now = new Map();
      this.#perSender = new Map();
    }
    this.#since = now;
  }
}

const keyOf = (who: string, nonce: string): string => `${who} ${nonce}`;
