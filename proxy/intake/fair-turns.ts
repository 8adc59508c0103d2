/**
 * Fair queueing (deficit round robin) of the work that bodies make. Reading a body occupies the event loop, and nobody else is heard meanwhile; so whatever takes longer goes on
 * in later turns of the loop, where clients take turns by time, whatever they send. A client with cheap bodies never waits for one with dear ones.
 */
import type { Clock } from '../../runtime/clock.ts';

/** The most time that a turn of the event loop spends on what has just come, and again on what waits. */
const TURN_MS = 2;
/** What a client gets each time that it is its turn; what it takes beyond, it owes. */
const QUANTUM_MS = 1;
/** Less than this isn't worth noticing a turn's end. */
const NOTICED_MS = 0.25;
/** Larger ones wait one after the other; smaller ones of the same client pass them. */
const SHORT_BYTES_MAX = 16 * 1024;
/** A client is alone if nobody else has sent anything for so long. */
const ALONE_MS = 1_000;

export interface FairTurnsDeps<W> {
  readonly clientOf: (work: W) => string;
  /** Work of one connection is done in the order in which it came. */
  readonly connectionOf: (work: W) => object;
  readonly bytesOf: (work: W) => number;
  /** Begins with it, or goes on, until `now` passes `until` at the latest. True: it is done. Must not throw. */
  readonly work: (work: W, until: number) => boolean;
  /** Ms of a clock that only runs forward. */
  readonly now: Clock;
  /** Bound for all that waits, bytes. */
  readonly bytesMax: number;
}

interface Waiting<W> {
  readonly work: W;
  readonly bytes: number;
}

/** What a client has waiting. */
class Lane<W> {
  readonly short: Waiting<W>[] = [];
  readonly long: Waiting<W>[] = [];
  bytes = 0;
  creditMs = 0;
  #last: Waiting<W>[] = this.long;

  get isEmpty(): boolean {
    return this.short.length === 0 && this.long.length === 0;
  }

  /** The queue whose turn it is, if anything waits: they alternate. */
  next(): Waiting<W>[] {
    const other = this.#last === this.long ? this.short : this.long;
    if (other.length !== 0) this.#last = other;
    return this.#last;
  }
}

export class FairTurns<W> {
  readonly #deps: FairTurnsDeps<W>;
  /** By client, the one whose turn is next first. */
  readonly #lanes = new Map<string, Lane<W>>();
  /** By connection: where its work waits, and how much. */
  readonly #connections = new Map<object, { readonly queue: Waiting<W>[]; count: number }>();
  /** What waits, and how much of what came was refused since its client had more than its share waiting. */
  bytes = 0;
  refused = 0;
  #spentMs = 0;
  #scheduled = false;
  #lastClient: string | undefined;
  #otherAt = Number.NEGATIVE_INFINITY;

  constructor(deps: FairTurnsDeps<W>) {
    this.#deps = deps;
  }

  /**
   * Does it now, or as much of it as there is time for; the rest `waits`. `over-share`: its client has more waiting than others may have, and others send
   * too. `full`: nothing more may wait. Of these two nothing is done any more.
   */
  take(work: W): 'done' | 'waits' | 'over-share' | 'full' {
    const connection = this.#deps.connectionOf(work);
    if (this.#lanes.size > 0) this.#see(this.#deps.clientOf(work));
    if (this.#spentMs < TURN_MS && !this.#connections.has(connection)) {
      const began = this.#deps.now();
      const isDone = this.#deps.work(work, began + TURN_MS - this.#spentMs);
      this.#spend(this.#deps.now() - began);
      if (isDone) return 'done';
    }
    return this.#wait(work, connection);
  }

  #wait(work: W, connection: object): 'waits' | 'over-share' | 'full' {
    const client = this.#deps.clientOf(work);
    const bytes = this.#deps.bytesOf(work);
    if (!this.#hasShare(client, bytes)) {
      this.refused += 1;
      return 'over-share';
    }
    if (this.bytes + bytes > this.#deps.bytesMax) return 'full';
    const lane = this.#lanes.get(client) ?? new Lane<W>();
    this.#lanes.set(client, lane);
    const place = this.#connections.get(connection) ?? { queue: bytes > SHORT_BYTES_MAX ? lane.long : lane.short, count: 0 };
    this.#connections.set(connection, place);
    place.queue.push({ work, bytes });
    place.count += 1;
    lane.bytes += bytes;
    this.bytes += bytes;
    this.#see(client);
    this.#schedule();
    return 'waits';
  }

  /** Whether a client may have so much more waiting: its first always, and half of the room in equal shares. */
  #hasShare(client: string, bytes: number): boolean {
    const lane = this.#lanes.get(client);
    if (lane === undefined) return true;
    const share = this.#deps.bytesMax / 2 / this.#lanes.size;
    if (this.#isAlone()) while (!lane.isEmpty && lane.bytes + bytes > share) this.#advance(lane, Number.POSITIVE_INFINITY);
    return lane.isEmpty || lane.bytes + bytes <= share;
  }

  /** Whether only the client sends that was seen last: then it may occupy the event loop, and is never refused. */
  #isAlone(): boolean {
    return this.#lanes.size === 1 && this.#deps.now() - this.#otherAt > ALONE_MS;
  }

  #see(client: string): void {
    if (client === this.#lastClient) return;
    if (this.#lastClient !== undefined) this.#otherAt = this.#deps.now();
    this.#lastClient = client;
  }

  #spend(ms: number): void {
    this.#spentMs += ms;
    if (this.#spentMs > NOTICED_MS) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    this.#spentMs = 0;
    const began = this.#deps.now();
    const until = began + TURN_MS;
    for (let now = began; this.#lanes.size > 0 && now < until; now = this.#deps.now()) {
      for (const [client, lane] of this.#lanes) {
        this.#lanes.delete(client);
        this.#go(lane, now);
        if (!lane.isEmpty) this.#lanes.set(client, lane);
        break;
      }
    }
    if (this.#lanes.size > 0) this.#schedule();
    else {
      this.#lastClient = undefined;
      this.#otherAt = Number.NEGATIVE_INFINITY;
    }
  };

  #go(lane: Lane<W>, began: number): void {
    lane.creditMs += QUANTUM_MS;
    const until = began + lane.creditMs;
    let now = began;
    for (; !lane.isEmpty && now < until; now = this.#deps.now()) this.#advance(lane, until);
    lane.creditMs = until - now;
  }

  #advance(lane: Lane<W>, until: number): void {
    const queue = lane.next();
    const [first] = queue;
    if (first === undefined || !this.#deps.work(first.work, until)) return;
    queue.shift();
    lane.bytes -= first.bytes;
    this.bytes -= first.bytes;
    const connection = this.#deps.connectionOf(first.work);
    const place = this.#connections.get(connection);
    if (place === undefined) return;
    place.count -= 1;
    if (place.count === 0) this.#connections.delete(connection);
  }
}
