/** Reads the records of a topic from a store that may be in use by another process, and changes nothing. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Database, DatabaseOptions, Key, RootDatabase } from 'lmdb';
import type { Topic } from '../../records/topics.ts';
import type { ReadRecord, RecordsRead } from '../records-read.ts';
import { textOf } from '../values.ts';
import { decodeBatch } from './batch.ts';
import { DATA_FILE, lookBeforeMapping } from './before-mapping.ts';
import { APPLIED, IDENTITY, JOURNAL } from './databases.ts';
import { baseOf, FrameBatch, HEADER_BYTES, isIntact } from './frame.ts';
import { numberOf } from './checked-numbers.ts';
import { readMarks } from './high-water.ts';
import { Journal } from './journal.ts';
import { isInUse } from './owner-lock.ts';
import { openEnvironment } from './store.ts';

/**
 * Visits partition after partition, oldest first. Damaged frames are left out. What a running process has only in its journal yet is not seen. Rejects with
 * PermanentError `store-damaged` or `data-dir`.
 */
export async function recordsAtRest(dataDir: string, topic: Topic, visit: (record: ReadRecord) => void): Promise<RecordsRead> {
  const folder = join(resolve(dataDir), 'store');
  if (!existsSync(join(folder, DATA_FILE))) return { earliest: new Map(), isWhole: true };
  const { isNew } = await lookBeforeMapping(dataDir, folder);
  if (isNew) return { earliest: new Map(), isWhole: true };
  const inUse = await isInUse(folder);
  const root = openEnvironment(folder, dataDir, true);
  try {
    const earliest = new Map<number, number>();
    const frame = (partition: number, bytes: Buffer): void => {
      if (bytes.length < HEADER_BYTES || !isIntact(bytes, baseOf(bytes))) return;
      if (!earliest.has(partition)) earliest.set(partition, baseOf(bytes));
      const batch = new FrameBatch(topic, partition, bytes, 0);
      for (let i = 0; i < batch.length; i += 1) visit({ partition, offset: batch.offset(i), text: textOf(batch, i) });
    };
    for (let partition = 0; ; partition += 1) {
      const frames = existing<number>(root, { name: `log/${topic}/${partition}`, encoding: 'binary' });
      if (!frames) break;
      // A copy at a multiple of 4, as frames need.
      for (const { value } of frames.getRange()) frame(partition, Buffer.from(value));
    }
    if (!inUse) for (const { partition, bytes } of await journalled(root, folder, topic)) frame(partition, bytes);
    return { earliest, isWhole: !inUse };
  } finally {
    await root.close();
  }
}

/** lmdb's code for a database that does not exist. */
const NOT_FOUND = -30_798;

/** Undefined if there is no such database; opening it in the usual way would create it. */
function existing<K extends Key>(
  root: RootDatabase,
  options: DatabaseOptions & { readonly name: string },
): Database<Buffer, K> | undefined {
  const onlyIfThere: DatabaseOptions & { name: string; create: boolean } = { ...options, create: false };
  try {
    return root.openDB<Buffer, K>(onlyIfThere);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === NOT_FOUND) return undefined;
    throw error;
  }
}

/** The frames of the topic that are not in the tree yet. */
async function journalled(root: RootDatabase, folder: string, topic: Topic) {
  const about = existing<string>(root, { name: 'log', encoding: 'binary' });
  const number = (name: string): number | undefined => {
    const bytes = about?.getBinary(name);
    return bytes && numberOf(name, bytes);
  };
  const identity = number(IDENTITY);
  if (identity === undefined) return [];
  const journal = await Journal.open(folder, { epoch: 0, identity, durable: false, known: readMarks(folder)?.sequence });
  const { entries } = journal.recovered(number(APPLIED) ?? 0, 0, number(JOURNAL));
  return entries.flatMap(({ body }) => decodeBatch(body).frames.filter((sealed) => sealed.topic === topic));
}
