/** Tells the outbox's folder from another one at its path, so that no mail lands where nobody fetches it. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { TransientError } from '../../../runtime/errors.ts';
import { FileInPlace } from '../../../runtime/file-in-place.ts';

export class OutboxPlace {
  readonly #folder: string;
  /** Held open, because a folder that is gone may leave its number to the next one. */
  #handle: number | undefined;
  #place: FileInPlace | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder if there is none; that one it is from now on. Rejects as the file system does. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    // Windows can't open a folder; there it isn't watched.
    if (process.platform === 'win32') return;
    this.close();
    this.#handle = openSync(this.#folder, 'r');
    this.#place = new FileInPlace(this.#folder, this.#handle);
  }

  /** Whether it still is somewhere, but not at its path. */
  get isElsewhere(): boolean {
    return this.#place?.isThere === false && !isRemoved(this.#handle);
  }

  /** To be called before a mail is written: a folder that was removed is made again. Rejects with TransientError `mail-deferred` if it is elsewhere. */
  async take(): Promise<void> {
    if (isRemoved(this.#handle)) await this.open();
    this.check();
  }

  /** To be called once a mail is written, before it counts as sent. Throws as `take` rejects. */
  check(): void {
    if (this.#place?.isThere === false)
      throw new TransientError(
        'mail-deferred',
        'the outbox was moved or replaced while the system runs, or another disk was mounted over it: put it back, or restart the mailer to use what is there now',
      );
  }

  close(): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
    this.#place = undefined;
  }
}

/** Whether an open folder is in no other folder any more, or none is open. */
function isRemoved(handle: number | undefined): boolean {
  if (handle === undefined) return true;
  try {
    return fstatSync(handle).nlink === 0;
  } catch {
    return false;
  }
}
