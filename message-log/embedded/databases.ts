import type { Database, RootDatabase } from 'lmdb';
import { TOPICS, type Topic } from '../../records/topics.ts';

/** Those of the log in the store's tree. */
export interface LogDatabases {
  /** Number of partitions, and what the journal has to remember. */
  readonly about: Database<number, string>;
  /** Frames by their base offset, of every topic and partition. */
  readonly frames: ReadonlyMap<Topic, readonly Database<Buffer, number>[]>;
  /** The latest state of each sensor, by partition. */
  readonly states: readonly Database<Buffer, number>[];
  readonly positions: Database<number, string>;
}

/** Opening one is a synchronous transaction: only at the start. */
export function openDatabases(root: RootDatabase, partitions: number): LogDatabases {
  const each = <T>(open: (partition: number) => T): T[] => Array.from({ length: partitions }, (_, p) => open(p));
  // STATE isn't kept as records but as the latest value per sensor.
  const topics = TOPICS.filter((topic) => topic !== 'STATE');
  return {
    about: root.openDB({ name: 'log' }),
    frames: new Map(
      topics.map((topic) => [topic, each((p) => root.openDB<Buffer, number>({ name: `log/${topic}/${p}`, encoding: 'binary' }))]),
    ),
    states: each((p) => root.openDB<Buffer, number>({ name: `state/${p}`, encoding: 'binary', keyEncoding: 'uint32' })),
    positions: root.openDB({ name: 'positions' }),
  };
}
