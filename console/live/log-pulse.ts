import type { MessageLog } from '../../message-log/port.ts';
import type { Clock } from '../../runtime/clock.ts';
import { reasonOf } from '../../runtime/errors.ts';

/** Whether statuses come in, as seen from the log itself. */
export interface Pulse {
  /** Records of ENTRY per second, over the last seconds; null until two looks were taken. */
  readonly perSecond: number | null;
  /** When the log was last seen to have grown, epoch ms; null: not since the console looks. */
  readonly lastStatusAt: number | null;
  /** Next offset of ENTRY by partition. */
  readonly position: readonly number[];
  readonly problem: string | null;
}

interface Look {
  readonly at: number;
  readonly position: readonly number[];
}

const SPAN_MS = 3_000;

export class LogPulse {
  readonly #log: MessageLog;
  readonly #clock: Clock;
  #looks: Look[] = [];
  #lastStatusAt: number | null = null;
  #problem: string | null = null;

  constructor(log: MessageLog, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Looks at the log once; call it about every second while someone watches. */
  async look(): Promise<void> {
    try {
      const partitions = Array.from({ length: this.#log.partitions }, (_, partition) => partition);
      const position = await Promise.all(partitions.map(async (partition) => (await this.#log.bounds('ENTRY', partition)).next));
      const at = this.#clock();
      const before = this.#looks.at(-1);
      if (before && sum(position) > sum(before.position)) this.#lastStatusAt = at;
      this.#looks = [...this.#looks.filter((look) => look.at >= at - SPAN_MS - 500 && look.at < at), { at, position }];
      this.#problem = null;
    } catch (error) {
      this.#problem = reasonOf(error);
    }
  }

  now(): Pulse {
    const first = this.#looks[0];
    const last = this.#looks.at(-1);
    const perSecond =
      first && last && last.at > first.at ? Math.round(((sum(last.position) - sum(first.position)) * 1_000) / (last.at - first.at)) : null;
    return { perSecond, lastStatusAt: this.#lastStatusAt, position: last?.position ?? [], problem: this.#problem };
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
