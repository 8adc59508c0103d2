import type { InputProgress } from '../../message-log/port.ts';

/** Where every input ended at a moment of the monotonic clock. */
interface Sample {
  readonly at: number;
  readonly ends: ReadonlyMap<string, number>;
}

/** While nothing is proven every other of them goes, so that a long outage takes no memory. */
const SAMPLES_MAX = 16;

/**
 * How far detection is behind at most, as its own positions prove it: whatever had come in when a sample was taken is decided once the task of
 * every partition has committed a position past it. A task that is dead holds the proof up, however well the others do.
 */
export class DetectionProof {
  #samples: Sample[] = [];
  #provenAt: number | undefined;

  /** `askedAt`: when the log was asked, before it answered. */
  add(inputs: readonly InputProgress[], askedAt: number): void {
    if (this.#samples.length >= SAMPLES_MAX) this.#samples = this.#samples.filter((_, i) => i % 2 === 1);
    this.#samples.push({ at: askedAt, ends: new Map(inputs.map((input) => [placeOf(input), input.next])) });
    const proven = this.#samples.findLast(({ ends }) => inputs.every((input) => isDecided(input, ends.get(placeOf(input)))));
    if (!proven) return;
    this.#provenAt = proven.at;
    this.#samples = this.#samples.filter(({ at }) => at > proven.at);
  }

  /** How many samples wait for their proof. */
  get waiting(): number {
    return this.#samples.length;
  }

  /** Undefined: nothing has been proven yet. */
  behindMs(now: number): number | undefined {
    return this.#provenAt === undefined ? undefined : Math.max(0, now - this.#provenAt);
  }
}

/** A position past the end is one of another log that bore the name before. */
function isDecided({ next, decided }: InputProgress, end: number | undefined): boolean {
  return end !== undefined && (decided ?? 0) >= end && (decided ?? 0) <= next;
}

const placeOf = ({ topic, partition }: InputProgress): string => `${topic}/${partition}`;
