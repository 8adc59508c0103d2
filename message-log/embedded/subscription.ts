import type { RecordBatch, Subscription } from '../port.ts';
import type { Topic } from '../../records/topics.ts';
import { Poller } from './cursor.ts';
import { closed } from './faults.ts';
import type { GroupCommit } from './group-commit.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Positions } from './positions.ts';

/** A named consumer: continues at its position, or begins with the first record held. */
export class EmbeddedSubscription implements Subscription {
  onGap: ((topic: Topic, partition: number, from: number, to: number) => void) | undefined;
  /** All partitions, for the life of the subscription. */
  readonly assigned: ReadonlyMap<number, number>;
  readonly #group: string;
  readonly #positions: Positions;
  readonly #commits: GroupCommit;
  readonly #poller: Poller;
  readonly #onClose: (subscription: EmbeddedSubscription) => void;
  readonly #asked = new Map<string, number>();
  #closed = false;

  constructor(
    group: string,
    logs: readonly PartitionLog[],
    positions: Positions,
    commits: GroupCommit,
    onClose: (subscription: EmbeddedSubscription) => void,
  ) {
    this.assigned = new Map(logs.map(({ partition }) => [partition, 0]));
    this.#group = group;
    this.#positions = positions;
    this.#commits = commits;
    this.#onClose = onClose;
    this.#poller = new Poller(logs, (log) => positions.begin(group, log.topic, log.partition, log.earliest));
    for (const cursor of this.#poller.cursors) cursor.onGap = (from, to) => this.onGap?.(cursor.log.topic, cursor.log.partition, from, to);
  }

  poll(waitMs: number): Promise<readonly RecordBatch[]> {
    return this.#poller.poll(waitMs);
  }

  async commit(topic: Topic, partition: number, nextOffset: number): Promise<void> {
    if (this.#closed) throw closed();
    const stored = (): number => this.#positions.get(this.#group, topic, partition) ?? -1;
    if (nextOffset <= stored()) return;
    const place = `${topic}/${partition}`;
    // If several commits are in progress, the last one wins: it has the highest positions.
    const highest = Math.max(nextOffset, this.#asked.get(place) ?? -1);
    this.#asked.set(place, highest);
    this.#commits.admit(0);
    this.#commits.also([], [this.#positions.change(this.#group, topic, partition, highest)]);
    await this.#commits.next().committed;
    this.#positions.committed(this.#group, topic, partition, Math.max(stored(), nextOffset));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#poller.close();
    this.#onClose(this);
  }
}
