import type { Topic } from './topics.ts';

/** A record of DEAD, as JSON: what could not be handled, why, and where it came from. */
export interface DeadLetter {
  readonly topic: Topic;
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
