import { statfsSync } from 'node:fs';
import { TransientError } from '../../runtime/errors.ts';

/** Margin for what other programs write between the check and the write, and for what is already acknowledged. */
export const RESERVE_BYTES = 16 * 1024 * 1024;
/** The part of that margin which must stay free when acknowledged data is written. */
export const LAST_RESERVE_BYTES = 1024 * 1024;

/**
 * Throws TransientError `disk-full` unless `bytes` more fit on the disk of `folder` with `reserve` bytes left over. lmdb must not run into a full disk:
 * when its write fails, it formats a message into a buffer that is too small (mdb_page_flush in lmdb-js 3.5) and the process dies. The check takes a
 * few microseconds.
 */
export function checkFreeSpace(folder: string, bytes: number, reserve = RESERVE_BYTES): void {
  if (freeBytes(folder) < reserve + bytes)
    throw new TransientError(
      'disk-full',
      `the disk of the data folder is full: less than ${Math.ceil((reserve + bytes) / 1024 ** 2)} MiB are free`,
    );
}

/** Free bytes on the disk that holds `folder` (or a file). */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    // Some file systems cannot say; then only the write itself will show.
    return Number.POSITIVE_INFINITY;
  }
}
