/** Reads topic DEAD: letters, and the marks of their replays. */
import { oneRecord } from '../../message-log/one-record.ts';
import type { MessageLog, RecordBatch } from '../../message-log/port.ts';
import { textOf } from '../../message-log/values.ts';
import { decodeDeadLetter, decodeReplayMark, type DeadLetter, type ReplayMark } from '../../records/dead-letter.ts';
import { recordsBetween } from '../../processor/records-between.ts';

/** Undefined: never replayed. `begun`: a replay was interrupted, and the value may or may not be back in its topic. */
export type ReplayStep = ReplayMark['step'] | undefined;

export interface ListedLetter extends DeadLetter {
  /** Its place in DEAD, `partition@offset`. */
  readonly id: string;
  readonly sensor: number;
  readonly replayed: ReplayStep;
}

export interface LetterFilter {
  readonly ids?: ReadonlySet<string>;
  readonly topic?: string;
  readonly by?: string;
  readonly sensor?: number;
  /** Text within the reason; case doesn't matter. */
  readonly reason?: string;
  /** Received in [from, to), epoch ms. */
  readonly from?: number;
  readonly to?: number;
}

/**
 * All letters that match, partition by partition, oldest first; all marks are read first, since they may lie in any partition. Rejects with
 * TransientError if the log doesn't give all of them.
 */
export async function* readLetters(log: MessageLog, filter: LetterFilter = {}): AsyncGenerator<ListedLetter> {
  const steps = new Map<string, ReplayStep>();
  for await (const { text } of recordsOf(log)) {
    const { value } = decodeReplayMark(text);
    if (value && steps.get(value.replay) !== 'done') steps.set(value.replay, value.step);
  }
  for await (const { text, id, key } of recordsOf(log)) {
    const { value } = decodeDeadLetter(text);
    if (!value) continue;
    const listed = { ...value, id, sensor: key, replayed: steps.get(id) };
    if (matches(listed, filter)) yield listed;
  }
}

/** Durable once it resolves. */
export async function markReplay(log: MessageLog, { id, sensor }: ListedLetter, step: ReplayMark['step'], at: number): Promise<void> {
  const mark: ReplayMark = { replay: id, step, at };
  await log.append('DEAD', oneRecord(sensor, JSON.stringify(mark)), at);
}

async function* recordsOf(log: MessageLog) {
  for (let partition = 0; partition < log.partitions; partition += 1) yield* recordsOfPartition(log, partition);
}

async function* recordsOfPartition(log: MessageLog, partition: number) {
  const { earliest, next } = await log.bounds('DEAD', partition);
  for await (const batch of recordsBetween(log, 'DEAD', partition, earliest, next)) yield* textsOf(batch, next);
}

function* textsOf(batch: RecordBatch, next: number) {
  for (let i = 0; i < batch.length && batch.offset(i) < next; i += 1) {
    yield { text: textOf(batch, i), id: `${batch.partition}@${batch.offset(i)}`, key: batch.key(i) };
  }
}

function matches(found: ListedLetter, { ids, topic, by, sensor, reason, from, to }: LetterFilter): boolean {
  return (
    (ids === undefined || ids.has(found.id)) &&
    (topic === undefined || topic === found.topic) &&
    (by === undefined || by === found.by) &&
    (sensor === undefined || sensor === found.sensor) &&
    (reason === undefined || found.reason.toLowerCase().includes(reason.toLowerCase())) &&
    found.at >= (from ?? Number.NEGATIVE_INFINITY) &&
    found.at < (to ?? Number.POSITIVE_INFINITY)
  );
}
