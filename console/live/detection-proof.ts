import type { InputProgress } from '../../message-log/port.ts';

/** The end of every input at a moment of the monotonic clock, ms. */
interface Sample {
  readonly at: number;
  readonly ends: ReadonlyMap<string, number>;
}

/** At this many unproven samples every other one is dropped, so that memory is bounded in a long outage. */
const SAMPLES_MAX = 16;

/**
 * An upper bound of how far detection is behind, proven by the tasks' committed positions: everything that had come in when a sample was taken is
 * decided once the task of every partition has committed a position past it. One dead task is enough to prevent the proof.
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

  /** How many samples are not proven yet. */
  get waiting(): number {
    return this.#samples.length;
  }

  /** Undefined: nothing has been proven yet. */
  behindMs(now: number): number | undefined {
    return this.#provenAt === undefined ? undefined : Math.max(0, now - this.#provenAt);
  }
}

/** A position past the end belongs to an earlier log of the same name, and proves nothing. */
function isDecided({ next, decided }: InputProgress, end: number | undefined): boolean {
  return end !== undefined && (decided ?? 0) >= end && (decided ?? 0) <= next;
}

const placeOf = ({ topic, partition }: InputProgress): string => `${topic}/${partition}`;
