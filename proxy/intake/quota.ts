import type { Sender } from './authentication.ts';

interface Bucket {
  tokens: number;
  at: number;
}

const CLIENTS_MAX = 100_000;
/** How many clients are examined to find one that can be forgotten. */
const EXAMINED = 16;

/**
 * A token bucket per client: a gateway, a sensor, or an address if nobody authenticates. It holds one second's worth; a batch may
 * put it into debt, which the client has to wait out. Times are ms of a monotonic clock.
 */
export class Quota {
  readonly #perSecond: number;
  readonly #buckets = new Map<string, Bucket>();
  /** The clients with a bucket, in no order, and which to examine next when one must be forgotten. */
  readonly #clients: string[] = [];
  #hand = 0;

  /** 0: no limit. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  get limited(): boolean {
    return this.#perSecond > 0;
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#buckets.size;
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
      const place = this.#buckets.size < CLIENTS_MAX ? this.#buckets.size : this.#freePlace(now);
      this.#clients[place] = client;
      bucket = { tokens: this.#perSecond, at: now };
      this.#buckets.set(client, bucket);
    }
    this.#refill(bucket, now);
    return bucket;
  }

  /**
   * The place of a client that owes nothing or, among those examined, owes least; the next call examines others. So a flood of new clients
   * replaces other new clients, not those in debt.
   */
  #freePlace(now: number): number {
    let place = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let examined = 0; examined < EXAMINED && most < this.#perSecond; examined += 1) {
      const bucket = this.#buckets.get(this.#clients[this.#hand] ?? '');
      if (bucket) this.#refill(bucket, now);
      if (bucket && bucket.tokens > most) [place, most] = [this.#hand, bucket.tokens];
      this.#hand = (this.#hand + 1) % CLIENTS_MAX;
    }
    this.#buckets.delete(this.#clients[place] ?? '');
    return place;
  }

  #refill(bucket: Bucket, now: number): void {
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + ((now - bucket.at) / 1_000) * this.#perSecond);
    bucket.at = now;
  }
}

export function clientOf(sender: Pick<Sender, 'sensor' | 'gateway'> | undefined, address: string | undefined): string {
  if (sender?.gateway !== undefined) return `gateway ${sender.gateway}`;
  return sender?.sensor === undefined ? `address ${address}` : `sensor ${sender.sensor}`;
}
