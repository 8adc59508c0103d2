import type { Topic } from '../../records/topics.ts';
import type { PositionChange } from './batch.ts';

/** The position of each named consumer in every partition; kept in memory and stored with the log's commits. */
export class Positions {
  readonly #committed = new Map<string, number>();
  /** Start positions of consumers that have not committed yet. */
  readonly #begun = new Map<string, number>();

  constructor(stored: { getRange(): Iterable<{ readonly key: string; readonly value: number }> }) {
    for (const { key, value } of stored.getRange()) this.#committed.set(key, value);
  }

  get(group: string, topic: Topic, partition: number): number | undefined {
    return this.#committed.get(keyOf(group, topic, partition));
  }

  /** The changes to store with a commit. */
  change(group: string, topic: Topic, partition: number, position: number): PositionChange {
    return { name: keyOf(group, topic, partition), position };
  }

  /** Call once the change is on disk. */
  committed(group: string, topic: Topic, partition: number, position: number): void {
    this.#committed.set(keyOf(group, topic, partition), position);
  }

  /** The offset at which a consumer continues, `otherwise` if it is new; from now on retention waits for it. */
  begin(group: string, topic: Topic, partition: number, otherwise: number): number {
    const key = keyOf(group, topic, partition);
    const position = this.#committed.get(key) ?? otherwise;
    this.#begun.set(key, position);
    return position;
  }

  /** The highest position that any consumer of a partition has committed; 0 if none has. */
  highest(topic: Topic, partition: number): number {
    const end = keyOf('', topic, partition);
    let highest = 0;
    for (const [key, position] of this.#committed) if (key.endsWith(end)) highest = Math.max(highest, position);
    return highest;
  }

  /** The lowest position of any consumer of a partition; Infinity if there is none. */
  lowest(topic: Topic, partition: number): number {
    const end = keyOf('', topic, partition);
    let lowest = Number.POSITIVE_INFINITY;
    for (const [key, position] of this.#committed) if (key.endsWith(end)) lowest = Math.min(lowest, position);
    for (const [key, position] of this.#begun) if (key.endsWith(end) && !this.#committed.has(key)) lowest = Math.min(lowest, position);
    return lowest;
  }
}

const keyOf = (group: string, topic: Topic, partition: number): string => `${group}/${topic}/${partition}`;
