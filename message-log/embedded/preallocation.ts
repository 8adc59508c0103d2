import { type FileHandle, open } from 'node:fs/promises';
import type { RootDatabase } from 'lmdb';
import { freeBytes } from './free-space.ts';

const EVERY_MS = 100;
/** Weight of the newest tick in the mean growth, which thus covers about a second: a single large commit does not count as growth. */
const SMOOTHING = 0.1;
/** Allocates for this many ticks of growth in advance. */
const TICKS_AHEAD = 20;
/** A store that grows more slowly doesn't need this, and reading it would bring the zeros into memory. */
const MIN_AHEAD_BYTES = 2 * 1024 ** 2;
const MAX_AHEAD_BYTES = 256 * 1024 ** 2;
/** Adds a little at a time, often: one large write would hold up the commits. */
const ZEROS = Buffer.alloc(1024 ** 2);
/** Does nothing while the disk has less than this free. */
const KEPT_FREE_BYTES = 1024 ** 3;

/**
 * Appends zeros to the store's file while it grows. A commit that only overwrites existing space needs no entry in the file system's journal, which is
 * slowed down when other files are synced often; PostgreSQL does the same with its write-ahead log. Appending is safe beside lmdb's own writes: zeros only
 * go after the current end of the file, and lmdb never reads pages that it has not written.
 */
export class Preallocation {
  readonly #root: RootDatabase;
  readonly #path: string;
  #used: number;
  #growth = 0;
  #running: Promise<void> | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(root: RootDatabase, path: string) {
    this.#root = root;
    this.#path = path;
    this.#used = usedBytes(root);
    this.#timer = setInterval(() => this.#tick(), EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  #tick(): void {
    const used = usedBytes(this.#root);
    this.#growth += SMOOTHING * (used - this.#used - this.#growth);
    this.#used = used;
    const ahead = Math.min(MAX_AHEAD_BYTES, this.#growth * TICKS_AHEAD);
    if (ahead < MIN_AHEAD_BYTES || this.#running) return;
    // Only an optimisation: if it fails, the store works without.
    this.#running = extend(this.#path, used + ahead)
      .catch(() => undefined)
      .finally(() => {
        this.#running = undefined;
      });
  }
}

async function extend(path: string, until: number): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'a');
    for (let { size } = await file.stat(); size < until && freeBytes(path) > KEPT_FREE_BYTES; { size } = await file.stat()) {
      await file.write(ZEROS);
      await file.datasync();
    }
  } finally {
    await file?.close();
  }
}

function usedBytes(root: RootDatabase): number {
  const { pageSize, lastPageNumber } = root.getStats() as { readonly pageSize: number; readonly lastPageNumber: number };
  return (lastPageNumber + 1) * pageSize;
}
