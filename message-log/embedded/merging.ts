/**
 * Single records come in frames of their own, which lmdb keeps in the leaves of its tree: every commit reads and rewrites the last leaf through the
 * memory map, so that the whole log would become resident bit by bit. Merged into large frames they lie outside the tree, where no commit looks,
 * and the leaves are used again. It also saves a third of the disk and makes a backlog read faster.
 */
import { FrameBatch, MAX_FRAME_RECORDS } from './frame.ts';
import type { Frame, PartitionLog } from './partition-log.ts';
import { Stage } from './stage.ts';
import type { Store } from './store.ts';

/** No merge begins with less. */
const MIN_BYTES = 896 * 1024;
/** No merge takes more, so that it never holds up an append. */
const MAX_BYTES = 1024 * 1024;

/** Merges the small frames of one partition behind each other, in steps. Run it from one place only, never together with retention. */
export class Merging {
  readonly #log: PartitionLog;
  readonly #store: Store;

  constructor(log: PartitionLog, store: Store) {
    this.#log = log;
    this.#store = store;
  }

  /** Merges once if enough has gathered; true if there may be more. */
  async step(): Promise<boolean> {
    const { small } = this.#log;
    const { count, whole } = this.#run(small);
    if (!whole) return false;
    const frames = small.slice(0, count);
    if (count > 1 && (frames[0] as Frame).base >= this.#log.earliest) await this.#replace(frames);
    small.splice(0, count);
    return small.length > 0;
  }

  /** How many of the first frames follow each other; `whole`: enough of them, or what came next will never belong to them. */
  #run(small: readonly Frame[]): { readonly count: number; readonly whole: boolean } {
    const first = small[0];
    if (!first) return { count: 0, whole: false };
    let count = 1;
    let { next, bytes } = first;
    let size = bytes.length;
    while (count < small.length && size < MAX_BYTES) {
      ({ next, bytes } = small[count] as Frame);
      if ((small[count - 1] as Frame).next !== (small[count] as Frame).base || next - first.base > MAX_FRAME_RECORDS)
        return { count, whole: true };
      size += bytes.length;
      count += 1;
    }
    return { count, whole: size >= MIN_BYTES };
  }

  async #replace(frames: readonly Frame[]): Promise<void> {
    const stage = new Stage();
    for (const { bytes } of frames) {
      const batch = new FrameBatch(this.#log.topic, this.#log.partition, bytes, 0);
      for (let i = 0; i < batch.length; i += 1) stage.add(batch.key(i), batch.time(i), bytes, batch.start(i), batch.end(i));
    }
    const merged = stage.seal((frames[0] as Frame).base);
    await this.#store.write(() => {
      this.#log.remove(frames.map(({ base }) => base));
      this.#log.put(merged);
    }, MAX_BYTES);
  }
}
