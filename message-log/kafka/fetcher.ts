import { backoffMs } from '../../runtime/backoff.ts';
import { OwnError, reasonOf } from '../../runtime/errors.ts';
import type { Health } from '../../runtime/health.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { Client, Lane } from '../../kafka/client.ts';
import type { Cursor } from './cursor.ts';
import { nameOf, OFFSET_OUT_OF_RANGE } from '../../kafka/faults.ts';
import type { KafkaMetrics } from './metrics.ts';
import { boundsOf, endOf } from '../../kafka/offsets.ts';
import { fetchFrom } from '../../kafka/fetching.ts';
import type { FetchedSet } from '../../kafka/wire/fetch.ts';

export interface FetcherDeps {
  readonly client: Client;
  readonly health: Health;
  readonly logger: Logger;
  readonly metrics: KafkaMetrics;
  readonly requestTimeoutMs: number;
}

interface Asked {
  readonly cursor: Cursor;
  /** The offset asked for. */
  readonly at: number;
}

/** How long a broker may wait for new records. Shorter while a cursor is left out of the request: it can only join the next one. */
const WAIT_MS = 500;
const WAIT_FOR_ALL_MS = 2_000;
const RESPONSE_BYTES = 16 * 1024 * 1024;
/** Pause between requests while answers are small, so that a steady trickle doesn't cost a request per record. */
const PACE_MS = 2;
const SMALL_BYTES = 16 * 1024;
const PROMPT_PACE_MS = 10;
const RETRY = { firstMs: 50, maxMs: 1_000 };
const TROUBLE_AFTER_MS = 3_000;
const HEALTH_PART = 'log reading';

/**
 * Reads many partitions over one set of connections, with one request at a time per broker and lane for all cursors that have room. A reader
 * that sees a recovery also sees the readings before it, or that they are still to come.
 */
export class Fetcher {
  readonly #deps: FetcherDeps;
  readonly #cursors = new Set<Cursor>();
  /** The cursors of requests under way, by broker and lane. */
  readonly #asking = new Map<string, readonly Cursor[]>();
  readonly #notBefore = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #scheduled = false;
  #failingSince = 0;
  #rotation = 0;
  #closed = false;

  constructor(deps: FetcherDeps) {
    this.#deps = deps;
  }

  /** Whether it reads this partition already; a request can name each only once. */
  has(name: string, partition: number): boolean {
    for (const cursor of this.#cursors) if (cursor.name === name && cursor.partition === partition) return true;
    return false;
  }

  add(cursor: Cursor): void {
    cursor.onStopped = (problem) => this.#stopped(cursor, problem);
    cursor.onDamaged = (from, to, reason) => this.#damaged(cursor, from, to, reason);
    this.#cursors.add(cursor);
    this.wake();
  }

  remove(cursor: Cursor): void {
    this.#cursors.delete(cursor);
    if (cursor.stopped !== undefined) this.#stopped(cursor, undefined);
  }

  /** Sends requests for all cursors that have room, in the next turn of the event loop. */
  wake(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** Partitions have new leaders: they are asked at once, without waiting for answers of the old ones. */
  moved(): void {
    const again = (): void => {
      for (const cursor of this.#cursors) if (Number.isFinite(cursor.notBefore)) cursor.notBefore = 0;
      this.wake();
    };
    this.#deps.client.refresh().then(again, again);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#cursors.clear();
    await this.#deps.client.close();
  }

  #pump(): void {
    if (this.#closed) return;
    const now = performance.now();
    const wanted = this.#wanted(now);
    let next = Number.POSITIVE_INFINITY;
    for (const [node, cursors] of wanted) {
      for (const lane of ['patient', 'prompt'] as const) {
        const place = `${node}/${lane}`;
        if (this.#asking.has(place)) continue;
        const due = this.#notBefore.get(place) ?? 0;
        if (due > now) {
          next = Math.min(next, due);
          continue;
        }
        const others = this.#asking.get(`${node}/${lane === 'prompt' ? 'patient' : 'prompt'}`) ?? [];
        const open = cursors.filter((cursor) => !others.includes(cursor));
        if (open.length > 0) void this.#fetch(node, lane, open);
      }
    }
    if (next < Number.POSITIVE_INFINITY) this.#wakeAt(next - now);
  }

  /** Cursors that have room and may ask now, by the broker to ask. */
  #wanted(now: number): Map<number, Cursor[]> {
    const byNode = new Map<number, Cursor[]>();
    for (const cursor of this.#cursors) {
      if (!cursor.hasRoom || this.#isOfDeletedTopic(cursor)) continue;
      if (cursor.notBefore > now) {
        this.#wakeAt(cursor.notBefore - now);
        continue;
      }
      const node = this.#deps.client.leaderOf(cursor.name, cursor.partition);
      if (node === undefined) {
        this.#failed([cursor], 'no leader at the moment');
        continue;
      }
      const others = byNode.get(node);
      if (others) others.push(cursor);
      else byNode.set(node, [cursor]);
    }
    return byNode;
  }

  /** Whether the topic was deleted and created again. If so, the cursor starts over in the new one once all records of the old one are taken. */
  #isOfDeletedTopic(cursor: Cursor): boolean {
    const { name, partition, position, topicId } = cursor;
    const now = this.#deps.client.topicId(name);
    cursor.topicId ??= now;
    if (now === undefined || now === cursor.topicId) return false;
    if (cursor.hasSome) return true;
    this.#deps.logger.error(
      { topic: name, partition, position, was: topicId, is: now },
      'the topic was deleted and created again: it is read from its beginning',
    );
    cursor.begin(now);
    this.wake();
    return true;
  }

  async #fetch(node: number, lane: Lane, cursors: Cursor[]): Promise<void> {
    const { client, metrics, requestTimeoutMs } = this.#deps;
    const place = `${node}/${lane}`;
    this.#asking.set(place, cursors);
    this.#rotation += 1;
    const turn = (cursor: Cursor): number => (cursor.partition + this.#rotation) % 1_024;
    cursors.sort((a, b) => turn(a) - turn(b) || rank(a) - rank(b));
    const asked = cursors.map((cursor) => ({ cursor, at: cursor.fetchAt }));
    // A cursor without any answer yet must not wait for new records.
    const maxWaitMs = lane === 'patient' && cursors.every(({ asked }) => asked) ? this.#waitFor(node, cursors) : 0;
    let pace = lane === 'patient' ? PACE_MS : PROMPT_PACE_MS;
    try {
      const partitions = asked.map(({ cursor, at }) => {
        const { name: topic, topicId, partition, maxBytes } = cursor;
        return { topic, topicId, partition, offset: at, maxBytes };
      });
      const limits = { maxWaitMs, maxBytes: RESPONSE_BYTES };
      const { error, sets, size } = await fetchFrom(client, node, lane, limits, partitions, maxWaitMs + requestTimeoutMs);
      metrics.fetches.inc({ lane });
      metrics.fetchedBytes.inc(size);
      if (size > SMALL_BYTES) pace = 0;
      if (error !== 0) throw new OwnError(nameOf(error));
      this.#apply(asked, sets);
    } catch (error) {
      // Partitions that moved meanwhile are asked for at their new leaders.
      const still = cursors.filter(({ name, partition }) => client.leaderOf(name, partition) === node);
      if (still.length > 0) this.#failed(still, reasonOf(error));
    } finally {
      this.#asking.delete(place);
      this.#notBefore.set(place, performance.now() + pace);
      if (pace === 0) this.wake();
      else this.#wakeAt(pace);
    }
  }

  #waitFor(node: number, cursors: readonly Cursor[]): number {
    const { client } = this.#deps;
    let led = 0;
    for (const { name, partition } of this.#cursors) if (client.leaderOf(name, partition) === node) led += 1;
    return cursors.length < led ? WAIT_MS : WAIT_FOR_ALL_MS;
  }

  /** Makes everything in an answer visible at the same time. */
  #apply(asked: readonly Asked[], sets: readonly FetchedSet[]): void {
    const found = new Map(sets.map((set) => [`${set.topic}/${set.partition}`, set]));
    const woken: Cursor[] = [];
    for (const { cursor, at } of asked) {
      const set = found.get(`${cursor.name}/${cursor.partition}`);
      if (!set || !this.#cursors.has(cursor)) continue;
      if (set.error === OFFSET_OUT_OF_RANGE) void this.#outOfRange(cursor);
      else if (set.error !== 0) this.#failed([cursor], nameOf(set.error));
      else {
        const readings = set.to > set.from ? this.#readingsOf(cursor) : undefined;
        if (readings) void this.#show(cursor, readings, set, at);
        else if (this.#arrived(cursor, set, at)) woken.push(cursor);
      }
    }
    for (const cursor of woken) cursor.onArrival?.();
    if (sets.some(({ error }) => error === 0)) this.#succeeded();
  }

  /** Whether there is something to take now. Damaged records are asked for again. */
  #arrived(cursor: Cursor, set: FetchedSet, at: number): boolean {
    const arrival = cursor.arrived(set, at);
    if (typeof arrival === 'string') {
      cursor.attempts = 0;
      return arrival === 'some';
    }
    const { name, partition } = cursor;
    if (cursor.attempts === 0)
      this.#deps.logger.error({ topic: name, partition, offset: at, reason: arrival.reason }, 'records arrived damaged');
    this.#failed([cursor], `${name}/${partition} has damaged records at ${at}: ${arrival.reason}`);
    return false;
  }

  /** Reported by partition, so that an answer for another one doesn't clear it. */
  #stopped({ topic, name, partition, position }: Cursor, problem: string | undefined): void {
    const { health, logger, metrics } = this.#deps;
    health.report(`${name}/${partition}`, problem);
    metrics.stopped.set({ topic, partition }, problem === undefined ? 0 : 1);
    if (problem === undefined)
      logger.info({ topic: name, partition, position }, 'a partition that could not be read any further is no longer stopped here');
    else
      logger.error(
        { topic: name, partition, position, reason: problem },
        'a partition cannot be read any further; none of its records are skipped',
      );
  }

  #damaged(cursor: Cursor, from: number, to: number, reason: string): void {
    const { topic, name, partition } = cursor;
    this.#deps.metrics.corruptFrames.inc({ topic });
    this.#deps.logger.error({ topic: name, partition, from, to, reason }, 'damaged records are skipped');
    cursor.onGap?.(from, to);
  }

  /** The cursor of the readings that belong to a cursor of recoveries. */
  #readingsOf(cursor: Cursor): Cursor | undefined {
    if (cursor.topic !== 'OK') return undefined;
    for (const other of this.#cursors) if (other.topic === 'ENTRY' && other.partition === cursor.partition) return other;
    return undefined;
  }

  /**
   * Shows recoveries once the end of the readings is known: whoever merges the two then waits for the readings before them. A newly elected leader
   * doesn't report its end before it has everything that was acknowledged (Kafka's KIP-207), although it answers fetches with less.
   */
  async #show(recoveries: Cursor, readings: Cursor, set: FetchedSet, at: number): Promise<void> {
    recoveries.notBefore = Number.POSITIVE_INFINITY;
    try {
      const end = await endOf(this.#deps.client, readings.name, readings.partition);
      readings.knownEnd = end;
      recoveries.notBefore = 0;
      if (this.#arrived(recoveries, set, at)) recoveries.onArrival?.();
    } catch (error) {
      // The recoveries are asked for again.
      this.#failed([recoveries], reasonOf(error));
    }
    this.wake();
  }

  /** The records asked for are gone: continues with the first one held. */
  async #outOfRange(cursor: Cursor): Promise<void> {
    cursor.notBefore = Number.POSITIVE_INFINITY;
    const { name, partition, fetchAt } = cursor;
    try {
      const { earliest, next } = await boundsOf(this.#deps.client, name, partition);
      // Reads everything again: these records were perhaps never read, and results of records read twice are recognised by their ids.
      if (fetchAt > next)
        this.#deps.logger.error(
          { topic: name, partition, position: fetchAt, end: next },
          'the log ends before the position: the topic was deleted and created again, or has lost records; it is read again from its beginning',
        );
      if (fetchAt < earliest) this.#deps.metrics.removedFrames.inc({ topic: cursor.topic, read: 'no' });
      cursor.skip(earliest);
      cursor.notBefore = 0;
    } catch (error) {
      this.#failed([cursor], reasonOf(error));
    }
    this.wake();
  }

  #failed(cursors: readonly Cursor[], reason: string): void {
    if (this.#closed) return;
    const now = performance.now();
    if (this.#failingSince === 0) this.#failingSince = now;
    else if (now - this.#failingSince > TROUBLE_AFTER_MS) this.#deps.health.report(HEALTH_PART, reason);
    this.#deps.metrics.retries.inc({ what: 'read' });
    let delayMs = 0;
    for (const cursor of cursors) {
      delayMs = backoffMs(cursor.attempts, RETRY);
      cursor.attempts += 1;
      cursor.notBefore = now + delayMs;
    }
    const again = (): void => this.#wakeAt(delayMs);
    this.#deps.client.refresh().then(again, again);
  }

  #succeeded(): void {
    if (this.#failingSince === 0) return;
    this.#failingSince = 0;
    this.#deps.health.report(HEALTH_PART, undefined);
  }

  /** The earliest request counts; a later one must not postpone it. */
  #wakeAt(delayMs: number): void {
    const inMs = Math.max(1, Math.min(delayMs, RETRY.maxMs));
    const at = performance.now() + inMs;
    if (this.#closed || at >= this.#wakesAt) return;
    clearTimeout(this.#timer);
    this.#wakesAt = at;
    this.#timer = setTimeout(() => {
      this.#wakesAt = Number.POSITIVE_INFINITY;
      this.#pump();
    }, inMs);
  }
}

const ORDER: Readonly<Record<string, number>> = { OK: 0, ENTRY: 1 };
const rank = (cursor: Cursor): number => ORDER[cursor.topic] ?? 2;
