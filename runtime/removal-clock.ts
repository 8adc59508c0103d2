import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from './clock.ts';
import type { Health } from './health.ts';
import type { Logger } from './logging.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './durations.ts';

/** The time by which the age of data is judged for removal; undefined: nothing may be removed by age now. */
export type RemovalClock = () => number | undefined;

export interface CautiousClockParts {
  /** Where the time is remembered over restarts. */
  readonly folder: string;
  /** How far the time of records is ahead of the machine's clock. */
  readonly recordsAheadMs: () => number;
  readonly logger: Logger;
  readonly health: Health;
  readonly wall?: Clock;
  /** Milliseconds of a monotonic clock. */
  readonly elapsed?: () => number;
}

/** Steps up to this are ordinary corrections; a restart counts as a step too. */
const AHEAD_MS = HOUR_MS;
const BEHIND_MS = MINUTE_MS;
const BELIEVED_AFTER_MS = DAY_MS;
const REMEMBER_EVERY_MS = 10 * MINUTE_MS;
const LOOK_EVERY_MS = 10_000;
export const REMOVAL_CLOCK_FILE = 'removal-clock';
const PART = 'clock';

/** How far the machine's clock is from the expected time, and since when. */
interface Doubt {
  readonly side: 'ahead' | 'behind';
  readonly since: number;
  /** Whether this process saw it step. */
  readonly running: boolean;
}

/**
 * The machine's clock, with care: removed data is gone for good, and clocks are sometimes wrong. A clock that steps ahead is believed only after it
 * has been ahead for a day; until then time runs on from where it was. Nothing is removed while the clock is behind where it was, or behind the time of records.
 */
export class CautiousClock {
  readonly #parts: CautiousClockParts;
  readonly #wall: Clock;
  readonly #elapsed: () => number;
  readonly #file: string;
  /** The time believed at the last look; undefined: there was no look yet. */
  #last: { readonly believed: number; readonly elapsed: number } | undefined;
  #doubt: Doubt | undefined;
  #said: string | undefined;
  #rememberedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: CautiousClockParts) {
    this.#parts = parts;
    this.#wall = parts.wall ?? systemClock;
    this.#elapsed = parts.elapsed ?? (() => performance.now());
    this.#file = join(parts.folder, REMOVAL_CLOCK_FILE);
  }

  readonly now: RemovalClock = () => {
    const last = this.#last;
    if (!last) setInterval(this.now, LOOK_EVERY_MS).unref();
    const wall = this.#wall();
    const elapsed = this.#elapsed();
    const expected = last ? last.believed + elapsed - last.elapsed : (remembered(this.#file) ?? wall);
    const step = wall - expected;
    this.#doubt = this.#doubted(step, elapsed, last !== undefined);
    const believed = this.#doubt ? expected : wall;
    this.#last = { believed, elapsed };
    this.#remember(believed, elapsed);
    const recordsAheadMs = this.#parts.recordsAheadMs();
    this.#say(step, recordsAheadMs);
    return recordsAheadMs > BEHIND_MS || this.#doubt?.side === 'behind' ? undefined : believed;
  };

  #doubted(step: number, elapsed: number, running: boolean): Doubt | undefined {
    const side = step > AHEAD_MS ? 'ahead' : step < -BEHIND_MS ? 'behind' : undefined;
    if (!side) return undefined;
    if (this.#doubt?.side !== side) return { side, since: elapsed, running };
    return elapsed - this.#doubt.since < BELIEVED_AFTER_MS ? this.#doubt : undefined;
  }

  #say(step: number, recordsAheadMs: number): void {
    const { health, logger } = this.#parts;
    const [kind, notice] = this.#notice(step, recordsAheadMs);
    health.notice(PART, notice);
    if (this.#said !== kind && kind !== undefined) logger.warn(notice ?? startStep(step));
    if (this.#said !== undefined && kind === undefined) logger.info("this machine's clock is believed again: what is old is removed by it");
    this.#said = kind;
  }

  #notice(step: number, recordsAheadMs: number): readonly [kind: string | undefined, notice: string | undefined] {
    if (recordsAheadMs > BEHIND_MS)
      return [
        'records',
        `the time of records is ${spanOf(recordsAheadMs)} ahead of this machine's clock: nothing is removed by age until the clock has caught up (docs/operation.md, clocks)`,
      ];
    if (!this.#doubt) return [undefined, undefined];
    if (this.#doubt.side === 'behind')
      return [
        'behind',
        `this machine's clock is ${spanOf(-step)} behind what it was: nothing is removed by age until it is right, or has stood for a day`,
      ];
    // While no process was running, the clock has rightly moved on.
    if (!this.#doubt.running) return ['start', undefined];
    return [
      'ahead',
      `this machine's clock has stepped ahead by ${spanOf(step)}: what is old is removed by the time before until the clock has stood for a day`,
    ];
  }

  /** Writes a few bytes, seldom. A failed write (no folder yet, or a full disk) is tried again at the next look. */
  #remember(at: number, elapsed: number): void {
    if (elapsed - this.#rememberedAt < REMEMBER_EVERY_MS) return;
    try {
      writeFileSync(`${this.#file}.part`, `${new Date(at).toISOString()}\n`, { mode: 0o600 });
      renameSync(`${this.#file}.part`, this.#file);
      this.#rememberedAt = elapsed;
    } catch {
      return;
    }
  }
}

/** The time when a process last looked; undefined if none ever did. */
export function remembered(file: string): number | undefined {
  try {
    const at = Date.parse(readFileSync(file, 'utf8').trim());
    return Number.isFinite(at) ? at : undefined;
  } catch {
    return undefined;
  }
}

function startStep(step: number): string {
  return `this machine's clock is ${spanOf(step)} ahead of when this system was last running; if that is wrong, so is the clock: for a day nothing is removed that was not due then`;
}

/** `31 days`, `5 minutes`. */
export function spanOf(ms: number): string {
  if (ms >= 2 * DAY_MS) return `${Math.round(ms / DAY_MS)} days`;
  if (ms >= 2 * HOUR_MS) return `${Math.round(ms / HOUR_MS)} hours`;
  return ms >= 2 * MINUTE_MS ? `${Math.round(ms / MINUTE_MS)} minutes` : `${Math.round(ms / 1_000)} seconds`;
}
