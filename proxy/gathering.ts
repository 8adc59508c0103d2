import type { Records } from '../message-log/port.ts';
import { type CommitQueue, REQUEST_BYTES } from './commit-queue.ts';
import type { SensorRequest } from './sensor-request.ts';

const GROUP_BYTES_MAX = 1024 * 1024;
const RECORDS_MIN = 1_024;

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
