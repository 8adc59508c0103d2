import type { InputPositions } from '../port.ts';
import { INPUTS } from '../topics.ts';
import type { Client } from './client.ts';
import { nameOf, unavailable } from './faults.ts';
import { boundsOf } from './offsets.ts';
import { checkSet } from './wire/check-set.ts';
import { FETCH, type FetchedSet, fetchedSets, fetchRequest } from './wire/fetch.ts';
import { Columns, type FetchedBatch, FOREIGN_KEY, readRecordSet } from './wire/record-set.ts';

const FETCH_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
/** Without any progress for this long the restore is given up. */
const STALLED_MS = 10_000;

/**
 * The latest value of every key in one partition of STATE, up to its end as of now: read by position, since its last records may be markers or
 * belong to an aborted transaction. Resolves with the positions that were kept there. Rejects with TransientError.
 */
export async function readState(
  client: Client,
  topic: string,
  partition: number,
  visit: (key: number, value: Buffer) => void,
): Promise<Partial<InputPositions>> {
  const { earliest, next: end } = await boundsOf(client, topic, partition);
  const latest = new Map<number, Buffer>();
  let positions: Partial<InputPositions> = {};
  const columns = new Columns();
  let maxBytes = FETCH_BYTES;
  let progressAt = performance.now();
  for (let position = earliest; position < end; ) {
    const leader = client.leaderOf(topic, partition);
    if (leader === undefined) throw unavailable(`${topic}/${partition} has no leader at the moment`);
    const request = fetchRequest({ maxWaitMs: 100, maxBytes }, [{ topic, partition, offset: position, maxBytes }]);
    const { error, sets } = fetchedSets(await client.exchange(leader, 'patient', FETCH, request, TIMEOUT_MS));
    const [set] = sets;
    if (error !== 0 || set?.error !== 0) throw unavailable(`${topic}/${partition}: ${nameOf(error || set?.error || 0)}`);
    const { batches, next } = wholeSet(set, position, columns);
    for (const { length, bytes, key, start, end: endOf } of batches.map(bound)) {
      for (let i = 0; i < length; i += 1) {
        const sensor = key(i);
        const value = bytes.subarray(start(i), endOf(i));
        if (sensor === FOREIGN_KEY) positions = positionsIn(value) ?? positions;
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
  for (const [key, value] of latest) visit(key, value);
  return positions;
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

/** Undefined for what isn't positions: somebody else's record. */
function positionsIn(value: Buffer): InputPositions | undefined {
  try {
    const parsed: unknown = JSON.parse(value.toString());
    const valid =
      typeof parsed === 'object' && parsed !== null && INPUTS.every((topic) => Number.isSafeInteger((parsed as InputPositions)[topic]));
    return valid ? (parsed as InputPositions) : undefined;
  } catch {
    return undefined;
  }
}
