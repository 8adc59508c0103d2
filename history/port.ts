import type { AlarmType } from '../alarm/status.ts';

/** What the map shows of a sensor. */
export interface SensorState {
  readonly sensor: number;
  readonly geohash: string;
  readonly region: string;
  /** The types that are active now, gravest first; empty: all is well. */
  readonly active: readonly AlarmType[];
  /** Since when, or when that was last confirmed; epoch ms. */
  readonly at: number;
}

/** Alarms raised in one minute. */
export interface MinuteCount {
  /** Start of the minute, epoch ms. */
  readonly minute: number;
  readonly type: AlarmType;
  readonly region: string;
  readonly partition: number;
  readonly count: number;
}

/** Time series for maps and graphs. Writing the same again changes nothing; counts are absolute. Rejects with TransientError. */
export interface History {
  /** A state that is older than the sensor's latest doesn't show; of two with the same `at` the later written holds. */
  writeStates(states: readonly SensorState[]): Promise<void>;
  writeCounts(counts: readonly MinuteCount[]): Promise<void>;
  state(sensor: number): Promise<SensorState | undefined>;
  /** The latest state of every sensor that has one, in batches. */
  states(): AsyncIterable<readonly SensorState[]>;
  /** Counts of minutes in [from, to), in order of time; zero counts are left out. */
  counts(from: number, to: number, type: AlarmType | undefined): Promise<readonly MinuteCount[]>;
  /** Removes counts of minutes before `before`, the oldest `limit` of them; resolves with how many. Absent where the store forgets by itself. */
  expire?(before: number, limit: number): Promise<number>;
  close(): Promise<void>;
}
