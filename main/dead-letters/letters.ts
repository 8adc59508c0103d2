/** Reading topic DEAD: letters, and the marks of what was done with them. */
import { z } from 'zod';
import type { MessageLog, RecordBatch } from '../../message-log/port.ts';
import type { DeadLetter } from '../../records/dead-letter.ts';
import { TOPICS } from '../../records/topics.ts';
import { parsed } from '../../records/decoded.ts';
import { recordsBetween } from '../../processor/records-between.ts';

/** Undefined: nothing was done with it. `begun`: a replay was broken off, whether the value is back is not known. */
export type ReplayStep = 'begun' | 'done' | undefined;

/** A record of DEAD beside the letters: how far a replay has come. */
interface ReplayMark {
  /** The letter's id. */
  readonly replay: string;
  readonly step: Exclude<ReplayStep, undefined>;
  readonly at: number;
}

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
  /** Part of the reason, in any case. */
  readonly reason?: string;
  /** Received in [from, to), epoch ms. */
  readonly from?: number;
  readonly to?: number;
}

const letter = z.object({
  topic: z.enum(TOPICS),
  partition: z.number(),
  offset: z.number(),
  at: z.number(),
  reason: z.string(),
  by: z.string(),
  value: z.string(),
});
const mark = z.object({ replay: z.string(), step: z.enum(['begun', 'done']), at: z.number() });

/**
 * All letters that match, partition by partition, oldest first; all marks are read before, since they may lie in any partition. Rejects with
 * TransientError where the log doesn't give all of them.
 */
export async function* readLetters(log: MessageLog, filter: LetterFilter = {}): AsyncGenerator<ListedLetter> {
  const steps = new Map<string, ReplayStep>();
  for await (const { json } of recordsOf(log)) {
    const { data } = mark.safeParse(json);
    if (data && steps.get(data.replay) !== 'done') steps.set(data.replay, data.step);
  }
  for await (const { json, id, key } of recordsOf(log)) {
    const { data } = letter.safeParse(json);
    if (!data) continue;
    const listed = { ...data, id, sensor: key, replayed: steps.get(id) };
    if (matches(listed, filter)) yield listed;
  }
}

/** Durable once it resolves. */
export async function markReplay(log: MessageLog, { id, sensor }: ListedLetter, step: ReplayMark['step'], at: number): Promise<void> {
  const value: ReplayMark = { replay: id, step, at };
  const bytes = Buffer.from(JSON.stringify(value));
  await log.append('DEAD', { length: 1, bytes, keys: [sensor], starts: [0], ends: [bytes.length] }, at);
}

async function* recordsOf(log: MessageLog) {
  for (let partition = 0; partition < log.partitions; partition += 1) yield* recordsOfPartition(log, partition);
}

async function* recordsOfPartition(log: MessageLog, partition: number) {
  const { earliest, next } = await log.bounds('DEAD', partition);
  for await (const batch of recordsBetween(log, 'DEAD', partition, earliest, next)) yield* jsonOf(batch, next);
}

function* jsonOf(batch: RecordBatch, next: number) {
  for (let i = 0; i < batch.length && batch.offset(i) < next; i += 1) {
    const json = parsed(batch.bytes.toString('utf8', batch.start(i), batch.end(i)));
    yield { json, id: `${batch.partition}@${batch.offset(i)}`, key: batch.key(i) };
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
