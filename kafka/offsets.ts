import { TransientError } from '../runtime/errors.ts';
import type { Client } from './client.ts';
import { isRetried, nameOf, unavailable } from './faults.ts';
import { RequestWriter, ResponseReader } from './wire/request-writer.ts';

export interface Bounds {
  /** First offset still held. */
  readonly earliest: number;
  /** Next offset to be read once it is written. Every transaction before it is committed or aborted. */
  readonly next: number;
}

const LIST_OFFSETS = { key: 2, version: 2, name: 'ListOffsets' } as const;
const EARLIEST = -2;
const LATEST = -1;
/** No record is as late as was asked for. */
const NONE = -1;
const READ_COMMITTED = 1;
const TRIES = 5;
const TIMEOUT_MS = 3_000;

/** Where a partition begins and ends now. Rejects with TransientError. */
export async function boundsOf(client: Client, topic: string, partition: number): Promise<Bounds> {
  const [earliest, next] = await Promise.all([offsetOf(client, topic, partition, EARLIEST), offsetOf(client, topic, partition, LATEST)]);
  return { earliest, next };
}

/** The end of a partition (see Bounds.next). Rejects with TransientError, also while a new leader doesn't know it yet. */
export function endOf(client: Client, topic: string, partition: number): Promise<number> {
  return offsetOf(client, topic, partition, LATEST);
}

/** The first offset whose record is of this time (epoch ms) or later; the end of the partition if there is none. Rejects with TransientError. */
export async function offsetAtTime(client: Client, topic: string, partition: number, at: number): Promise<number> {
  const offset = await offsetOf(client, topic, partition, Math.max(0, Math.floor(at)));
  return offset === NONE ? await endOf(client, topic, partition) : offset;
}

/** The ends of all these partitions, in the same order, with one request to each leader. Rejects with TransientError. */
export function endsOf(client: Client, places: readonly Place[]): Promise<number[]> {
  return patiently(client, async () => {
    const byLeader = grouped(places, ({ topic, partition }) => leaderOf(client, topic, partition));
    const answers = await Promise.all([...byLeader].map(([leader, led]) => ask(client, leader, led, LATEST)));
    const ends = new Map(answers.flatMap((answer) => [...answer]));
    return places.map((place) => found(ends, place));
  });
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

function offsetOf(client: Client, topic: string, partition: number, time: number): Promise<number> {
  const place = { topic, partition };
  return patiently(client, async () => found(await ask(client, leaderOf(client, topic, partition), [place], time), place));
}

async function patiently<T>(client: Client, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TransientError) || error.code !== 'log-unavailable' || attempt === TRIES) throw error;
      await client.refresh().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
    }
  }
}

function leaderOf(client: Client, topic: string, partition: number): number {
  const leader = client.leaderOf(topic, partition);
  if (leader === undefined) throw unavailable(`${topic}/${partition} has no leader at the moment`);
  return leader;
}

async function ask(client: Client, leader: number, places: readonly Place[], time: number): Promise<Map<string, number>> {
  const topics = [...grouped(places, ({ topic }) => topic)];
  const request = new RequestWriter().int32(-1).int8(READ_COMMITTED).int32(topics.length);
  for (const [topic, partitions] of topics) {
    request.string(topic).int32(partitions.length);
    for (const { partition } of partitions) request.int32(partition).int64(time);
  }
  const reader = new ResponseReader(await client.exchange(leader, 'prompt', LIST_OFFSETS, request.pieces(), TIMEOUT_MS));
  // Skips the throttle time.
  reader.at += 4;
  const offsets = reader.array(() => {
    const topic = reader.string();
    return reader.array(() => {
      const partition = reader.int32();
      const error = reader.int16();
      if (error !== 0)
        throw unavailable(`${topic}/${partition}: ${nameOf(error)}${isRetried(error) ? '' : ', which trying again will not change'}`);
      // Skips the time that goes with it.
      reader.at += 8;
      return [keyOf({ topic, partition }), reader.int64()] as const;
    });
  });
  return new Map(offsets.flat());
}

function found(offsets: ReadonlyMap<string, number>, place: Place): number {
  const offset = offsets.get(keyOf(place));
  if (offset === undefined) throw unavailable(`${place.topic}/${place.partition}: its end is missing from the broker's answer`);
  return offset;
}

function grouped<K>(places: readonly Place[], by: (place: Place) => K): Map<K, Place[]> {
  const groups = new Map<K, Place[]>();
  for (const place of places) {
    const group = groups.get(by(place));
    if (group) group.push(place);
    else groups.set(by(place), [place]);
  }
  return groups;
}

const keyOf = ({ topic, partition }: Place): string => `${topic}/${partition}`;
