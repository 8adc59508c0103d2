import { PermanentError, TransientError } from '../runtime/errors.ts';

/** Kafka's error codes that mean something here. */
export const OFFSET_OUT_OF_RANGE = 1;
const UNKNOWN_TOPIC_OR_PARTITION = 3;
const MESSAGE_TOO_LARGE = 10;
const RECORD_LIST_TOO_LARGE = 18;
export const INVALID_TIMESTAMP = 32;
export const DUPLICATE_SEQUENCE = 46;
export const CONCURRENT_TRANSACTIONS = 51;
const INVALID_PRODUCER_EPOCH = 47;
const PRODUCER_FENCED = 90;

const NAMES: Readonly<Record<number, string>> = {
  [OFFSET_OUT_OF_RANGE]: 'the position is out of range',
  [UNKNOWN_TOPIC_OR_PARTITION]: 'no such topic or partition',
  5: 'no leader at the moment',
  6: 'the leader has moved',
  7: 'replicas did not confirm in time',
  9: 'a replica is missing',
  [MESSAGE_TOO_LARGE]: 'a record is too large for the topic',
  [RECORD_LIST_TOO_LARGE]: 'a batch is larger than a segment',
  19: 'too few replicas are in sync',
  20: 'too few replicas were in sync',
  29: 'not allowed to use the topic',
  [INVALID_TIMESTAMP]: 'the time of a record is too far from the time of the broker',
  45: 'a batch before this one is missing',
  [INVALID_PRODUCER_EPOCH]: 'another owner has taken over',
  [CONCURRENT_TRANSACTIONS]: 'the previous transaction is still being completed',
  53: 'not allowed to use the transactional id',
  56: "the broker's disk has failed",
  59: 'the producer is no longer known',
  [PRODUCER_FENCED]: 'another owner has taken over',
  100: 'the topic was deleted and created again, or is too new to be known',
  103: 'the topic was deleted and created again, or is too new to be known',
};

export const nameOf = (code: number): string => NAMES[code] ?? `error ${code}`;

/** The same batch may succeed when it is sent again, perhaps to another broker: brokers drop duplicates. */
const RETRIED: ReadonlySet<number> = new Set([UNKNOWN_TOPIC_OR_PARTITION, 5, 6, 7, 8, 9, 13, 19, 20, 56, 74, 75]);
export const isRetried = (code: number): boolean => RETRIED.has(code);

export const isFencing = (code: number): boolean => code === INVALID_PRODUCER_EPOCH || code === PRODUCER_FENCED;

/** The error that the caller gets for a rejected batch. */
export function produceFault(place: string, code: number): TransientError | PermanentError {
  if (isFencing(code)) return fenced();
  const message = `${place}: ${nameOf(code)}`;
  const tooLarge = code === MESSAGE_TOO_LARGE || code === RECORD_LIST_TOO_LARGE;
  return tooLarge ? new PermanentError('record-too-large', message) : unavailable(message);
}

export const unavailable = (message: string, cause?: unknown): TransientError =>
  new TransientError('log-unavailable', `Kafka: ${message}`, cause === undefined ? undefined : { cause });
/** The request was never sent, so it had no effect. */
export class NotSent extends TransientError {}

export const fenced = (): PermanentError =>
  new PermanentError('fenced', 'another process or task has taken over; this one must not write any more');
export const closed = (): TransientError => new TransientError('log-closed', 'the log is closed');
