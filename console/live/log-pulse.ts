import type { InputProgress, MessageLog } from '../../message-log/port.ts';
import type { Clock } from '../../runtime/clock.ts';
import { reasonOf } from '../../runtime/errors.ts';
import { DetectionProof } from './detection-proof.ts';

/** Whether statuses come in, as the log shows. */
export interface Pulse {
  /** Records of ENTRY per second, over the last seconds; null until the log has been read twice. */
  readonly perSecond: number | null;
  /** When ENTRY was last seen to have grown, epoch ms; null: not since this console started. */
  readonly lastStatusAt: number | null;
  /** How long ago that is, ms, by a monotonic clock. */
  readonly lastStatusMs: number | null;
  /** Next offset of ENTRY by partition; empty until the log has been read. */
  readonly position: readonly number[];
  /** Why the log can't be read at the moment. */
  readonly problem: string | null;
}

/** Everything that came in longer ago than this is decided; null: not known. */
export interface DetectionLag {
  readonly behindMs: number | null;
}

interface Look {
  readonly at: number;
  readonly position: readonly number[];
}

const SPAN_MS = 3_000;
/** A proof younger than this still counts while the log does not answer, as during a leader election. */
const FRESH_MS = 10_000;

/** Observes the log: whether statuses come in, and whether they are decided. */
export class LogPulse {
  readonly #log: Pick<MessageLog, 'progress'>;
  readonly #clock: Clock;
  readonly #elapsed: () => number;
  readonly #began: number;
  readonly #detection = new DetectionProof();
  #looks: Look[] = [];
  #lastStatus: number | undefined;
  #problem: string | null = null;
  #looking: Promise<void> | undefined;

  /** `elapsed`: milliseconds of a monotonic clock. */
  constructor(log: Pick<MessageLog, 'progress'>, clock: Clock, elapsed: () => number = () => performance.now()) {
    this.#log = log;
    this.#clock = clock;
    this.#elapsed = elapsed;
    this.#began = elapsed();
  }

  /** Reads the log's positions; call it about every second while someone watches. Calls during a look share it. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  now(): Pulse {
    const first = this.#looks[0];
    const last = this.#looks.at(-1);
    const perSecond =
      first && last && last.at > first.at ? Math.round(((sum(last.position) - sum(first.position)) * 1_000) / (last.at - first.at)) : null;
    const lastStatusMs = this.#lastStatus === undefined ? null : Math.round(this.#elapsed() - this.#lastStatus);
    const lastStatusAt = lastStatusMs === null ? null : this.#clock() - lastStatusMs;
    return { perSecond, lastStatusAt, lastStatusMs, position: last?.position ?? [], problem: this.#problem };
  }

  detection(): DetectionLag {
    const behindMs = this.#detection.behindMs(this.#elapsed());
    const known = behindMs !== undefined && (this.#problem === null || behindMs <= FRESH_MS);
    return { behindMs: known ? Math.round(behindMs) : null };
  }

  /** For how long, in ms, nothing has proven that detection keeps up: since the last proof or, without one, since the start. */
  unprovenMs(): number {
    const now = this.#elapsed();
    return this.#detection.behindMs(now) ?? now - this.#began;
  }

  async #look(): Promise<void> {
    const askedAt = this.#elapsed();
    try {
      const inputs = await this.#log.progress();
      this.#detection.add(inputs, askedAt);
      this.#count(inputs, askedAt);
      this.#problem = null;
    } catch (error) {
      this.#problem = reasonOf(error);
    }
  }

  #count(inputs: readonly InputProgress[], at: number): void {
    const position = inputs.filter(({ topic }) => topic === 'ENTRY').map(({ next }) => next);
    const before = this.#looks.at(-1);
    if (before && sum(position) > sum(before.position)) this.#lastStatus = at;
    // A log that was created again begins at 0: a rate across the two would be meaningless.
    if (before && sum(position) < sum(before.position)) this.#looks = [];
    this.#looks = [...this.#looks.filter((look) => look.at >= at - SPAN_MS - 500 && look.at < at), { at, position }];
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
