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
const REQUEST_BYTES = 512;
const GROUP_BYTES_MAX = 1024 * 1024;
const RECORDS_MIN = 1_024;

/** Requests whose records went to the log in one append. */
interface Group {
  requests: SensorRequest[];
  readonly charge: number;
  /** performance.now() when it was handed over. */
  readonly since: number;
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
  readonly #inFlight = new Set<Group>();
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

  append(topic: 'ENTRY' | 'OK', records: Records, at: number, requests: SensorRequest[], charge: number): void {
    const group: Group = { requests, charge, since: performance.now() };
    this.#inFlight.add(group);
    this.deps.log.append(topic, records, at).then(
      (place) => {
        this.#settle(group);
        this.deps.metrics.commitSeconds.observe((performance.now() - group.since) / 1_000);
        this.deps.watch.succeeded();
        for (const request of group.requests) request.receiver?.committed(request, place);
      },
      (error: unknown) => {
        this.#settle(group);
        this.#fail(group, error);
      },
    );
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #settle(group: Group): void {
    this.#inFlight.delete(group);
    this.bytes -= group.charge;
  }

  #fail(group: Group, error: unknown): void {
    this.deps.watch.failed(error);
    const reason = reasonOf(error);
    for (const request of group.requests) request.receiver?.failed(request, reason);
  }

  /** A sensor gets an answer in time even where the log gives none; what became of the records is unknown then. */
  #giveUp(): void {
    const latest = performance.now() - this.limits.appendTimeoutMs;
    for (const group of this.#inFlight) {
      if (group.since > latest) return;
      if (group.requests.length === 0) continue;
      this.#fail(group, new TransientError('append-timeout', `the log has not answered for ${this.limits.appendTimeoutMs} ms`));
      group.requests = [];
    }
  }
}

/** The records of one topic that gather in one turn of the event loop. Its buffers are used again and again. */
export class Gathering implements Records {
  length = 0;
  bytes: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  keys = new Int32Array(RECORDS_MIN);
  starts = new Uint32Array(RECORDS_MIN);
  ends = new Uint32Array(RECORDS_MIN);
  readonly #topic: 'ENTRY' | 'OK';
  readonly #queue: CommitQueue;
  #used = 0;
  #mark = 0;
  #at = 0;
  #charge = 0;
  #requests: SensorRequest[] = [];
  #scheduled = false;
  readonly #flushSoon = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(topic: 'ENTRY' | 'OK', queue: CommitQueue) {
    this.#topic = topic;
    this.#queue = queue;
  }

  /** Before the records of a request; answers how many are there already. */
  begin(bodyLength: number): number {
    if (this.#used + bodyLength > GROUP_BYTES_MAX) this.flush();
    if (this.#used + bodyLength > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.#used + bodyLength));
      this.bytes.copy(larger, 0, 0, this.#used);
      this.bytes = larger;
    }
    this.#mark = this.length;
    return this.length;
  }

  /** One record of the request: a range of its body. */
  put(key: number, start: number, end: number): void {
    if (this.length === this.keys.length) this.#enlarge();
    this.keys[this.length] = key;
    this.starts[this.length] = this.#used + start;
    this.ends[this.length] = this.#used + end;
    this.length += 1;
  }

  /** Forgets the records put since `begin`. */
  cancel(): void {
    this.length = this.#mark;
  }

  /** After the records of a request: it is answered once they are durable. */
  end(request: SensorRequest): void {
    const { body, bodyLength } = request;
    body.copy(this.bytes, this.#used, 0, bodyLength);
    this.#used += bodyLength;
    const charge = bodyLength + REQUEST_BYTES;
    this.#charge += charge;
    this.#queue.bytes += charge;
    if (this.#requests.length === 0) this.#at = this.#queue.deps.clock();
    this.#requests.push(request);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#flushSoon);
  }

  /** Hands over what has gathered. */
  flush(): void {
    if (this.#requests.length === 0) return;
    const requests = this.#requests;
    const charge = this.#charge;
    this.#requests = [];
    this.#charge = 0;
    this.#queue.append(this.#topic, this, this.#at, requests, charge);
    // The log has what it needs: `bytes` may be used again once append has returned.
    this.length = 0;
    this.#used = 0;
  }

  #enlarge(): void {
    const capacity = 2 * this.keys.length;
    const keys = new Int32Array(capacity);
    keys.set(this.keys);
    this.keys = keys;
    const starts = new Uint32Array(capacity);
    starts.set(this.starts);
    this.starts = starts;
    const ends = new Uint32Array(capacity);
    ends.set(this.ends);
    this.ends = ends;
  }
}
