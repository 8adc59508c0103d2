import { TransientError } from '../../runtime/errors.ts';
import type { Client } from './client.ts';
import { isRetried, nameOf, unavailable } from './faults.ts';
import { RequestWriter, ResponseReader } from './wire/request-writer.ts';

export interface Bounds {
  readonly earliest: number;
  /** Before it everything is decided: committed or aborted. */
  readonly next: number;
}

const LIST_OFFSETS = { key: 2, version: 2, name: 'ListOffsets' } as const;
const EARLIEST = -2;
const LATEST = -1;
const READ_COMMITTED = 1;
const TRIES = 5;
const TIMEOUT_MS = 3_000;

/** First offset held and next one to be read. Rejects with TransientError. */
export async function boundsOf(client: Client, topic: string, partition: number): Promise<Bounds> {
  const [earliest, next] = await Promise.all([offsetOf(client, topic, partition, EARLIEST), offsetOf(client, topic, partition, LATEST)]);
  return { earliest, next };
}

/** The next one to be read. Rejects with TransientError, also while a new leader doesn't know it yet. */
export function endOf(client: Client, topic: string, partition: number): Promise<number> {
  return offsetOf(client, topic, partition, LATEST);
}

async function offsetOf(client: Client, topic: string, partition: number, time: number): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(client, topic, partition, time);
    } catch (error) {
      if (!(error instanceof TransientError) || error.code !== 'log-unavailable' || attempt === TRIES) throw error;
      await client.refresh().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
    }
  }
}

async function ask(client: Client, topic: string, partition: number, time: number): Promise<number> {
  const leader = client.leaderOf(topic, partition);
  if (leader === undefined) throw unavailable(`${topic}/${partition} has no leader at the moment`);
  const request = new RequestWriter().int32(-1).int8(READ_COMMITTED).int32(1).string(topic).int32(1).int32(partition).int64(time);
  const reader = new ResponseReader(await client.exchange(leader, 'prompt', LIST_OFFSETS, request.pieces(), TIMEOUT_MS));
  // Throttling, one topic and its name, one partition and its number.
  reader.at += 8;
  reader.string();
  reader.at += 8;
  const error = reader.int16();
  if (error !== 0) throw unavailable(`${topic}/${partition}: ${nameOf(error)}${isRetried(error) ? '' : ', which no new try will change'}`);
  reader.at += 8;
  return reader.int64();
}
