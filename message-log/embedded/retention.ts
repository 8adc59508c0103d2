import type { Logger } from '../../runtime/logging.ts';
import type { RemovalClock } from '../../runtime/removal-clock.ts';
import type { LogMetrics } from './metrics.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Positions } from './positions.ts';
import type { Store } from './store.ts';

export interface RetentionLimits {
  /** Records older than this go once every consumer has them. */
  readonly retentionMs: number;
  /** Above this the oldest go once every consumer has them; above twice this the oldest go, read or not. */
  readonly retentionBytes: number;
}

export interface RetentionParts {
  readonly store: Store;
  readonly logs: readonly PartitionLog[];
  readonly positions: Positions;
  readonly metrics: LogMetrics;
  readonly removalClock: RemovalClock;
  readonly logger: Logger;
}

/** Frames per transaction: appends wait for no more than this. */
const FRAMES_PER_STEP = 64;

/** Drops old frames in small steps. */
export class Retention {
  readonly #limits: RetentionLimits;
  readonly #parts: RetentionParts;

  constructor(limits: RetentionLimits, parts: RetentionParts) {
    this.#limits = limits;
    this.#parts = parts;
  }

  /** Drops whatever has had its time, until there is no more or the signal is aborted. Rejects as the store's write does. */
  async apply(signal: AbortSignal): Promise<void> {
    const now = this.#parts.removalClock();
    if (now !== undefined) for (const log of this.#parts.logs) await this.#expire(log, now - this.#limits.retentionMs, signal);
    // A disk has its limit whatever the time.
    await this.#shrink(signal);
  }

  async #expire(log: PartitionLog, before: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // What is read becomes resident: one look at the oldest, as long as it may stay.
      const [oldest] = log.oldest(this.#needed(log), 1);
      if (oldest === undefined || log.lastTimeAt(oldest) >= before) return;
      const bases = log.oldest(this.#needed(log), FRAMES_PER_STEP);
      const expired = countWhile(bases, (base) => log.lastTimeAt(base) < before);
      await this.#drop(log, bases.slice(0, expired), 'yes');
      if (expired < FRAMES_PER_STEP) return;
    }
  }

  async #shrink(signal: AbortSignal): Promise<void> {
    let warned = false;
    while (!signal.aborted) {
      const sized = this.#parts.logs.map((log) => ({ log, bytes: log.sizeBytes })).sort((a, b) => b.bytes - a.bytes);
      const total = sized.reduce((sum, { bytes }) => sum + bytes, 0);
      if (total <= this.#limits.retentionBytes) return;
      const read = firstWithFrames(sized, (log) => log.oldest(this.#needed(log), FRAMES_PER_STEP));
      if (read) {
        await this.#drop(read.log, read.bases, 'yes');
        continue;
      }
      if (total <= 2 * this.#limits.retentionBytes) return;
      const unread = firstWithFrames(sized, (log) => log.oldest(Number.POSITIVE_INFINITY, FRAMES_PER_STEP));
      if (!unread) return;
      if (!warned)
        this.#parts.logger.error(
          { topic: unread.log.topic },
          'the log is twice its limit: records that not all consumers have read are removed',
        );
      warned = true;
      await this.#drop(unread.log, unread.bases, 'no');
    }
  }

  async #drop(log: PartitionLog, bases: readonly number[], read: 'yes' | 'no'): Promise<void> {
    await this.#parts.store.write(() => log.remove(bases));
    log.removed();
    this.#parts.metrics.removedFrames.inc({ topic: log.topic, read }, bases.length);
  }

  #needed(log: PartitionLog): number {
    return this.#parts.positions.lowest(log.topic, log.partition);
  }
}

function firstWithFrames(
  sized: readonly { readonly log: PartitionLog }[],
  basesOf: (log: PartitionLog) => number[],
): { readonly log: PartitionLog; readonly bases: number[] } | undefined {
  for (const { log } of sized) {
    const bases = basesOf(log);
    if (bases.length > 0) return { log, bases };
  }
  return undefined;
}

/** How many `are` so, in a list of which the first is and none is after one that isn't. */
function countWhile<T>(list: readonly T[], are: (item: T) => boolean): number {
  let low = 1;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (are(list[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
