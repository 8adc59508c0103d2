/** The records of DEAD, as JSON: letters, and marks of their replays. */
import { z } from 'zod';
import { time, whole } from './fields.ts';
import { type Decoded, decodeJson } from './json.ts';
import type { Topic } from './topics.ts';

/** What could not be handled, why, and where it came from. */
export interface DeadLetter {
  /** A `Topic`, or a name that only a newer version knows. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Receive time of the record, epoch ms. */
  readonly at: number;
  readonly reason: string;
  /** Who parked it: `processor`, `mailer`, … */
  readonly by: string;
  /** The record's value, or as much of it as is text. */
  readonly value: string;
}

/** How far the replay of a letter has come. `begun` alone: the replay was interrupted, and the value may or may not be back in its topic. */
export interface ReplayMark {
  /** The letter's id. */
  readonly replay: string;
  readonly step: 'begun' | 'done';
  /** Epoch ms. */
  readonly at: number;
}

/** Keeps a letter small enough for the log, although each byte may take six as JSON. */
const VALUE_BYTES_MAX = 64 * 1024;

/** The letter about a record: where it lies, when it was received, its value. */
export function deadLetter(
  place: { readonly topic: Topic; readonly partition: number; readonly offset: number },
  at: number,
  value: Buffer,
  reason: string,
  by: string,
): DeadLetter {
  const { topic, partition, offset } = place;
  return { topic, partition, offset, at, reason, by, value: value.toString('utf8', 0, VALUE_BYTES_MAX) };
}

const letter = z.looseObject({
  topic: z.string(),
  partition: whole,
  offset: whole,
  at: time,
  reason: z.string(),
  by: z.string(),
  value: z.string(),
});
const mark = z.looseObject({ replay: z.string(), step: z.enum(['begun', 'done']), at: time });

export function decodeDeadLetter(text: string): Decoded<DeadLetter> {
  return decodeJson<DeadLetter>(letter, text, 'a dead letter');
}

export function decodeReplayMark(text: string): Decoded<ReplayMark> {
  return decodeJson<ReplayMark>(mark, text, 'a mark of a replay');
}
