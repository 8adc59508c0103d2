/** What the map shows of a sensor. */
export interface SensorState {
  readonly sensor: number;
  /** Nine characters; empty, like the region, where the client's place isn't known. */
  readonly geohash: string;
  readonly region: string;
  /** Names of the types that are active now, gravest first, those of earlier settings among them; empty: all is well. */
  readonly active: readonly string[];
  /** Since when, or when that was last confirmed; epoch ms. */
  readonly at: number;
}

/** Alarms raised in one minute. */
export interface MinuteCount {
  /** Start of the minute, epoch ms. */
  readonly minute: number;
  /** Name of the type, which may be in the settings no longer. */
  readonly type: string;
  /** Empty where the client's place isn't known. */
  readonly region: string;
  readonly partition: number;
  readonly count: number;
}

/** Time series for maps and graphs. Writing the same again changes nothing; counts are absolute. Rejects with TransientError. */
export interface History {
  /** A state that is older than the sensor's latest doesn't show; of two with the same `at` the later written holds. Stored once it resolves. */
  writeStates(states: readonly SensorState[]): Promise<void>;
  /** Each replaces the count of its minute, type, region and partition. Stored once it resolves. */
  writeCounts(counts: readonly MinuteCount[]): Promise<void>;
  /** The latest state of the sensor; undefined: it has none. */
  state(sensor: number): Promise<SensorState | undefined>;
  /** The latest state of every sensor that has one, in batches. */
  states(): AsyncIterable<readonly SensorState[]>;
  /** Counts of minutes in [from, to), epoch ms, in order of time; of all types if `type` is undefined. Zero counts are left out. */
  counts(from: number, to: number, type: string | undefined): Promise<readonly MinuteCount[]>;
  /** Removes counts of minutes before `before`, the oldest `limit` of them; resolves with how many. Absent where the store forgets by itself. */
  expire?(before: number, limit: number): Promise<number>;
  /** Resolves when writes under way have ended. Nothing may be asked afterwards. */
  close(): Promise<void>;
}
