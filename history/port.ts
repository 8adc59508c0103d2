/** What the map shows about a sensor. */
export interface SensorState {
  readonly sensor: number;
  /** Geohash of 9 characters; empty if the client's place isn't known. */
  readonly geohash: string;
  /** Name of the region; empty if the client's place isn't known. */
  readonly region: string;
  /** Names of the types that are active now, gravest first, including types that the settings no longer have; empty: all is well. */
  readonly active: readonly string[];
  /** Since when that is so, or when it was last confirmed; epoch ms. */
  readonly at: number;
}

/** Alarms raised in one minute. */
export interface MinuteCount {
  /** Start of the minute, epoch ms. */
  readonly minute: number;
  /** Name of the type, which the settings may no longer have. */
  readonly type: string;
  /** Name of the region; empty if the client's place isn't known. */
  readonly region: string;
  /** Partition of COUNT. A count covers one partition, so that every process writes only rows of its own. */
  readonly partition: number;
  /** Absolute, 0 or more. */
  readonly count: number;
}

/** Time series for maps and graphs. Writing the same again changes nothing. Every call rejects with TransientError if the store is away. */
export interface History {
  /**
   * Writes states; they are stored once it resolves, if it rejects some may be. A state that is older than the sensor's latest is never the one read;
   * of two with the same `at` the one written later is. A store may leave out states that it refuses for good; it then reports that to health.
   */
  writeStates(states: readonly SensorState[]): Promise<void>;
  /** Each replaces the count of its minute, type, region and partition. Otherwise as `writeStates`. */
  writeCounts(counts: readonly MinuteCount[]): Promise<void>;
  /** The latest state of the sensor; undefined: it has none; damaged: it has one, but its row can't be read. */
  state(sensor: number): Promise<SensorState | 'damaged' | undefined>;
  /** The latest state of every sensor that has one that can be read, in batches and in no particular order. */
  states(): AsyncIterable<readonly SensorState[]>;
  /**
   * Counts of minutes in [from, to), epoch ms, in order of time; of all types if `type` is undefined. Counts of 0 are left out. Rejects with
   * PermanentError `too-many-counts` if the store can't return that many at once. Counts that can't be read are left out, and their minutes given to
   * `onDamaged` before it resolves.
   */
  counts(from: number, to: number, type: string | undefined, onDamaged?: (minute: number) => void): Promise<readonly MinuteCount[]>;
  /**
   * Removes counts of minutes before `before`, epoch ms: the oldest, at most `limit`. Resolves with the number. Absent if the store removes them by
   * itself.
   */
  expire?(before: number, limit: number): Promise<number>;
  /** Resolves once writes under way have ended; never rejects. Not to be used afterwards. */
  close(): Promise<void>;
}
