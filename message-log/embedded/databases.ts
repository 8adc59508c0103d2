import type { Database, RootDatabase } from 'lmdb';
import { CheckedNumbers } from './checked-numbers.ts';
import { TOPICS, type Topic } from '../../records/topics.ts';

/** The log's databases in the store's tree. */
export interface LogDatabases {
  /** The number of partitions, and the numbers that tie journal and tree together. */
  readonly about: CheckedNumbers;
  /** Frames by base offset, for each topic and partition. */
  readonly frames: ReadonlyMap<Topic, readonly Database<Buffer, number>[]>;
  /** The latest state of each sensor, by partition. */
  readonly states: readonly Database<Buffer, number>[];
  readonly positions: CheckedNumbers;
}

/** Call only at the start: opening a database is a synchronous transaction. */
export function openDatabases(root: RootDatabase, partitions: number): LogDatabases {
  const each = <T>(open: (partition: number) => T): T[] => Array.from({ length: partitions }, (_, p) => open(p));
  // STATE is kept as the latest value per sensor, not as records.
  const topics = TOPICS.filter((topic) => topic !== 'STATE');
  return {
    about: aboutLog(root),
    frames: new Map(
      topics.map((topic) => [topic, each((p) => root.openDB<Buffer, number>({ name: `log/${topic}/${p}`, encoding: 'binary' }))]),
    ),
    states: each((p) => root.openDB<Buffer, number>({ name: `state/${p}`, encoding: 'binary', keyEncoding: 'uint32' })),
    positions: new CheckedNumbers(root.openDB<Buffer, string>({ name: 'positions', encoding: 'binary' }), 'positions of consumers'),
  };
}

/** Names of the log's numbers. */
export const PARTITIONS = 'partitions';
/** Identifies the store, in journal and tree alike, so that they are known to belong together. */
export const IDENTITY = 'identity';
/** Sequence up to which the journal's entries are in the tree, and the epoch of the owner who put them there. */
export const APPLIED = 'applied';
export const APPLIED_BY = 'applied-by';
/** Epoch of the owner whose journal file must exist; 0: none. */
export const JOURNAL = 'journal';
/** After a repair: the lowest next offset of a partition. Earlier offsets may have belonged to records that are gone. */
export const nextKey = (topic: string, partition: number): string => `next/${topic}/${partition}`;

export function aboutLog(root: RootDatabase): CheckedNumbers {
  return new CheckedNumbers(root.openDB<Buffer, string>({ name: 'log', encoding: 'binary' }), 'numbers of the log');
}
