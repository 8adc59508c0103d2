import { PermanentError, reasonOf, TransientError } from '../../runtime/errors.ts';

const ENOSPC = 28;
const EDQUOT = process.platform === 'darwin' ? 69 : 122;
const MDB_MAP_FULL = -30792;
/** The codes of lmdb and of Node. */
const FULL: readonly unknown[] = [ENOSPC, EDQUOT, MDB_MAP_FULL, 'ENOSPC', 'EDQUOT'];

/** Translates a failed commit. lmdb attaches the cause to its error as a promise, which must be awaited or it counts as an unhandled rejection. */
export async function commitFault(error: unknown): Promise<TransientError> {
  const pending = error instanceof Error && 'commitError' in error ? error.commitError : undefined;
  const cause =
    pending instanceof Promise
      ? await pending.then(
          () => error,
          (reason: unknown) => reason,
        )
      : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return FULL.includes(code)
    ? new TransientError('disk-full', 'the disk of the data folder is full', { cause })
    : new TransientError('log-unavailable', `the data folder cannot be written: ${reasonOf(cause)}`, { cause });
}

/** Whatever is written goes to a file that nobody will find. Senders read this, so it has no path. */
export const gone = (): TransientError =>
  new TransientError(
    'log-unavailable',
    'the store was removed from the data folder, moved or replaced while the system runs: put it back, or stop the system and restore a backup',
  );
export const fenced = (): PermanentError =>
  new PermanentError('fenced', 'another process or task has taken over; this one must no longer write');
export const lost = (): TransientError =>
  new TransientError('input-lost', 'a write to the data folder failed, and records in it had already been read');
export const closed = (): TransientError => new TransientError('log-closed', 'the log is closed');

/** The store cannot be trusted; `what` says what is wrong, as a clause without a full stop. */
export class StoreDamage extends PermanentError {
  readonly what: string;

  constructor(what: string, cause?: unknown) {
    const advice =
      'Nothing was changed. Restore the data folder from a backup, or stop everything that uses it and run npm run repair, which reports what is missing and keeps the rest';
    super('store-damaged', `${what}. ${advice}`, { cause });
    this.what = what;
  }
}

export const damaged = (what: string, cause?: unknown): PermanentError => new StoreDamage(what, cause);
