/**
 * Between requests and the log: records that arrive in one turn of the event loop become one append, without waiting for more. One append,
 * one promise and one look at the clock then serve many requests.
 */
import type { MessageLog, Records } from '../../message-log/port.ts';
import { reasonOf, TransientError } from '../../runtime/errors.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { LogWatch } from './log-watch.ts';
import type { ProxyMetrics } from '../metrics.ts';
import type { SensorRequest } from '../http/sensor-request.ts';

/**
 * What a waiting request is charged in addition to its bytes. It really costs about ten times that; but the whole fleet may report at once,
 * and the default queue must hold 50,000 requests.
 */
export const REQUEST_BYTES = 512;

/** Recoveries wait at most this long until the readings before them are durable: none may wait for ever for another sensor's partition. */
const HELD_MS = 1_000;

/** The records of one append. */
export interface Append {
  readonly topic: 'ENTRY' | 'OK';
  readonly records: Records;
  /** Record time, epoch ms. */
  readonly at: number;
  /** Time of the newest record in the other topic, of the same sensor as one of these records, that came before it. */
  readonly follows: number;
}

/** Requests whose records go to the log in one append. */
interface Group {
  readonly topic: 'ENTRY' | 'OK';
  readonly at: number;
  requests: readonly SensorRequest[];
  readonly charge: number;
  /** performance.now() when it was handed to the log. */
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
  /** What waits for the log, bytes: bodies, and REQUEST_BYTES for each request. */
  bytes = 0;
  /**
   * Oldest first; settled groups stay only behind unsettled ones. Not a Set: under constant change it makes a new table every few groups, to which its
   * old ones refer, and every request that was ever in them outlives a collection of the young generation.
   */
  readonly #inFlight: Group[] = [];
  /** Recoveries after readings of their sensors that aren't durable yet: a reader that saw them first would take the readings for newer. In order. */
  readonly #held: { readonly group: Group; readonly append: Append }[] = [];
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

  append(append: Append, requests: readonly SensorRequest[], charge: number): void {
    const { topic, at, follows } = append;
    const group: Group = { topic, at, requests, charge, since: performance.now(), settled: false };
    this.#inFlight.push(group);
    if (topic === 'OK' && (this.#held.length > 0 || this.#isUnderWay(follows))) {
      this.#held.push({ group, append: { ...append, records: copyOf(append.records) } });
    } else this.#send(group, append);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #send(group: Group, { topic, records, at }: Append): void {
    this.deps.log.append(topic, records, at).then(
      (place) => {
        this.deps.metrics.commitSeconds.observe((performance.now() - group.since) / 1_000);
        this.deps.watch.succeeded();
        for (const request of this.#settle(group)) request.receiver?.committed(request, place);
      },
      (error: unknown) => this.#fail(this.#settle(group), error),
    );
  }

  /** Whether there are readings of this time or before that aren't durable yet. */
  #isUnderWay(at: number): boolean {
    const oldest = this.#inFlight.find(({ topic, settled }) => topic === 'ENTRY' && !settled);
    return oldest !== undefined && oldest.at <= at;
  }

  #release(): void {
    const longAgo = performance.now() - HELD_MS;
    for (let [first] = this.#held; first; [first] = this.#held) {
      const { group, append } = first;
      if (group.since > longAgo && this.#isUnderWay(append.follows)) return;
      this.#held.shift();
      this.#send(group, append);
    }
  }

  /** Removes and returns the requests of a group; none if they were given up. */
  #settle(group: Group): readonly SensorRequest[] {
    const { requests } = group;
    group.requests = [];
    group.settled = true;
    const open = this.#inFlight.findIndex(({ settled }) => !settled);
    if (open !== 0) this.#inFlight.splice(0, open === -1 ? this.#inFlight.length : open);
    this.bytes -= group.charge;
    if (group.topic === 'ENTRY' && this.#held.length > 0) this.#release();
    return requests;
  }

  #fail(requests: readonly SensorRequest[], error: unknown): void {
    this.deps.watch.failed(error);
    const reason = reasonOf(error);
    for (const request of requests) request.receiver?.failed(request, reason);
  }

  /** Answers sensors in time even if the log doesn't; whether the records were written is then unknown. */
  #giveUp(): void {
    this.#release();
    const latest = performance.now() - this.limits.appendTimeoutMs;
    for (const group of this.#inFlight) {
      if (group.since > latest) return;
      if (group.requests.length === 0) continue;
      this.#fail(group.requests, new TransientError('append-timeout', `the log has not answered for ${this.limits.appendTimeoutMs} ms`));
      group.requests = [];
    }
  }
}

/** A copy of the records, since their buffers are reused. */
function copyOf({ length, bytes, keys, starts, ends }: Records): Records {
  const copied = { keys: new Int32Array(length), starts: new Uint32Array(length), ends: new Uint32Array(length) };
  let last = 0;
  for (let i = 0; i < length; i += 1) {
    copied.keys[i] = keys[i] as number;
    copied.starts[i] = starts[i] as number;
    copied.ends[i] = ends[i] as number;
    last = Math.max(last, ends[i] as number);
  }
  return { length, bytes: Buffer.from(bytes.subarray(0, last)), ...copied };
}
