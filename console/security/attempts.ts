const ATTEMPTS_MAX = 10;
const SPAN_MS = 60_000;
const ADDRESSES_MAX = 1_000;

/** Failed sign-ins by address: ten a minute, then no more until the minute is over. Bounded: beyond many addresses all share one count. */
export class Attempts {
  #since = 0;
  #failed = new Map<string, number>();

  /** Seconds to wait, or 0. */
  waitSeconds(address: string, now: number): number {
    this.#roll(now);
    return (this.#failed.get(this.#key(address)) ?? 0) < ATTEMPTS_MAX ? 0 : Math.ceil((this.#since + SPAN_MS - now) / 1_000);
  }

  failed(address: string, now: number): void {
    this.#roll(now);
    const key = this.#key(address);
    this.#failed.set(key, (this.#failed.get(key) ?? 0) + 1);
  }

  #key(address: string): string {
    return this.#failed.has(address) || this.#failed.size < ADDRESSES_MAX ? address : 'others';
  }

  #roll(now: number): void {
    if (now - this.#since < SPAN_MS && now >= this.#since) return;
    this.#since = now;
    this.#failed = new Map();
  }
}
