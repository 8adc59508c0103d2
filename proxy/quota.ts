import type { Sender } from './authentication.ts';

interface Bucket {
  tokens: number;
  at: number;
}

const CLIENTS_MAX = 100_000;

/**
 * A token bucket per client: a gateway, a sensor, or an address where nobody authenticates. It holds one second's worth; a batch may
 * take it into debt, which then has to be waited out. Times are from a monotonic clock in ms.
 */
export class Quota {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();

  /** 0: no limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  get limited(): boolean {
    return this.#perSecond > 0;
  }

  /** Seconds until the client may send again; 0: now. */
  wait(client: string, now: number): number {
    const { tokens } = this.#bucket(client, now);
    return tokens > 0 ? 0 : (1 - tokens) / this.#perSecond;
  }

  spend(client: string, records: number, now: number): void {
    this.#bucket(client, now).tokens -= records;
  }

  #bucket(client: string, now: number): Bucket {
    let bucket = this.#buckets.get(client);
    if (bucket === undefined) {
      if (this.#buckets.size >= CLIENTS_MAX) this.#makeRoom(now);
      bucket = { tokens: this.#perSecond, at: now };
      this.#buckets.set(client, bucket);
    }
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + ((now - bucket.at) / 1_000) * this.#perSecond);
    bucket.at = now;
    return bucket;
  }

  /** Drops those that have nothing to remember; failing that, the oldest. */
  #makeRoom(now: number): void {
    for (const [client, bucket] of this.#buckets) if (now - bucket.at > 1_000 && bucket.tokens >= 0) this.#buckets.delete(client);
    if (this.#buckets.size < CLIENTS_MAX) return;
    for (const client of this.#buckets.keys()) {
      this.#buckets.delete(client);
      return;
    }
  }
}

export function clientOf(sender: Sender | undefined, address: string | undefined): string {
  if (sender?.gateway !== undefined) return `gateway ${sender.gateway}`;
  return sender?.sensor === undefined ? `address ${address}` : `sensor ${sender.sensor}`;
}
