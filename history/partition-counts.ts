import type { AlarmCount } from '../alarm/alarm.ts';
import type { MinuteCount } from './port.ts';
import { MINUTE_MS } from '../runtime/durations.ts';
import { Tally } from './tally.ts';

/** A minute stays open until there are records that are newer by this much. */
export const OPEN_MS = 60 * MINUTE_MS;
/** About 100 MB of ids; beyond that the oldest minutes are closed early. */
const ALARMS_MAX = 1_000_000;

export type ReadStored = (minute: number, type: string) => Promise<readonly MinuteCount[]>;

/** The open minutes of one partition. */
export class PartitionCounts {
  readonly partition: number;
  /** The offset after the last record that was counted. */
  next = 0;
  readonly #tallies = new Map<string, Tally>();
  readonly #readStored: ReadStored;
  readonly #readBefore: number;
  readonly #alarmsMax: number;
  /** Start of the newest minute. */
  #newest = Number.NEGATIVE_INFINITY;
  /** Minutes before this one are closed. */
  #horizon = Number.NEGATIVE_INFINITY;

  /** `readBefore`: records before this offset may have been counted by an earlier process. */
  constructor(partition: number, readStored: ReadStored, readBefore: number, alarmsMax = ALARMS_MAX) {
    this.partition = partition;
    this.#readStored = readStored;
    this.#readBefore = readBefore;
    this.#alarmsMax = alarmsMax;
  }

  /** Counts an alarm; resolves with whether its minute was closed already. `regionOf` is called only for alarms that weren't counted yet. */
  async take({ alarm, type, sensor, at }: AlarmCount, offset: number, regionOf: (sensor: number) => Promise<string>): Promise<boolean> {
    const minute = Math.floor(at / MINUTE_MS) * MINUTE_MS;
    const key = `${minute} ${type}`;
    const known = this.#tallies.get(key);
    const late = minute < this.#horizon;
    if (late && !known && offset < this.#readBefore) return true;
    const tally = known ?? new Tally(minute, type, await this.#readStored(minute, type), late);
    if (!tally.has(alarm)) tally.add(alarm, await regionOf(sensor), offset);
    this.#tallies.set(key, tally);
    this.#newest = Math.max(this.#newest, minute);
    return tally.late;
  }

  /** The minutes for which no more alarms are expected: the caller writes them, then closes them. */
  due(): readonly Tally[] {
    let horizon = Math.max(this.#horizon, this.#newest - OPEN_MS);
    const byMinute = [...this.#tallies.values()].sort((a, b) => a.minute - b.minute);
    let alarms = byMinute.reduce((sum, { size }) => sum + size, 0);
    for (const { minute, size } of byMinute) {
      if (alarms <= this.#alarmsMax || minute === this.#newest) break;
      alarms -= size;
      horizon = Math.max(horizon, minute + MINUTE_MS);
    }
    this.#horizon = horizon;
    return byMinute.filter(({ minute, late }) => late || minute < horizon);
  }

  close(tallies: readonly Tally[]): void {
    for (const { minute, type } of tallies) this.#tallies.delete(`${minute} ${type}`);
  }

  changed(): readonly Tally[] {
    return [...this.#tallies.values()].filter(({ changed }) => changed);
  }

  /** Everything before this offset is written. */
  get writtenTo(): number {
    return [...this.#tallies.values()].reduce((offset, tally) => Math.min(offset, tally.writtenTo), this.next);
  }
}
