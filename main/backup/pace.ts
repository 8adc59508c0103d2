import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from '../../message-log/embedded/copy.ts';
import { freeBytes } from '../../message-log/embedded/free-space.ts';
import { TransientError } from '../../runtime/errors.ts';

/** What must stay free on the disk that the system itself writes to: it refuses sensors when less than 16 MiB are. */
const KEPT_BESIDE_BYTES = 256 * 1024 ** 2;
const KEPT_BYTES = 1024 ** 2;
const MIB = 1024 ** 2;

/** An even pace, so that a copy leaves the disk to the system; and an end before the disk is full, or when a person wants it. */
export class EvenPace implements Pace {
  readonly #bytesPerS: number;
  readonly #target: string;
  readonly #kept: number;
  readonly #signal: AbortSignal;
  readonly #began = performance.now();
  #bytes = 0;

  /** `target`: a folder on the disk that is written; `dataDir`: of the system that may be running. */
  constructor(bytesPerS: number, target: string, dataDir: string, signal: AbortSignal) {
    this.#bytesPerS = bytesPerS;
    this.#target = target;
    this.#kept = statSync(target).dev === statSync(dataDir).dev ? KEPT_BESIDE_BYTES : KEPT_BYTES;
    this.#signal = signal;
  }

  /** Throws TransientError `disk-full` if that many more bytes would not leave enough free. */
  checkRoom(bytes: number): void {
    const free = freeBytes(this.#target);
    if (free >= bytes + this.#kept) return;
    const beside = this.#kept === KEPT_BESIDE_BYTES ? ', since the system writes to the same disk' : '';
    throw new TransientError(
      'disk-full',
      `${inMib(bytes)} do not fit: the disk has ${inMib(free)} free, and ${inMib(this.#kept)} must stay so${beside}`,
    );
  }

  async next(bytes: number): Promise<void> {
    this.#bytes += bytes;
    const early = (this.#bytes / this.#bytesPerS) * 1_000 - (performance.now() - this.#began);
    if (early > 1) await sleep(early);
    if (this.#signal.aborted) throw new TransientError('stopped', 'it was stopped; nothing of the backup is left');
    this.checkRoom(bytes);
  }
}

/** `1,234 MiB`, `512 KiB`. */
export function inMib(bytes: number): string {
  return bytes >= MIB ? `${Math.ceil(bytes / MIB).toLocaleString('en')} MiB` : `${Math.ceil(bytes / 1024)} KiB`;
}
