import type { AlarmType } from '../../alarm/status.ts';

/** What the map shows of a sensor. */
export interface SensorState {
  readonly sensor: number;
  readonly geohash: string;
  readonly region: string;
  /** The types that are active now, gravest first; empty: all is well. */
  readonly active: readonly AlarmType[];
  /** Since when, epoch ms. */
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
  writeStates(states: readonly SensorState[]): Promise<void>;
  writeCounts(counts: readonly MinuteCount[]): Promise<void>;
  state(sensor: number): Promise<SensorState | undefined>;
  /** Counts of minutes in [from, to), in order of time; zero counts are left out. */
  counts(from: number, to: number, type: AlarmType | undefined): Promise<readonly MinuteCount[]>;
  close(): Promise<void>;
}
