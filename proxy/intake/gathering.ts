import type { Records } from '../../message-log/port.ts';
import { type CommitQueue, REQUEST_BYTES } from './commit-queue.ts';
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
  readonly newest = new NewestTimes();
  readonly #topic: 'ENTRY' | 'OK';
  readonly #queue: CommitQueue;
  #used = 0;
  #mark = 0;
  /** Time of the records that gather, or gathered last, epoch ms. */
  #at = 0;
  /** Time of the newest record in the other topic of the sensors of the present request; and of all that gather. */
  #follows = 0;
  #followed = 0;
  /** False: the whole other topic is older anyway, as nearly always for readings. */
  #mayFollow = true;
  /** Values that replace a range of the body, by the number of the record in the request. */
  #replaced: { readonly record: number; readonly value: Buffer }[] = [];
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

  /** Begins a request; returns how many records have gathered already. */
  begin(bodyLength: number): number {
    if (this.#used + bodyLength > GROUP_BYTES_MAX) this.flush();
    this.#mark = this.length;
    this.#follows = 0;
    this.#mayFollow = this.#topic === 'OK' || this.counterpart.#at >= this.#at;
    if (this.#replaced.length > 0) this.#replaced = [];
    return this.length;
  }

  /** Adds a record of the request: a range of its body. */
  put(key: number, start: number, end: number): void {
    if (this.length === this.keys.length) this.#enlarge();
    this.keys[this.length] = key;
    this.starts[this.length] = start;
    this.ends[this.length] = end;
    this.length += 1;
    if (!this.#mayFollow) return;
    const before = this.counterpart.newest.of(key);
    if (before > this.#follows) this.#follows = before;
  }

  /** Replaces the value of the record that was added last. */
  replace(value: Buffer): void {
    this.#replaced.push({ record: this.length - 1 - this.#mark, value });
  }

  /** Drops the records added since `begin`. */
  cancel(): void {
    this.length = this.#mark;
  }

  /**
   * Ends a request, which is answered once its records are durable. False: they are not accepted, because recoveries and readings of a sensor
   * alternate faster than time passes. Never happens to readings.
   */
  end(request: SensorRequest): boolean {
    if (this.#requests.length > 0 && this.#at <= this.#follows) this.#flushEarlier();
    if (this.#requests.length === 0 && !this.#open()) {
      this.cancel();
      return false;
    }
    const { body, bodyLength } = request;
    const first = this.#used;
    this.#append(body, bodyLength);
    const { starts, ends } = this;
    for (let i = this.#mark; i < this.length; i += 1) {
      starts[i] = (starts[i] as number) + first;
      ends[i] = (ends[i] as number) + first;
    }
    this.newest.note(this.keys, this.#mark, this.length, this.#at);
    for (const { record, value } of this.#replaced) {
      this.starts[this.#mark + record] = this.#used;
      this.#append(value, value.length);
      this.ends[this.#mark + record] = this.#used;
    }
    if (this.#follows > this.#followed) this.#followed = this.#follows;
    const charge = this.#used - first + REQUEST_BYTES;
    this.#charge += charge;
    this.#queue.bytes += charge;
    this.#requests.push(request);
    if (this.#scheduled) return true;
    this.#scheduled = true;
    setImmediate(this.#flushSoon);
    return true;
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
  #open(): boolean {
    const now = this.#queue.deps.clock();
    if (this.#at > now + CLOCK_WAS_SET_MS || this.#follows > now + CLOCK_WAS_SET_MS) this.#forgetTimes();
    if (this.#topic === 'OK' && this.#follows >= now + AHEAD_MAX_MS) return false;
    this.#at = Math.max(now, this.#at, this.#follows + 1);
    return true;
  }

  /** The clock was ahead and is right now: the log has no records of that time, or keeps times in order itself. */
  #forgetTimes(): void {
    this.flush();
    this.counterpart.flush();
    this.#at = 0;
    this.counterpart.#at = 0;
    this.#follows = 0;
    this.newest.forget();
    this.counterpart.newest.forget();
  }

  /** Hands over what gathered before the present request, and keeps the records of the present one. */
  #flushEarlier(): void {
    const { length } = this;
    const first = this.#mark;
    this.length = first;
    this.flush();
    for (const column of [this.keys, this.starts, this.ends]) column.copyWithin(0, first, length);
    this.length = length - first;
    this.#mark = 0;
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
