import type { Role } from './tokens.ts';

/** What a role may see of alarms, sensors and clients. Every answer and every event of the stream follows it. */
export interface Visibility {
  /** The client, and the client's town in lists of alarms. */
  readonly client: boolean;
  /** Operators' notes, and mail servers' replies. */
  readonly notes: boolean;
  /** Readings as the sensor sent them. */
  readonly readings: boolean;
  /** How many characters of a geohash; five are a cell of some 5 km. */
  readonly geohashLength: number;
}

const VISIBLE: Readonly<Record<Role, Visibility>> = {
  operator: { client: true, notes: true, readings: true, geohashLength: 12 },
  viewer: { client: false, notes: false, readings: false, geohashLength: 5 },
};

export function visibleTo(role: Role): Visibility {
  return VISIBLE[role];
}
