import type { Sight } from '../security/rights.ts';

/** One event as the bytes that are sent, serialised once for all streams that may see the same. */
export interface Frame {
  readonly seq: number;
  readonly bytes: Readonly<Record<Sight, Buffer>>;
}

/** The latest frames, from which an interrupted stream resumes. Bounded by number and bytes. */
export class EventRing {
  #frames: Frame[] = [];
  #bytes = 0;
  readonly #framesMax: number;
  readonly #bytesMax: number;

  constructor(framesMax: number, bytesMax: number) {
    this.#framesMax = framesMax;
    this.#bytesMax = bytesMax;
  }

  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += sizeOf(frame);
    while (this.#frames.length > this.#framesMax || this.#bytes > this.#bytesMax) {
      const oldest = this.#frames.shift();
      if (!oldest) break;
      this.#bytes -= sizeOf(oldest);
    }
  }

  /** All frames after `seq`, or undefined if some of them are gone. `next`: the sequence number of the next frame. */
  after(seq: number, next: number): readonly Frame[] | undefined {
    if (seq >= next) return undefined;
    if (seq === next - 1) return [];
    const first = this.#frames[0];
    if (!first || first.seq > seq + 1) return undefined;
    return this.#frames.slice(seq + 1 - first.seq);
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}

const sizeOf = ({ bytes }: Frame): number => bytes.full.length + bytes.limited.length;
