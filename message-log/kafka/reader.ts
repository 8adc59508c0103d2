import type { Reader, RecordBatch } from '../port.ts';
import type { Cursor } from './cursor.ts';
import { unavailable } from '../../kafka/faults.ts';

/** Lets a poll wait until any of its cursors has something to take. */
export class Waiting {
  #wake: (() => void) | undefined;
  #closed = false;

  get closed(): boolean {
    return this.#closed;
  }

  readonly notify = (): void => {
    this.#wake?.();
  };

  /** Resolves once notified or closed, or after `waitMs`. */
  async wait(waitMs: number): Promise<void> {
    if (this.#closed || waitMs <= 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, waitMs);
    });
    this.#wake = undefined;
    clearTimeout(timer);
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }
}

/** Takes everything that has arrived at the cursors; waits up to `waitMs` for the first, then resolves with none. Calls `onTaken` when there is room again. */
export async function takeAll(
  cursors: () => Iterable<Cursor>,
  waiting: Waiting,
  waitMs: number,
  onTaken: () => void,
): Promise<readonly RecordBatch[]> {
  const end = performance.now() + waitMs;
  for (;;) {
    if (waiting.closed) return [];
    const batches: RecordBatch[] = [];
    let taken = false;
    for (const cursor of cursors()) {
      if (!cursor.hasSome) continue;
      taken = true;
      batches.push(...cursor.take());
    }
    if (taken) onTaken();
    const left = end - performance.now();
    if (batches.length > 0 || left <= 0) return batches;
    await waiting.wait(left);
  }
}

/** Reads one partition through a fetcher that it shares with other readers. */
export class KafkaReader implements Reader {
  onGap: ((from: number, to: number) => void) | undefined;
  readonly #cursor: Cursor;
  readonly #waiting = new Waiting();
  readonly #onTaken: () => void;
  readonly #onClose: () => void;
  #ended: Error | undefined;

  /** `stays`: if the topic is deleted and created again, `poll` rejects instead of going on in the new one. */
  constructor(cursor: Cursor, stays: boolean, onTaken: () => void, onClose: () => void) {
    this.#cursor = cursor;
    this.#onTaken = onTaken;
    this.#onClose = onClose;
    cursor.onArrival = this.#waiting.notify;
    cursor.onGap = (from, to) => this.onGap?.(from, to);
    if (!stays) return;
    cursor.onRecreated = () => {
      this.#ended = unavailable(`${cursor.name}/${cursor.partition}: the topic was deleted and created again`);
      this.#waiting.close();
      onClose();
    };
  }

  get position(): number {
    return this.#cursor.position;
  }

  get behind(): boolean {
    return this.#cursor.behind;
  }

  async poll(waitMs: number): Promise<readonly RecordBatch[]> {
    const batches = await takeAll(() => (this.#ended ? [] : [this.#cursor]), this.#waiting, waitMs, this.#onTaken);
    if (this.#ended && batches.length === 0) throw this.#ended;
    return batches;
  }

  async close(): Promise<void> {
    this.#waiting.close();
    this.#onClose();
  }
}
