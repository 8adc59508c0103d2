import { multiplierFrom } from '../../alarm/scatter.ts';
import type { Records } from '../../message-log/port.ts';
import { type CommitQueue, REQUEST_BYTES } from './commit-queue.ts';
import type { Batch } from './batch.ts';
import { NewestTimes } from './newest-times.ts';
import type { SensorRequest } from '../http/sensor-request.ts';

const GROUP_BYTES_MAX = 1024 * 1024;
const RECORDS_MIN = 1_024;
/** How far record times may get ahead of the clock because of a sensor that alternates between readings and recoveries. */
const AHEAD_MAX_MS = 500;
/** If record time is further ahead than this, the clock has been corrected, and record time follows it. */
const CLOCK_WAS_SET_MS = 1_000;

/** The gatherings of both topics, each the other's counterpart. */
export function gatherInto(queue: CommitQueue): { readonly entry: Gathering; readonly ok: Gathering } {
  const entry = new Gathering('ENTRY', queue);
  const ok = new Gathering('OK', queue);
  entry.counterpart = ok;
  ok.counterpart = entry;
  return { entry, ok };
}

/**
 * The records of one topic that gather in one turn of the event loop. Its buffers are reused.
 *
 * Records get their time here. Readings and recoveries are in two topics, and only their times say which came first: a later record of a sensor has a
 * later time than all earlier ones in the other topic, even within a millisecond.
 */
export class Gathering implements Records {
  length = 0;
  bytes: Buffer = Buffer.allocUnsafeSlow(64 * 1024);
  keys = new Int32Array(RECORDS_MIN);
  starts = new Uint32Array(RECORDS_MIN);
  ends = new Uint32Array(RECORDS_MIN);
  counterpart: Gathering = this;
  readonly newest = new NewestTimes(multiplierFrom(Math.random));
  readonly #topic: 'ENTRY' | 'OK';
  readonly #queue: CommitQueue;
  #used = 0;
  /** Time of the records that gather, or gathered last, epoch ms. */
  #at = 0;
  /** Time of the newest record in the other topic of the sensors of all that gather. */
  #followed = 0;
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

  /**
   * Adds the records of a request, which is answered once they are durable. False: they are not accepted, because recoveries and readings of a sensor
   * alternate faster than time passes. Never happens to readings.
   */
  add(request: SensorRequest, batch: Batch): boolean {
    const { body, bodyLength } = request;
    if (this.#used + bodyLength > GROUP_BYTES_MAX) this.flush();
    let follows = this.#newestBefore(batch);
    if (this.#requests.length > 0 && this.#at <= follows) this.flush();
    if (this.#requests.length === 0) {
      if (this.#forgetsTimes(follows)) follows = 0;
      if (!this.#open(follows)) return false;
    }
    const before = this.#used;
    this.#append(body, bodyLength);
    this.#append(batch.replacing, batch.replacingLength);
    this.#take(batch, before);
    this.newest.note(batch.keys, 0, batch.length, this.#at);
    if (follows > this.#followed) this.#followed = follows;
    const charge = this.#used - before + REQUEST_BYTES;
    this.#charge += charge;
    this.#queue.bytes += charge;
    this.#requests.push(request);
    if (this.#scheduled) return true;
    this.#scheduled = true;
    setImmediate(this.#flushSoon);
    return true;
  }

  /** Time of the newest record in the other topic of the sensors in a batch; 0: none. */
  #newestBefore({ keys, length }: Batch): number {
    // The whole other topic is older anyway, as nearly always for readings.
    if (this.#topic === 'ENTRY' && this.counterpart.#at < this.#at) return 0;
    const { newest } = this.counterpart;
    let latest = 0;
    for (let i = 0; i < length; i += 1) {
      const at = newest.of(keys[i] as number);
      if (at > latest) latest = at;
    }
    return latest;
  }

  #take({ keys, starts, ends, length }: Batch, shift: number): void {
    while (this.length + length > this.keys.length) this.#enlarge();
    for (let i = 0, to = this.length; i < length; i += 1, to += 1) {
      this.keys[to] = keys[i] as number;
      this.starts[to] = (starts[i] as number) + shift;
      this.ends[to] = (ends[i] as number) + shift;
    }
    this.length += length;
  }

  /** Hands over what has gathered, to be appended after what it follows. */
  flush(): void {
    if (this.#requests.length === 0) return;
    if (this.#followed >= this.counterpart.#at) this.counterpart.flush();
    const requests = this.#requests;
    const charge = this.#charge;
    const followed = this.#followed;
    this.#requests = [];
    this.#charge = 0;
    this.#followed = 0;
    this.#queue.append({ topic: this.#topic, records: this, at: this.#at, follows: followed }, requests, charge);
    // `bytes` may be reused once append has returned.
    this.length = 0;
    this.#used = 0;
  }

  /** Sets the time of the records that gather from here on. False: it would be too far ahead. */
  #open(follows: number): boolean {
    const now = this.#queue.deps.clock();
    if (this.#topic === 'OK' && follows >= now + AHEAD_MAX_MS) return false;
    this.#at = Math.max(now, this.#at, follows + 1);
    return true;
  }

  /** Whether the clock was ahead and is right now: then the log has no records of that time, or keeps times in order itself. */
  #forgetsTimes(follows: number): boolean {
    const latest = this.#queue.deps.clock() + CLOCK_WAS_SET_MS;
    if (this.#at <= latest && follows <= latest) return false;
    this.flush();
    this.counterpart.flush();
    this.#at = 0;
    this.counterpart.#at = 0;
    this.newest.forget();
    this.counterpart.newest.forget();
    return true;
  }

  #append(from: Buffer, length: number): void {
    if (this.#used + length > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.bytes.length, this.#used + length));
      this.bytes.copy(larger, 0, 0, this.#used);
      this.bytes = larger;
    }
    from.copy(this.bytes, this.#used, 0, length);
    this.#used += length;
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
