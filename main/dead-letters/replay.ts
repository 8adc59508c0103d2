import { BUILT_IN_TYPES } from '../../alarm/alarm-type.ts';
import { Decoder } from '../../alarm/decode.ts';
import { emptyRecovery, emptyStatus } from '../../alarm/status.ts';
import { TypeSet } from '../../alarm/type-set.ts';
import { oneRecord } from '../../message-log/one-record.ts';
import type { MessageLog } from '../../message-log/port.ts';
import type { Clock } from '../../runtime/clock.ts';
import { type ListedLetter, markReplay } from './letters.ts';

/** `skipped` with its reason: nothing was written. */
export type Replayed = { readonly outcome: 'replayed'; readonly topic: string } | { readonly outcome: 'skipped'; readonly reason: string };

export interface ReplayOptions {
  /** Also replays a letter that isn't valid or whose earlier replay was interrupted, but never one whose replay is done. */
  readonly force: boolean;
  /** Only reports what would be done. */
  readonly dryRun: boolean;
}

/**
 * Appends the value to the topic it came from, as if it were received now. A mark before and one after it ensure that no letter is
 * replayed twice, and show when a replay died in between, so that its outcome is unknown. Rejects like an append.
 */
export async function replay(letter: ListedLetter, log: MessageLog, clock: Clock, { force, dryRun }: ReplayOptions): Promise<Replayed> {
  const { topic, replayed, value } = letter;
  if (topic !== 'ENTRY' && topic !== 'OK') return skipped(`only ENTRY and OK can be replayed, not ${topic}`);
  if (replayed === 'done') return skipped('it was replayed before');
  if (replayed === 'begun' && !force)
    return skipped('an earlier replay was interrupted, so the value may be back already: look for it, then use --force if it is not');
  const { bytes, id, problem } = (topic === 'ENTRY' ? statusIn : recoveryIn)(Buffer.from(value));
  if (problem !== undefined && !force) return skipped(`not valid: ${problem}`);
  if (dryRun) return { outcome: 'replayed', topic };

  await markReplay(log, letter, 'begun', clock());
  const key = problem === undefined ? id : letter.sensor;
  await log.append(topic, oneRecord(key, bytes), clock());
  await markReplay(log, letter, 'done', clock());
  return { outcome: 'replayed', topic };
}

/** No types are needed: they don't affect whether a record is valid. */
const ANY_TYPES = new TypeSet(BUILT_IN_TYPES);
const decoder = new Decoder(ANY_TYPES);

const skipped = (reason: string): Replayed => ({ outcome: 'skipped', reason });

function statusIn(bytes: Buffer) {
  const status = emptyStatus(ANY_TYPES);
  const problem = decoder.status(bytes, 0, bytes.length, status);
  return { bytes: problem === undefined && status.repaired ? Buffer.from(status.repaired) : bytes, id: status.id, problem };
}

function recoveryIn(bytes: Buffer) {
  const recovery = emptyRecovery();
  const problem = decoder.recovery(bytes, 0, bytes.length, recovery);
  return { bytes: problem === undefined && recovery.repaired ? Buffer.from(recovery.repaired) : bytes, id: recovery.id, problem };
}
