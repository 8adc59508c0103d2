import type { Client } from '../../kafka/client.ts';
import { nameOf, unavailable } from '../../kafka/faults.ts';
import { fetchFrom } from '../../kafka/fetching.ts';
import { boundsOf } from '../../kafka/offsets.ts';
import { decodePositions, type TaskPositions } from './task-positions.ts';
import { checkSet } from '../../kafka/wire/check-set.ts';
import type { FetchedSet } from '../../kafka/wire/fetch.ts';
import { Columns, type FetchedBatch, FOREIGN_KEY, readRecordSet } from './record-set.ts';

const FETCH_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
/** A restore is given up after this long without progress. */
const STALLED_MS = 10_000;

export interface StoredState {
  /** The latest value by sensor id. */
  readonly latest: ReadonlyMap<number, Buffer>;
  /** Undefined: the task has never committed. */
  readonly stored: TaskPositions | undefined;
}

/**
 * Reads one partition of STATE up to its present end. The end is compared with positions, not with records, since the last ones may be markers or
 * belong to an aborted transaction. `topicId`: the topic it has to be. Rejects with TransientError, or with PermanentError `data-format` if a
 * newer version wrote it.
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
        // A copy, since a part would keep the whole answer in memory.
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

/** Throws TransientError for records that can't be read: part of a state would be a wrong state. */
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
