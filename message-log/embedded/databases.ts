import type { Database, RootDatabase } from 'lmdb';
import { CheckedNumbers } from './checked-numbers.ts';
import { TOPICS, type Topic } from '../../records/topics.ts';

/** Those of the log in the store's tree. */
export interface LogDatabases {
  /** Number of partitions, and what the journal has to remember. */
  readonly about: CheckedNumbers;
  /** Frames by their base offset, of every topic and partition. */
  readonly frames: ReadonlyMap<Topic, readonly Database<Buffer, number>[]>;
  /** The latest state of each sensor, by partition. */
  readonly states: readonly Database<Buffer, number>[];
  readonly positions: CheckedNumbers;
}

/** Opening one is a synchronous transaction: only at the start. */
export function openDatabases(root: RootDatabase, partitions: number): LogDatabases {
  const each = <T>(open: (partition: number) => T): T[] => Array.from({ length: partitions }, (_, p) => open(p));
  // STATE isn't kept as records but as the latest value per sensor.
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

/** What the numbers of the log are called. */
export const PARTITIONS = 'partitions';
/** By which journal and tree know that they belong together. */
export const IDENTITY = 'identity';
/** Sequence up to which the journal's entries are in the tree, and the owner who put them there. */
export const APPLIED = 'applied';
export const APPLIED_BY = 'applied-by';
/** The owner whose file of the journal there must be; 0: none. */
export const JOURNAL = 'journal';
/** After a repair: where a partition goes on at least, since its offsets before may have been given to records that are gone. */
export const nextKey = (topic: string, partition: number): string => `next/${topic}/${partition}`;

export function aboutLog(root: RootDatabase): CheckedNumbers {
  return new CheckedNumbers(root.openDB<Buffer, string>({ name: 'log', encoding: 'binary' }), 'numbers of the log');
}
