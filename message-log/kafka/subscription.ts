import { setTimeout as sleep } from 'node:timers/promises';
import { TransientError } from '../../runtime/errors.ts';
import type { RecordBatch, Subscription } from '../port.ts';
import type { Topic } from '../../records/topics.ts';
import { Cursor } from './cursor.ts';
import { closed } from '../../kafka/faults.ts';
import type { Fetcher } from './fetcher.ts';
import { GroupMember, type GroupDeps, type GroupSettings } from '../../kafka/group-member.ts';
import { boundsOf } from '../../kafka/offsets.ts';
import { takeAll, Waiting } from './reader.ts';

interface Held {
  readonly cursor: Cursor;
  /** The position that Kafka has; -1: none. */
  committed: number;
  /** The position that is to be committed. */
  asked: number;
}

const COMMIT_TRIES = 40;
const COMMIT_PAUSE_MS = 100;

/** A member of a consumer group whose positions Kafka keeps. Commits for a partition that has gone to another member are dropped. */
export class KafkaSubscription implements Subscription {
  onGap: ((topic: Topic, partition: number, from: number, to: number) => void) | undefined;
  readonly #topics: readonly { readonly topic: Topic; readonly name: string }[];
  readonly #member: GroupMember;
  readonly #deps: GroupDeps;
  readonly #fetcher: Fetcher;
  readonly #onClose: () => void;
  readonly #waiting = new Waiting();
  readonly #held = new Map<string, Held>();
  #wanted: ReadonlySet<number> = new Set();
  #assigned: ReadonlyMap<number, number> = new Map();
  #arrivals = 0;
  /** Topics that were deleted and created again while they were read. */
  readonly #recreated = new Set<string>();
  #adjusting: Promise<void> = Promise.resolve();
  #committing: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(settings: GroupSettings, topics: readonly Topic[], prefix: string, fetcher: Fetcher, deps: GroupDeps, onClose: () => void) {
    this.#topics = topics.map((topic) => ({ topic, name: prefix + topic }));
    this.#fetcher = fetcher;
    this.#deps = deps;
    this.#onClose = onClose;
    this.#member = new GroupMember(settings, deps, {
      shared: (partitions) => this.#want(partitions),
      lost: () => this.#want(new Set()),
    });
  }

  get assigned(): ReadonlyMap<number, number> {
    return this.#assigned;
  }

  async poll(waitMs: number): Promise<readonly RecordBatch[]> {
    const cursors = (): Iterable<Cursor> => [...this.#held.values()].map(({ cursor }) => cursor);
    return await takeAll(cursors, this.#waiting, waitMs, () => this.#fetcher.wake());
  }

  async commit(topic: Topic, partition: number, nextOffset: number): Promise<void> {
    if (this.#closed) throw closed();
    const held = this.#held.get(`${topic}/${partition}`);
    // The partition went to another member, which handles these records again; or nothing is new.
    if (!held || nextOffset <= held.committed) return;
    // A position in the topic that was deleted.
    if (this.#recreated.has(held.cursor.name) && nextOffset > held.cursor.position) return;
    held.asked = Math.max(held.asked, nextOffset);
    const committing = this.#committing.then(() => this.#commit(topic, partition, held));
    this.#committing = committing.catch(() => undefined);
    await committing;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#waiting.close();
    await this.#committing;
    await this.#member.close();
    await this.#adjusting;
    await this.#fetcher.close();
    await this.#deps.client.close();
    this.#onClose();
  }

  /** Runs one at a time, so that no commit overtakes another; waits out a rebalance. */
  async #commit(topic: Topic, partition: number, held: Held): Promise<void> {
    const place = `${topic}/${partition}`;
    const name = this.#topics.find((t) => t.topic === topic)?.name ?? topic;
    for (let tries = 1; held.asked > held.committed && this.#held.get(place) === held; tries += 1) {
      const offset = held.asked;
      try {
        await this.#member.commit([{ topic: name, partition, offset, topicId: held.cursor.topicId }]);
        held.committed = Math.max(held.committed, offset);
      } catch (error) {
        if (tries === COMMIT_TRIES || this.#closed || !(error instanceof TransientError)) throw error;
        await sleep(COMMIT_PAUSE_MS);
      }
    }
  }

  #want(partitions: ReadonlySet<number>): void {
    this.#wanted = partitions;
    const before = this.#assigned;
    this.#assigned = new Map([...partitions].map((partition) => [partition, before.get(partition) ?? this.#nextArrival()]));
    for (const [place, { cursor }] of this.#held) {
      if (partitions.has(cursor.partition)) continue;
      this.#held.delete(place);
      this.#fetcher.remove(cursor);
    }
    this.#adjusting = this.#adjusting.then(() => this.#begin(partitions)).catch(() => undefined);
  }

  #nextArrival(): number {
    this.#arrivals += 1;
    return this.#arrivals;
  }

  /** Starts reading where the group has committed, or with the first record held; retries until the partitions are no longer wanted. */
  async #begin(partitions: ReadonlySet<number>): Promise<void> {
    const wanted = (): boolean => this.#wanted === partitions && !this.#closed;
    while (wanted()) {
      try {
        await this.#deps.client.refresh();
        for (const { topic, name } of this.#topics) {
          const missing = [...partitions].filter((partition) => !this.#held.has(`${topic}/${partition}`));
          if (missing.length === 0) continue;
          const committed = await this.#member.committed(name, missing);
          for (const partition of missing) {
            const from = committed.get(partition) ?? (await boundsOf(this.#deps.client, name, partition)).earliest;
            if (wanted()) this.#hold(topic, name, partition, from, committed.get(partition) ?? -1);
          }
        }
        return;
      } catch {
        await sleep(COMMIT_PAUSE_MS);
      }
    }
  }

  /** The topic was deleted and created again: starts the partition over, under a new number in `assigned`. */
  #startOver(place: string, cursor: Cursor): void {
    this.#fetcher.remove(cursor);
    this.#recreated.add(cursor.name);
    if (this.#held.get(place)?.cursor !== cursor) return;
    this.#held.delete(place);
    this.#assigned = new Map(
      [...this.#assigned].map(([partition, n]) => [partition, partition === cursor.partition ? this.#nextArrival() : n]),
    );
    const wanted = this.#wanted;
    this.#adjusting = this.#adjusting.then(() => this.#begin(wanted)).catch(() => undefined);
  }

  #hold(topic: Topic, name: string, partition: number, from: number, committed: number): void {
    const cursor = new Cursor(topic, name, partition, from, this.#deps.client.topicId(name));
    cursor.onRecreated = () => this.#startOver(`${topic}/${partition}`, cursor);
    cursor.onArrival = this.#waiting.notify;
    cursor.onGap = (gapFrom, to) => this.onGap?.(topic, partition, gapFrom, to);
    this.#held.set(`${topic}/${partition}`, { cursor, committed, asked: committed });
    this.#fetcher.add(cursor);
  }
}
