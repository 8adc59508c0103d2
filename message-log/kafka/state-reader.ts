import type { Client } from './client.ts';
import { nameOf, unavailable } from './faults.ts';
import { fetchFrom } from './fetching.ts';
import { boundsOf } from './offsets.ts';
import { decodePositions, type TaskPositions } from './task-positions.ts';
import { checkSet } from './wire/check-set.ts';
import type { FetchedSet } from './wire/fetch.ts';
import { Columns, type FetchedBatch, FOREIGN_KEY, readRecordSet } from './wire/record-set.ts';

const FETCH_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
/** Without any progress for this long the restore is given up. */
const STALLED_MS = 10_000;

export interface StoredState {
  /** The latest value of every key. */
  readonly latest: ReadonlyMap<number, Buffer>;
  /** Undefined: the task has never committed. */
  readonly stored: TaskPositions | undefined;
}

/**
 * What one partition of STATE holds, up to its end as of now: read by position, since its last records may be markers or belong to an aborted
 * transaction. `topicId` says which topic of that name. Rejects with TransientError, or PermanentError `data-format` where a newer version wrote it.
 */
export async function readState(client: Client, topic: string, partition: number, topicId: string | undefined): Promise<StoredState> {
  const { earliest, next: end } = await boundsOf(client, topic, partition);
  const latest = new Map<number, Buffer>();
  let stored: TaskPositions | undefined;
  const columns = new Columns();
  let maxBytes = FETCH_BYTES;
  let progressAt = performance.now();
  for (let position = earliest; position < end; ) {
    const leader = client.leaderOf(topic, partition);
    if (leader === undefined) throw unavailable(`${topic}/${partition} has no leader at the moment`);
    const wanted = [{ topic, topicId, partition, offset: position, maxBytes }];
    const { error, sets } = await fetchFrom(client, leader, 'patient', { maxWaitMs: 100, maxBytes }, wanted, TIMEOUT_MS);
    const [set] = sets;
    if (error !== 0 || set?.error !== 0) throw unavailable(`${topic}/${partition}: ${nameOf(error || set?.error || 0)}`);
    const { batches, next } = wholeSet(set, position, columns);
    for (const { length, bytes, key, start, end: endOf } of batches.map(bound)) {
      for (let i = 0; i < length; i += 1) {
        const sensor = key(i);
        const value = bytes.subarray(start(i), endOf(i));
        if (sensor === FOREIGN_KEY) stored = decodePositions(value) ?? stored;
        else if (value.length === 0) latest.delete(sensor);
        // A copy, lest it keeps the whole answer in memory.
        else latest.set(sensor, Buffer.from(value));
      }
    }
    const now = performance.now();
    if (next > position) progressAt = now;
    else if (set.to > set.from) maxBytes *= 2;
    else if (now - progressAt > STALLED_MS) throw unavailable(`${topic}/${partition} can't be read up to its end`);
    position = next;
  }
  return { latest, stored };
}

/** State is whole or it isn't one. */
function wholeSet(set: FetchedSet, position: number, columns: Columns) {
  const { to, next, damage, oldFormat } = checkSet(set, position);
  const fault = damage ? `records from ${next} on are damaged: ${damage.reason}` : oldFormat;
  if (fault !== undefined) throw unavailable(`${set.topic}/${set.partition}: ${fault}`);
  const { batches, unreadable } = readRecordSet('STATE', set.partition, { ...set, to }, position, columns);
  if (unreadable)
    throw unavailable(`${set.topic}/${set.partition}: records from ${unreadable.from} on can't be read: ${unreadable.reason}`);
  return { batches, next };
}

function bound(batch: FetchedBatch) {
  return {
    length: batch.length,
    bytes: batch.bytes,
    key: (i: number) => batch.key(i),
    start: (i: number) => batch.start(i),
    end: (i: number) => batch.end(i),
  };
}
