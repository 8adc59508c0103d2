import { rowOf } from '../../records/topics.ts';
import { DAY_MS } from '../../runtime/durations.ts';
import type { Logger } from '../../runtime/logging.ts';
import type { RemovalClock } from '../../runtime/removal-clock.ts';
import type { LogMetrics } from './metrics.ts';
import type { PartitionLog } from './partition-log.ts';
import type { Positions } from './positions.ts';
import type { Store } from './store.ts';

export interface RetentionLimits {
  /** Records older than this are removed once every consumer has them. */
  readonly retentionMs: number;
  /** Above this the oldest are removed once every consumer has them; above twice this the oldest are removed, read or not. */
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

/** Frames removed per transaction, the most that an append may have to wait for. */
const FRAMES_PER_STEP = 64;

/** Drops old frames in small steps. */
export class Retention {
  readonly #limits: RetentionLimits;
  readonly #parts: RetentionParts;

  constructor(limits: RetentionLimits, parts: RetentionParts) {
    this.#limits = limits;
    this.#parts = parts;
  }

  /** Removes everything that is due, until nothing is left to remove or the signal is aborted. Rejects as `Store.write` does. */
  async apply(signal: AbortSignal): Promise<void> {
    const now = this.#parts.removalClock();
    if (now !== undefined) for (const log of this.#parts.logs) await this.#expire(log, now - this.#keptMs(log), signal);
    // The limit on size applies whatever the age.
    await this.#shrink(signal);
  }

  async #expire(log: PartitionLog, before: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Pages that are read become resident: while the oldest frame may stay, only that one is read.
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
          'the log has twice its maximum size: removing records that not all consumers have read',
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

  #keptMs({ topic }: PartitionLog): number {
    return Math.max(this.#limits.retentionMs, (rowOf(topic).keptEmbedded ?? 0) * DAY_MS);
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

/** How many items satisfy `are`, by binary search: those that do come first, and the first one does. */
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
