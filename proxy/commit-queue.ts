/**
 * Between requests and the log: what arrives in one turn of the event loop becomes one append, without waiting for more. One append,
 * one promise and one look at the clock then serve many requests.
 */
import type { MessageLog, Records } from '../message-log/port.ts';
import { reasonOf, TransientError } from '../runtime/errors.ts';
import type { Clock } from '../runtime/clock.ts';
import type { LogWatch } from './log-watch.ts';
import type { ProxyMetrics } from './metrics.ts';
import type { SensorRequest } from './sensor-request.ts';

/**
 * What a request that waits is charged beside its bytes. It really costs about ten times that; but the whole fleet may report in one moment,
 * and the default queue is to hold 50,000 of them.
 */
export const REQUEST_BYTES = 512;

/** Requests whose records went to the log in one append. */
interface Group {
  requests: readonly SensorRequest[];
  readonly charge: number;
  /** performance.now() when it was handed over. */
  readonly since: number;
  settled: boolean;
}

export interface QueueDeps {
  readonly log: MessageLog;
  readonly clock: Clock;
  readonly metrics: ProxyMetrics;
  readonly watch: LogWatch;
}

export interface QueueLimits {
  readonly queueBytesMax: number;
  readonly appendTimeoutMs: number;
}

export class CommitQueue {
  readonly limits: QueueLimits;
  readonly deps: QueueDeps;
  /** What waits for the log: bodies, and what the waiting requests themselves cost. */
  bytes = 0;
  /**
   * Oldest first, settled ones at most behind others. Not a Set: one that always takes and gives makes a new table every few groups, which its
   * old ones refer to, and every request that was ever in them outlives a collection of the young generation.
   */
  readonly #inFlight: Group[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(limits: QueueLimits, deps: QueueDeps) {
    this.limits = limits;
    this.deps = deps;
    this.#timer = setInterval(() => this.#giveUp(), Math.min(1_000, limits.appendTimeoutMs));
    this.#timer.unref();
  }

  get idle(): boolean {
    return this.bytes === 0;
  }

  hasRoom(bodyLength: number): boolean {
    return this.bytes + bodyLength + REQUEST_BYTES <= this.limits.queueBytesMax;
  }

  append(topic: 'ENTRY' | 'OK', records: Records, at: number, requests: readonly SensorRequest[], charge: number): void {
    const group: Group = { requests, charge, since: performance.now(), settled: false };
    this.#inFlight.push(group);
    this.deps.log.append(topic, records, at).then(
      (place) => {
        this.deps.metrics.commitSeconds.observe((performance.now() - group.since) / 1_000);
        this.deps.watch.succeeded();
        for (const request of this.#settle(group)) request.receiver?.committed(request, place);
      },
      (error: unknown) => this.#fail(this.#settle(group), error),
    );
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Its requests, which it lets go of; none where they were given up. */
  #settle(group: Group): readonly SensorRequest[] {
    const { requests } = group;
    group.requests = [];
    group.settled = true;
    const open = this.#inFlight.findIndex(({ settled }) => !settled);
    if (open !== 0) this.#inFlight.splice(0, open === -1 ? this.#inFlight.length : open);
    this.bytes -= group.charge;
    return requests;
  }

  #fail(requests: readonly SensorRequest[], error: unknown): void {
    this.deps.watch.failed(error);
    const reason = reasonOf(error);
    for (const request of requests) request.receiver?.failed(request, reason);
  }

  /** A sensor gets an answer in time even where the log gives none; what became of the records is unknown then. */
  #giveUp(): void {
    const latest = performance.now() - this.limits.appendTimeoutMs;
    for (const group of this.#inFlight) {
      if (group.since > latest) return;
      if (group.requests.length === 0) continue;
      this.#fail(group.requests, new TransientError('append-timeout', `the log has not answered for ${this.limits.appendTimeoutMs} ms`));
      group.requests = [];
    }
  }
}
