import { type FileHandle, open } from 'node:fs/promises';
import type { RootDatabase } from 'lmdb';
import { freeBytes } from './free-space.ts';

const EVERY_MS = 100;
/** Share of the newest tick in the mean growth, so that it is that of about a second: a single large commit is no growth. */
const SMOOTHING = 0.1;
/** Ready for so many ticks of such growth. */
const TICKS_AHEAD = 20;
/** A store that grows more slowly has no trouble without, and reading it would bring the zeros into memory. */
const MIN_AHEAD_BYTES = 2 * 1024 ** 2;
const MAX_AHEAD_BYTES = 256 * 1024 ** 2;
/** Little is added often: a large write beside them would hold up the commits. */
const ZEROS = Buffer.alloc(1024 ** 2);
/** Not on a disk that has less than this left. */
const KEPT_FREE_BYTES = 1024 ** 3;

/**
 * Writes zeros ahead of the store's end while it grows. A commit that only overwrites what the file already has needs no entry in the file system's journal,
 * which many syncs of other files hold up: PostgreSQL does the same with its write-ahead log. Appending is safe beside lmdb's own writes: zeros come only
 * after whatever the file has by then, and lmdb never reads pages that it has not written.
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
    // Whatever goes wrong, the store does without.
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
