import { statfsSync } from 'node:fs';
import { TransientError } from '../../runtime/errors.ts';

/** What other programs may take between the look and the write, and room for what is acknowledged already. */
export const RESERVE_BYTES = 16 * 1024 * 1024;
/** What stays free of that when what is acknowledged already is written. */
export const LAST_RESERVE_BYTES = 1024 * 1024;

/**
 * Throws TransientError `disk-full` unless `bytes` more fit on the disk of `folder`, and `reserve` stays. lmdb must not find out by itself: where its
 * write fails, it builds a message in too small a buffer (mdb_page_flush in lmdb-js 3.5) and the process dies. A look takes a few microseconds.
 */
export function checkFreeSpace(folder: string, bytes: number, reserve = RESERVE_BYTES): void {
  if (freeBytes(folder) < reserve + bytes)
    throw new TransientError(
      'disk-full',
      `the disk of the data folder is full: less than ${Math.ceil((reserve + bytes) / 1024 ** 2)} MiB are free`,
    );
}

/** Of the disk on which `folder` (or a file) lies. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    // Some file systems cannot say; then the write has to.
    return Number.POSITIVE_INFINITY;
  }
}
