import { setImmediate as nextTurn } from 'node:timers/promises';
import { FrameBatch, MAX_FRAME_RECORDS } from './frame.ts';
import type { Entry } from './journal.ts';
import type { PartitionLog } from './partition-log.ts';
import { Stage } from './stage.ts';
import type { Store } from './store.ts';

/** A merge begins with one of these, and makes a frame of about as much: a larger one would hold up the commits beside it. */
const MERGED_BYTES = 192 * 1024;
const MIN_FRAMES = 512;
/** Frames read without letting others have their turn. */
const FRAMES_PER_TURN = 256;
/** Frames per transaction that are moved as they are. */
const MOVED_PER_STEP = 64;

/** Brings the small frames of one partition from its journal into the log, as large ones. Run it from one place only. */
export class Merging {
  readonly #log: PartitionLog;
  readonly #store: Store;

  constructor(log: PartitionLog, store: Store) {
    this.#log = log;
    this.#store = store;
  }

  /** So much waits that merging must not lose time. */
  get pressing(): boolean {
    return this.#log.journal.fill > 0.5;
  }

  /**
   * Merges once if enough has gathered; true if there may be more. Frames from before `agedBefore`, epoch ms, are moved as they are, so that
   * retention can have each in its time.
   */
  async step(agedBefore: number): Promise<boolean> {
    const { entries } = this.#log.journal;
    const aged = countWhile(entries, MOVED_PER_STEP, ({ at }) => at < agedBefore);
    if (aged > 0) {
      await this.#move(entries.slice(0, aged));
      return true;
    }
    const { count, whole } = run(entries);
    if (!whole) return false;
    if (count === 1) await this.#move(entries.slice(0, 1));
    else await this.#merge(entries.slice(0, count));
    return entries.length > 0;
  }

  async #move(entries: readonly Entry[]): Promise<void> {
    await this.#write(
      entries,
      entries.flatMap((entry) => this.#log.readEntry(entry) ?? []),
    );
  }

  async #merge(entries: readonly Entry[]): Promise<void> {
    const frames: Buffer[] = [];
    let stage = new Stage();
    let base = Number.NaN;
    let next = Number.NaN;
    const seal = (): void => {
      if (stage.count > 0) frames.push(...stage.seal(base));
    };
    for (const [i, entry] of entries.entries()) {
      if (i % FRAMES_PER_TURN === FRAMES_PER_TURN - 1) await nextTurn();
      const bytes = this.#log.readEntry(entry);
      if (!bytes) continue;
      // Only a damaged one leaves a gap.
      if (entry.base !== next) {
        seal();
        stage = new Stage();
        base = entry.base;
      }
      const batch = new FrameBatch(this.#log.topic, this.#log.partition, bytes, 0);
      for (let r = 0; r < batch.length; r += 1) stage.add(batch.key(r), batch.time(r), bytes, batch.start(r), batch.end(r));
      next = entry.next;
    }
    seal();
    await this.#write(entries, frames);
  }

  async #write(entries: readonly Entry[], frames: readonly Buffer[]): Promise<void> {
    await this.#store.write(
      () => this.#log.putMerged(frames, (entries.at(-1) as Entry).next),
      frames.reduce((sum, { length }) => sum + length, 0),
    );
    this.#log.merged(entries.length);
  }
}

/** How many of the first entries follow each other; `whole`: enough of them, or what came next will never belong to them. */
function run(entries: readonly Entry[]): { readonly count: number; readonly whole: boolean } {
  const [first] = entries;
  if (!first) return { count: 0, whole: false };
  let count = 1;
  let size = first.bytes;
  while (count < entries.length && size < MERGED_BYTES) {
    const entry = entries[count] as Entry;
    if ((entries[count - 1] as Entry).next !== entry.base || entry.next - first.base > MAX_FRAME_RECORDS) return { count, whole: true };
    size += entry.bytes;
    count += 1;
  }
  return { count, whole: size >= MERGED_BYTES || count >= MIN_FRAMES };
}

function countWhile<T>(list: readonly T[], limit: number, holds: (item: T) => boolean): number {
  let count = 0;
  while (count < Math.min(list.length, limit) && holds(list[count] as T)) count += 1;
  return count;
}
