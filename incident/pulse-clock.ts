/** An entry proxy takes readings. It says so every 5 s while it does, into every partition, in one order with the readings. */
export interface Pulse {
  /** One run of one entry proxy: after a restart it has another name. */
  readonly proxy: string;
  /** Rises with every pulse of the run. */
  readonly ordinal: number;
  /** By a clock of the run, ms. Only what passes between two pulses of it counts, so that it may be wrong. */
  readonly at: number;
}

/** More than this does not pass between two pulses: the proxy was away, or its clock was set. */
export const PULSE_GAP_MAX_MS = 15_000;
/** After so many pulses of another run without one of the run that time goes by, it goes by the other. */
export const PULSES_TO_FOLLOW = 12;
/** Runs of which is known where their pulses are; those unheard for longest are forgotten. */
const RUNS_MAX = 64;

interface Run {
  readonly proxy: string;
  readonly ordinal: number;
  readonly at: number;
  /** Its pulses since the last one of the run that time goes by. */
  readonly ahead: number;
}

export interface PulseClockMemory {
  readonly ms: number;
  readonly followed?: string;
  /** Heard last comes last. */
  readonly runs: readonly Run[];
}

/**
 * How long readings could come in: it stands still while none can, so that nothing falls silent by an outage of ours, by a stop, or while a backlog is read.
 * It goes by the pulses of one proxy at a time. Pulses that are repeated or come too late move nothing.
 */
export class PulseClock {
  #ms = 0;
  #followed: string | undefined;
  #runs = new Map<string, Run>();

  /** ms since the first pulse. */
  get ms(): number {
    return this.#ms;
  }

  pulse({ proxy, ordinal, at }: Pulse): void {
    const before = this.#runs.get(proxy);
    if (before && ordinal <= before.ordinal) return;
    this.#followed ??= proxy;
    const isFollowed = proxy === this.#followed;
    const ahead = isFollowed ? 0 : (before?.ahead ?? 0) + 1;
    this.#keep({ proxy, ordinal, at, ahead });
    if (isFollowed && before) this.#ms += passedBetween(before.at, at);
    if (isFollowed || ahead >= PULSES_TO_FOLLOW) this.#follow(proxy);
  }

  memory(): PulseClockMemory {
    return { ms: this.#ms, runs: [...this.#runs.values()], ...(this.#followed !== undefined && { followed: this.#followed }) };
  }

  restore({ ms, followed, runs }: PulseClockMemory): void {
    this.#ms = ms;
    this.#followed = followed;
    this.#runs = new Map(runs.map((run) => [run.proxy, run]));
  }

  #keep(run: Run): void {
    this.#runs.delete(run.proxy);
    this.#runs.set(run.proxy, run);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > RUNS_MAX && oldest !== undefined) this.#runs.delete(oldest);
  }

  #follow(proxy: string): void {
    this.#followed = proxy;
    for (const run of this.#runs.values()) if (run.ahead > 0) this.#runs.set(run.proxy, { ...run, ahead: 0 });
  }
}

/** Nothing passes if the clock was set back. */
function passedBetween(before: number, at: number): number {
  return at > before ? Math.min(at - before, PULSE_GAP_MAX_MS) : 0;
}
